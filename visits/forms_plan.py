"""What is entered about a repair plan."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.forms import text
from visits.forms_finding import yes_or_no
from visits.forms_warranty import CardForm, signature_field


def money(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_digits=10, decimal_places=2, required=False, **kwargs
    )


class PlanForm(CardForm):
    what = text(_("What will be done"), rows=3, most=2000)
    estimate = money(_("Estimated cost"), help_text=_("Empty where the customer pays nothing."))


class ConfirmForm(CardForm):
    signer_name = forms.CharField(label=_("Name of who confirms"), max_length=80)
    signature = signature_field()


class DisputeForm(CardForm):
    reason = forms.CharField(label=_("What the customer disagrees with"), max_length=300)


class DecidePlanForm(forms.Form):
    keep = yes_or_no(_("The technician's plan"), _("stays"), _("is changed"))
    what = text(_("The changed plan"), rows=3, most=2000, required=False)
    estimate = money(_("Estimated cost of the changed plan"))
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The technician tells it to the customer."))
