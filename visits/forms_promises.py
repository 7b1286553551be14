"""What is entered when an appointment is in danger: delays, calls from the door, words to the customer, decisions."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.forms import text
from visits.services.delay import LEAST_MINUTES, MOST_MINUTES
from visits.states import Fault, How


class DelayForm(forms.Form):
    minutes = forms.IntegerField(
        label=_("Minutes later"),
        min_value=LEAST_MINUTES,
        max_value=MOST_MINUTES,
        help_text=_("After the agreed time; if that is over, from now on."),
    )
    reason = text(_("Reason"), rows=2, most=300)


class CallForm(forms.Form):
    reached = forms.TypedChoiceField(
        label=_("Did the customer answer?"),
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", _("reached")), ("false", _("not reached"))],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label=_("What was said"), max_length=300, required=False)


class AbsentForm(forms.Form):
    note = forms.CharField(label=_("Remark"), max_length=300, required=False)


class TellForm(forms.Form):
    how = forms.ChoiceField(label=_("How was the customer told?"), choices=How.choices, widget=forms.RadioSelect)
    note = text(_("What was said"), rows=2, required=False)


class DecideForm(forms.Form):
    fault = forms.ChoiceField(
        label=_("Who did not keep the appointment?"), choices=Fault.choices, widget=forms.RadioSelect
    )
    reason = text(_("Reason"), rows=2, most=300)
