"""What is entered for prices, charges and cash."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from aftersales.core.strict import StrictSerializer
from visits.models import Part, PriceItem
from visits.states_work import PaymentMethod

BLANK_ROWS = 3  # for parts
MOST_CHOICES = 300


class ChargeLineSerializer(StrictSerializer):
    code = serializers.CharField(max_length=40, help_text="Of the price list, or a part number.")
    quantity = serializers.IntegerField(min_value=1, max_value=999)


class LinesWidget(forms.Widget):
    """The price list with a quantity beside each line, and rows for parts; no script is needed."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was entered as [{"code", "quantity"}]; a queue that kept it as JSON text is read as well."""
        if name in data:
            return data[name]
        found = [
            {"code": key.removeprefix(f"{name}-item-"), "quantity": value}
            for key, value in data.items()
            if key.startswith(f"{name}-item-") and value not in ("", "0")
        ]
        for row in range(BLANK_ROWS):
            code, quantity = data.get(f"{name}-part-{row}", ""), data.get(f"{name}-pieces-{row}", "")
            if code:
                found.append({"code": code, "quantity": quantity or "1"})
        return found

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        entered = _entered(value)
        items = list(PriceItem.objects.filter(active=True)[:MOST_CHOICES])
        codes = {item.code for item in items}
        parts = list(Part.objects.filter(active=True, price__gt=0)[:MOST_CHOICES])
        others = [line for line in entered.items() if line[0] not in codes]
        context = {
            "name": name,
            "id": (attrs or {}).get("id", ""),
            "items": [(item, entered.get(item.code, "")) for item in items],
            "parts": parts,
            "rows": [(row, *(others[row] if row < len(others) else ("", ""))) for row in range(BLANK_ROWS)],
        }
        return render_to_string("visits/charge_lines.html", context)

    def id_for_label(self, id_: str) -> str:
        return ""


class LinesField(forms.Field):
    """Lines of a charge: [{"code": text, "quantity": from 1 to 999}]."""

    widget = LinesWidget

    def serializer_field(self, **common: Any) -> serializers.Field[Any, Any, Any, Any]:
        """The same for the API."""
        return ChargeLineSerializer(many=True, allow_empty=False, **common)

    def to_python(self, value: Any) -> list[dict[str, Any]]:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise forms.ValidationError(_("This could not be read."), code="invalid") from error
        if not isinstance(value, list):
            return []
        found = []
        for line in value:
            code, quantity = (
                (str(line.get(key, "")) for key in ("code", "quantity")) if isinstance(line, dict) else "??"
            )
            if not (quantity.isascii() and quantity.isdigit() and 1 <= int(quantity[:9]) <= 999):
                raise forms.ValidationError(_("Quantities are whole numbers from 1 to 999."), code="range")
            found.append({"code": code[:40], "quantity": int(quantity)})
        return found


def _entered(value: Any) -> dict[str, str]:
    lines = value if isinstance(value, list) else []
    return {str(line.get("code", "")): str(line.get("quantity", "")) for line in lines if isinstance(line, dict)}


class AnnounceForm(forms.Form):
    lines = LinesField(label=_("What it costs"), error_messages={"required": _("Choose what is charged.")})
    agreed_by = forms.CharField(label=_("Who of the customer's side agreed"), max_length=80)


class CollectForm(forms.Form):
    amount = forms.DecimalField(label=_("Amount"), min_value=0, max_digits=10, decimal_places=2)
    method = forms.ChoiceField(label=_("How it was paid"), choices=PaymentMethod.choices)
    explanation = forms.CharField(label=_("If less than announced: why"), max_length=300, required=False)


class PriceForm(forms.Form):
    code = forms.SlugField(label=_("Code"), max_length=40)
    name = forms.CharField(label=_("Name"), max_length=120)
    amount = forms.DecimalField(label=_("Amount"), min_value=0, max_digits=10, decimal_places=2)
    active = forms.BooleanField(label=_("In use"), required=False, initial=True)


class HandInForm(forms.Form):
    amount = forms.DecimalField(label=_("Money counted"), min_value=0, max_digits=12, decimal_places=2)
