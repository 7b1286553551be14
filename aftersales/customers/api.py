"""The API's lists of regions and product models."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.reference import regions
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer
from aftersales.customers.models import ProductModel
from aftersales.customers.reference import product_models
from aftersales.customers.warranty import months_of


class RegionOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField(help_text="In the language of Accept-Language.")
    zone = serializers.CharField(help_text="IANA time zone.")
    phone_country = serializers.CharField(help_text="How a number without + is read there, such as TW.")
    home = serializers.BooleanField(help_text="A home region is promised a shorter way.")


class RegionList(serializers.Serializer[Any]):
    results = RegionOut(many=True)
    next = serializers.URLField(allow_null=True)


class ModelOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField(help_text="In the language of Accept-Language.")
    line = serializers.ChoiceField(choices=ProductModel.Line.choices)
    warranty_starts = serializers.ChoiceField(choices=ProductModel.Starts.choices)
    warranty_months = serializers.IntegerField(help_text="The longest of the three terms.")
    labour_months = serializers.IntegerField()
    parts_months = serializers.IntegerField()
    travel_months = serializers.IntegerField()


class ModelList(serializers.Serializer[Any]):
    results = ModelOut(many=True)
    next = serializers.URLField(allow_null=True)


class Regions(PartnerView):
    """/regions"""

    scopes: ClassVar[dict[str, list[Scope]]] = {"GET": []}  # any key

    @extend_schema(
        operation_id="list_regions",
        tags=["lists"],
        summary="Regions that we serve",
        parameters=[schema.LANGUAGE],
        responses={200: RegionList, **schema.problems()},
    )
    def get(self, request: Request) -> HttpResponse:
        rows = [
            {
                "code": region.code,
                "name": region.name,
                "zone": region.zone,
                "phone_country": region.phone_region,
                "home": region.is_home,
            }
            for region in regions().values()
        ]
        return answer({"results": rows, "next": None})


class ProductModels(PartnerView):
    """/product-models"""

    scopes: ClassVar[dict[str, list[Scope]]] = {"GET": []}

    @extend_schema(
        operation_id="list_product_models",
        tags=["lists"],
        summary="Product models that we service",
        parameters=[schema.LANGUAGE],
        responses={200: ModelList, **schema.problems()},
    )
    def get(self, request: Request) -> HttpResponse:
        rows = [
            {
                "code": model.code,
                "name": model.name,
                "line": model.line,
                "warranty_starts": model.warranty_starts,
                "warranty_months": max(months_of(model).values()),
                "labour_months": model.labour_months,
                "parts_months": model.parts_months,
                "travel_months": model.travel_months,
            }
            for model in product_models().values()
        ]
        return answer({"results": rows, "next": None})
