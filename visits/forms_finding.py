"""What is entered about findings and fault codes, and about the customer's consent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from aftersales.customers.models import ProductModel
from tickets.forms import text
from visits.forms_warranty import CardForm, signature_field, signer


def yes_or_no(label: Any, yes: Any = _("yes"), no: Any = _("no")) -> forms.TypedChoiceField:  # noqa: B008  lazy words
    """A question that must be answered."""
    return forms.TypedChoiceField(
        label=label,
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", yes), ("false", no)],
        widget=forms.RadioSelect,
    )


class ConsentForm(CardForm):
    """What was looked at with the customer, and the answer (R27)."""

    voucher_seen = yes_or_no(_("Is the voucher there?"))
    parts_complete = yes_or_no(_("Are all parts there?"))
    human_damage = yes_or_no(_("Traces of human damage?"))
    mismatch = text(_("What does not match"), rows=2, most=1000, required=False)
    agreed = yes_or_no(_("Does the customer agree to the work?"), _("agrees"), _("does not agree"))
    signer_name = signer()
    signature = signature_field()


class Checked(forms.TextInput):
    """Several ticked boxes of one name as one text with commas."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        if isinstance(data, MultiValueDict):
            return ",".join(str(one) for one in data.getlist(name))
        value = data.get(name)
        return None if value is None else str(value)


class FindingForm(CardForm):
    code = forms.CharField(
        label=_("Fault code"), max_length=40, error_messages={"required": _("Choose what was found.")}
    )
    note = text(_("Note"), rows=2, most=1000, required=False)
    photographs = forms.CharField(
        label=_("Photographs"),
        max_length=2000,
        required=False,
        widget=Checked,
        help_text=_("Keys of photographs of this visit, with commas between them."),
    )


class DropForm(CardForm):
    code = forms.CharField(label=_("Fault code"), max_length=40)


class FaultCodeForm(forms.Form):
    """A code of the table; the code itself is only entered once."""

    use_required_attribute = False
    code = forms.CharField(label=_("Code"), max_length=40, help_text=_("Small letters, digits and hyphens."))
    name_en = forms.CharField(label=_("name (English)"), max_length=120)
    name_zh_hans = forms.CharField(label=_("name (简体)"), max_length=120, required=False)
    name_zh_hant = forms.CharField(label=_("name (繁體)"), max_length=120, required=False)
    line = forms.ChoiceField(
        label=_("Product line"), choices=[("", _("every line")), *ProductModel.Line.choices], required=False
    )
    active = forms.BooleanField(
        label=_("In use"), required=False, initial=True, help_text=_("What is not in use stays with what was found.")
    )

    def __init__(self, *args: Any, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not new:
            del self.fields["code"]
