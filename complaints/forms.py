"""What is entered about a call to a customer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from complaints.models import CallSettings
from complaints.services.callback import CALLERS
from complaints.states_callback import NextStep, Outcome
from tickets.forms import moment, text

MARKS = [("5", "5"), ("4", "4"), ("3", "3"), ("2", "2"), ("1", "1")]


def _truth(value: Any) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _mark(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=MARKS, coerce=int, empty_value=None, required=False, widget=forms.RadioSelect
    )


class AttemptForm(forms.Form):
    """The questions of the call (R62) and how it ended."""

    use_required_attribute = False
    attitude = _mark(_("How were our people? Attitude, 1 to 5"))
    quality = _mark(_("How was the work? Quality, 1 to 5"))
    solved = forms.TypedChoiceField(
        label=_("Is the problem solved?"),
        choices=[("true", _("solved")), ("false", _("not solved"))],
        coerce=_truth,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    note = text(_("What the customer said"), required=False)
    outcome = forms.ChoiceField(label=_("How did the call go?"), choices=Outcome.choices, widget=forms.RadioSelect)
    question = text(_("The question that is open"), rows=2, required=False)
    promised_at = moment(_("Answer promised by"), required=False)
    next_step = forms.ChoiceField(
        label=_("What follows"), choices=NextStep.choices, widget=forms.RadioSelect, required=False, initial="reopen"
    )
    asked_time = forms.BooleanField(label=_("The customer asked to be called at this time"), required=False)


class GiveUpForm(forms.Form):
    use_required_attribute = False
    reason = forms.CharField(label=_("Why nobody is called any more"), max_length=300)


class AssignForm(forms.Form):
    use_required_attribute = False
    person = forms.ModelChoiceField(
        label=_("Who calls"),
        queryset=User.objects.filter(is_active=True, role__in=CALLERS).order_by("name"),
        to_field_name="username",
        required=False,
        empty_label=_("anybody"),
    )


class AnswerForm(forms.Form):
    use_required_attribute = False
    text = text(_("What the customer was answered"), rows=3)


def _clock(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


def _number(label: Any, most: int, least: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most)


class RulesForm(forms.Form):
    """The rules of calling."""

    use_required_attribute = False
    attempts = _number(CallSettings._meta.get_field("attempts").verbose_name, 20, 1)
    pause_minutes = _number(CallSettings._meta.get_field("pause_minutes").verbose_name, 1440)
    night_from = _clock(_("No calls from"))
    night_until = _clock(_("until"))
    noon_from = _clock(_("Nor from"))
    noon_until = _clock(_("until"))
    plan_percent = _number(CallSettings._meta.get_field("plan_percent").verbose_name, 100)
    maintenance_percent = _number(CallSettings._meta.get_field("maintenance_percent").verbose_name, 100)
    reason = forms.CharField(label=_("Why it is changed"), max_length=300)


class ScriptForm(forms.Form):
    use_required_attribute = False
    greeting = text(_("Greeting"), rows=3)
    questions = text(_("Questions, one a line"), rows=6)
    closing = text(_("Closing"), rows=3)
