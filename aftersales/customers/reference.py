"""Product models, kept in the process for two seconds."""

from __future__ import annotations

from aftersales.core.remembered import Remembered
from aftersales.customers.models import ProductModel

product_models: Remembered[dict[str, ProductModel]] = Remembered(
    lambda: {model.code: model for model in ProductModel.objects.order_by("code")}
)
_codes: Remembered[dict[int, str]] = Remembered(lambda: {model.pk: model.code for model in product_models().values()})


def model_with_code(code: str) -> ProductModel | None:
    """The product model of this code; one that is not known is looked for anew."""
    model = product_models().get(code)
    if model is None:
        product_models.forget()
        _codes.forget()
        model = product_models().get(code)
    return model


def model_code(pk: int) -> str | None:
    """The code of a product model."""
    if pk not in _codes():
        product_models.forget()
        _codes.forget()
    return _codes().get(pk)
