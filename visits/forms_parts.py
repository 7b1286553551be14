"""What is entered for parts, vans and numbers of products."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.customers.models import ProductModel
from visits.models import Part
from visits.states_work import Carries


def _part() -> forms.ModelChoiceField[Part]:
    return forms.ModelChoiceField(label=_("Part"), queryset=Part.objects.filter(active=True), to_field_name="number")


class UsePartForm(forms.Form):
    part = _part()
    quantity = forms.IntegerField(label=_("Pieces"), min_value=1, max_value=9999, initial=1)
    old_serial = forms.CharField(label=_("Old serial number"), max_length=60, required=False)
    new_serial = forms.CharField(label=_("New serial number"), max_length=60, required=False)
    old_left = forms.CharField(label=_("If the old part stays with the customer: why"), max_length=200, required=False)


class NeedPartForm(forms.Form):
    part = _part()
    quantity = forms.IntegerField(
        label=_("Pieces"), min_value=0, max_value=999, initial=1, help_text=_("0 takes it off the list.")
    )


class SerialForm(forms.Form):
    carries = forms.ChoiceField(label=_("Which number"), choices=[choice for choice in Carries.choices if choice[0]])
    new_serial = forms.CharField(label=_("New number"), max_length=60)
    reason = forms.CharField(label=_("Why it changes"), max_length=300)


class PartForm(forms.Form):
    number = forms.SlugField(label=_("Part number"), max_length=40)
    name = forms.CharField(label=_("Name"), max_length=120)
    line = forms.ChoiceField(
        label=_("Product line"), choices=[("", _("all")), *ProductModel.Line.choices], required=False
    )
    price = forms.DecimalField(label=_("Price"), min_value=0, max_digits=10, decimal_places=2)
    serialised = forms.BooleanField(label=_("Each piece has a serial number"), required=False)
    carries = forms.ChoiceField(label=_("Carries"), choices=Carries.choices, required=False)
    old_owed = forms.BooleanField(label=_("The old part goes back to the stock"), required=False, initial=True)
    active = forms.BooleanField(label=_("In use"), required=False, initial=True)


class MovementForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What happened"),
        choices=[("issued", _("issue to the van")), ("returned", _("take back")), ("counted", _("counted"))],
    )
    part = forms.ModelChoiceField(label=_("Part"), queryset=Part.objects.all(), to_field_name="number")
    quantity = forms.IntegerField(label=_("Pieces"), min_value=0, max_value=9999)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class ReceiveForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
