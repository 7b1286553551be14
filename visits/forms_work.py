"""What is entered for checks, calls, interruptions, the workshop and remote sessions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from aftersales.core.text import clean_line
from tickets.forms import moment, text
from visits.states_work import ConductItem, KitItem, PauseReason, Permission, RemoteResult, WorkshopState


def _checklist(items: type[TextChoices]) -> dict[str, forms.Field]:
    """For each item a box, and the reason when it stays empty."""
    fields: dict[str, forms.Field] = {}
    for item in items:
        fields[item.value] = forms.BooleanField(label=item.label, required=False)
        fields[f"{item.value}_reason"] = forms.CharField(
            label=_("If not: why"),
            max_length=200,
            required=False,
            widget=forms.TextInput(attrs={"placeholder": _("If not: why")}),
        )
    return fields


class ChecklistForm(forms.Form):
    items: type[TextChoices]

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Each box with the field of its reason."""
        return [(self[item.value], self[f"{item.value}_reason"]) for item in self.items]


KitForm = type("KitForm", (ChecklistForm,), {"items": KitItem, "__module__": __name__, **_checklist(KitItem)})
ConductForm = type(
    "ConductForm", (ChecklistForm,), {"items": ConductItem, "__module__": __name__, **_checklist(ConductItem)}
)


def _reached() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Did you reach the customer?"),
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", _("reached")), ("false", _("not reached"))],
        widget=forms.RadioSelect,
    )


class CallForm(forms.Form):
    reached = _reached()
    confirmed = forms.BooleanField(label=_("Problem and time are confirmed"), required=False)
    note = forms.CharField(label=_("What was said"), max_length=300, required=False)


class InterruptForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why"), choices=PauseReason.choices)
    resume_at = moment(
        _("Goes on at, as agreed with the customer"),
        help_text=_("Today: this visit waits. Another day: a visit that continues it is planned for you."),
    )
    resume_until = moment(_("Until, for another day"), required=False)
    note = forms.CharField(label=_("Note"), max_length=300, required=False)


class WorkshopForm(forms.Form):
    what = forms.CharField(label=_("What is taken along"), max_length=200)
    condition = text(_("Condition and accessories"), rows=2, most=500)
    agreed_by = forms.CharField(label=_("Who of the customer's side agreed"), max_length=80)


class MoveItemForm(forms.Form):
    to = forms.ChoiceField(
        label=_("Where is it now"), choices=[choice for choice in WorkshopState.choices if choice[0] != "taken"]
    )
    returned_to = forms.CharField(label=_("Who got it back"), max_length=80, required=False)

    def clean_returned_to(self) -> str:
        return clean_line(self.cleaned_data["returned_to"])


class RemoteForm(forms.Form):
    allowed_by = forms.CharField(label=_("Who allowed it"), max_length=80)
    allowed_how = forms.ChoiceField(label=_("How"), choices=Permission.choices)
    allowed_at = moment(_("Allowed at"))
    started_at = moment(_("Started at"))
    ended_at = moment(_("Ended at"))
    result = forms.ChoiceField(label=_("Result"), choices=RemoteResult.choices)
    note = text(_("What was done and what came of it"), rows=3)


def initial_of_checklist(answers: dict[str, str]) -> dict[str, Any]:
    """A checklist as it was answered, for correcting it."""
    found: dict[str, Any] = {}
    for item, reason in answers.items():
        found[item] = not reason
        found[f"{item}_reason"] = reason
    return found
