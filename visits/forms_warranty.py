"""What is entered about warranty: the terms of a model, and what was decided at a customer's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.customers.models import ProductModel
from aftersales.customers.warranty import MOST_MONTHS


def _months(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MOST_MONTHS, help_text=_("Months; 0 is not covered."))


class TermsForm(forms.Form):
    """From when and for how long a model is under warranty."""

    use_required_attribute = False
    warranty_starts = forms.ChoiceField(
        label=_("It counts from"), choices=ProductModel.Starts, widget=forms.RadioSelect
    )
    labour = _months(_("Labour"))
    parts = _months(_("Parts"))
    travel = _months(_("Travel"))
