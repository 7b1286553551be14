"""What is entered about a call to a customer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.states_callback import Outcome
from tickets.forms import text

MARKS = [("5", "5"), ("4", "4"), ("3", "3"), ("2", "2"), ("1", "1")]


def _truth(value: Any) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _mark(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=MARKS, coerce=int, empty_value=None, required=False, widget=forms.RadioSelect
    )


class AttemptForm(forms.Form):
    """The script of the call (R62) and how it ended."""

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
