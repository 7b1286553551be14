"""What is entered about a major failure."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS
from aftersales.customers.forms import day
from tickets.forms import moment, text
from visits.forms_warranty import CardForm


class FailureForm(CardForm):
    """The report, at once (R34)."""

    occurred_at = moment(_("When"))
    place = forms.CharField(label=_("Where"), max_length=200)
    what = text(_("What happened"), rows=3)
    first_plan = text(_("First plan"), rows=2)


def _line(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=80, required=False)


class AnalysisForm(forms.Form):
    """The analysis afterwards; it can be saved half written."""

    use_required_attribute = False
    owner = forms.ModelChoiceField(
        label=_("Who analyses"),
        queryset=User.objects.filter(is_active=True, role__in=LEADERS).order_by("name"),
        to_field_name="username",
        required=False,
    )
    impact = text(_("Impact"), rows=2, required=False)
    handling = text(_("Handling"), rows=3, required=False)
    cause = text(_("Cause"), rows=3, required=False)
    corrective = text(_("Corrective action"), rows=2, required=False)
    corrective_by = _line(_("Who corrects"))
    corrective_on = day(_("Until"))
    preventive = text(_("Preventive action"), rows=2, required=False)
    preventive_by = _line(_("Who prevents"))
    preventive_on = day(_("Until"))
    complete = forms.BooleanField(
        label=_("The analysis is complete"), required=False, help_text=_("It then stays as it is, and can be printed.")
    )
