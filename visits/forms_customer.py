"""What a customer enters about an appointment, by the link or through a partner."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.forms import moment, text


class ChooseForm(forms.Form):
    window_start = moment(_("Start of an offered window"))


class DeclineForm(forms.Form):
    reason = text(_("Why do you cancel?"), rows=2, most=300)
