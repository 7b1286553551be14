"""What is entered for papers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from tickets.forms import text


class CorrectForm(forms.Form):
    """A report as it should have been written."""

    finding = text(_("Finding"))
    work_done = text(_("Work done"))
    reason = text(_("Why it is corrected"), rows=2, most=300)


class RegisterForm(forms.Form):
    technician = forms.ModelChoiceField(
        label=_("Technician"),
        queryset=User.objects.filter(role=Role.TECHNICIAN).order_by("name"),
        to_field_name="username",
        required=False,
        empty_label=_("everybody"),
    )
    first_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class CodeForm(forms.Form):
    """The code as it is typed from paper."""

    code = forms.CharField(label=_("Code on the paper"), max_length=60)
