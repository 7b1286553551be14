"""What a person or a partner enters for each verb; the API's serializers are derived from these forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.accounts.models import Region, User
from aftersales.customers.forms import degrees
from tickets.states import Grade, Kind, WaitingFor
from tickets.verbs import OWNERS

LOCAL = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> sends


def moment(label: Any, **kwargs: object) -> forms.DateTimeField:
    """A local date and time."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
    return forms.DateTimeField(label=label, widget=widget, **kwargs)  # type: ignore[arg-type]


def text(label: Any, *, rows: int = 3, most: int = 4000, **kwargs: object) -> forms.CharField:
    """Several lines of text."""
    return forms.CharField(
        label=label,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        **kwargs,  # type: ignore[arg-type]
    )


def yes_or_no(label: Any, yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", yes), ("false", no)],
        widget=forms.RadioSelect,
    )


class NothingForm(forms.Form):
    """A verb that needs no more than a click."""


class ContactForm(forms.Form):
    reached = yes_or_no(_("Did you reach the customer?"), _("reached"), _("not reached"))
    note = text(_("What was said"), required=False)


class SalesReplyForm(forms.Form):
    to = forms.CharField(label=_("Who of sales was answered"), max_length=80)
    answer = text(_("What was answered"))


class StockForm(forms.Form):
    arrived = yes_or_no(_("Have the goods arrived?"), _("arrived"), _("not yet"))
    reached = yes_or_no(_("Did you reach the customer?"), _("reached"), _("not reached"))
    note = text(_("What was said"), rows=2, required=False)


class PostponeForm(forms.Form):
    until = moment(_("Repaired by"))
    reason = text(_("Why does it take longer?"), rows=2, most=300)
    reached = yes_or_no(_("Was the customer told?"), _("told"), _("not yet"))


class PostBackForm(forms.Form):
    note = text(_("How and where were they sent?"), rows=2)


class NoteForm(forms.Form):
    text = text(_("Note"), most=20_000)


class ReasonForm(forms.Form):
    reason = text(_("Reason"), rows=2, most=300)


class RemarkForm(forms.Form):
    note = text(_("Remark"), rows=2, required=False)


class ReopenForm(forms.Form):
    reason = text(_("Why is it not solved?"), rows=2)


class ResolveForm(forms.Form):
    resolution = text(_("How was it solved?"))


class WaitForm(forms.Form):
    waiting_for = forms.ChoiceField(label=_("Waiting for"), choices=WaitingFor.choices, widget=forms.RadioSelect)
    until = moment(_("Wake up at"))
    reason = text(_("Reason"), rows=2, most=300)


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(
        label=pgettext_lazy("person", "To"),
        queryset=User.objects.filter(is_active=True, role__in=OWNERS).order_by("name"),
        to_field_name="username",
    )
    note = text(_("What must they know?"), rows=2, required=False)


class GradeForm(forms.Form):
    grade = forms.TypedChoiceField(label=_("Fault grade"), choices=Grade.choices, coerce=int, widget=forms.RadioSelect)
    reason = text(_("Reason"), rows=2, most=300, required=False)


class EditForm(forms.Form):
    summary = forms.CharField(label=_("Problem"), max_length=200)
    description = text(_("Description"), rows=5, most=20_000, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    visit_needed = forms.BooleanField(label=_("A visit is needed"), required=False)


class SiteForm(forms.Form):
    address = forms.CharField(label=_("Address"), max_length=300)
    region = forms.ModelChoiceField(label=_("Region"), queryset=Region.objects.order_by("code"), to_field_name="code")
    access_hours = forms.CharField(label=_("Access hours"), max_length=120, required=False)
    latitude = degrees(_("Latitude"), 90)
    longitude = degrees(_("Longitude"), 180)
