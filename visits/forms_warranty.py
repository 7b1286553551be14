"""What is entered about warranty: the terms of a model, and what was decided at a customer's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.customers.forms import day
from aftersales.customers.models import ProductModel
from aftersales.customers.warranty import MOST_MONTHS
from tickets.forms import text
from visits.states_warranty import Exclusion, Outcome, Proof


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


class CardForm(forms.Form):
    """A form among others on the technician's page: the ids of its fields begin with its name."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")
        super().__init__(*args, **kwargs)


def signature_field() -> forms.CharField:
    """A drawn signature as data URL."""
    return forms.CharField(label=_("Signature"), required=False, widget=forms.HiddenInput, max_length=400_000)


def signer() -> forms.CharField:
    return forms.CharField(label=_("Name of who signs"), max_length=80, required=False)


OUTCOMES = [(one.value, one.label) for one in (Outcome.IN_WARRANTY, Outcome.CHARGED)]


def _outcome(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", _("as the terms say")), *OUTCOMES], required=False)


def _reason() -> forms.CharField:
    return forms.CharField(label=_("What shows it"), max_length=200, required=False)


class WarrantyForm(CardForm):
    """What was found, the verdict, and the customer's signature for what is charged (R11, R28)."""

    proof = forms.ChoiceField(label=_("What was found"), choices=Proof.choices, widget=forms.RadioSelect)
    voucher_number = forms.CharField(label=_("Voucher number"), max_length=60, required=False)
    barcode = forms.CharField(label=_("Serial number or barcode"), max_length=60, required=False)
    started = day(_("Day on the voucher"))
    human_damage = forms.BooleanField(label=Exclusion.HUMAN_DAMAGE.label, required=False)
    human_damage_reason = _reason()
    force_majeure = forms.BooleanField(label=Exclusion.FORCE_MAJEURE.label, required=False)
    force_majeure_reason = _reason()
    misuse = forms.BooleanField(label=Exclusion.MISUSE.label, required=False)
    misuse_reason = _reason()
    modification = forms.BooleanField(label=Exclusion.MODIFICATION.label, required=False)
    modification_reason = _reason()
    labour = _outcome(_("Labour"))
    parts = _outcome(_("Parts"))
    travel = _outcome(_("Travel"))
    differs_reason = forms.CharField(
        label=_("Why other than the terms say"),
        max_length=300,
        required=False,
        help_text=_("A leader is asked to approve it; until then it is not final."),
    )
    explanation = text(_("Explained to the customer"), rows=2, most=2000, required=False)
    signer_name = signer()
    signature = signature_field()
    unsigned_reason = forms.CharField(label=_("If not signed: why"), max_length=200, required=False)


class ApproveWarrantyForm(forms.Form):
    approve = forms.TypedChoiceField(
        label=_("The technician's verdict"),
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", _("stands")), ("false", _("does not stand: the terms hold"))],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label=_("Remark"), max_length=300, required=False)
