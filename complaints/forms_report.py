"""What is entered for reports."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.services.report import LONGEST_REMARK
from complaints.states_report import ReportKind
from tickets.forms import text


class GenerateForm(forms.Form):
    kind = forms.ChoiceField(label=_("Which report"), choices=ReportKind.choices)
    day = forms.DateField(
        label=_("A day of its quarter or month"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class SignForm(forms.Form):
    remark = text(_("Remark"), rows=2, most=LONGEST_REMARK, required=False)
