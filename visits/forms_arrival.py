"""What a check-in may bring along (R25)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from visits.services.arrival import LONGEST_CODE
from visits.states_arrival import PlaceMissing


def _degrees(label: Any, most: float) -> forms.FloatField:
    return forms.FloatField(
        label=label, min_value=-most, max_value=most, required=False, widget=forms.HiddenInput, help_text=label
    )


class CheckInForm(forms.Form):
    """Where the telephone was, or why that is not known, and a code read at the door; none of it has to be given."""

    latitude = _degrees(_("Latitude"), 90)
    longitude = _degrees(_("Longitude"), 180)
    accuracy = forms.FloatField(label=_("Accuracy in metres"), min_value=0, required=False, widget=forms.HiddenInput)
    place_missing = forms.ChoiceField(
        label=_("Why no place"),
        choices=[("", ""), *PlaceMissing.choices],
        required=False,
        widget=forms.HiddenInput,
    )
    code = forms.CharField(
        label=_("Code of the product or of the customer"),
        max_length=LONGEST_CODE,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("On the product's plate, or on the customer's page of the appointment."),
    )
    code_anyway = forms.BooleanField(label=_("Check in although the code matches nothing"), required=False)
