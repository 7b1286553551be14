"""What is entered about plans, letters and campaigns."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, User
from aftersales.customers.models import ProductModel
from complaints.services.callback import CALLERS
from complaints.states_letter import LetterKind, ReminderOutcome
from tickets.forms import text


class PlanForm(forms.Form):
    use_required_attribute = False
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class PersonForm(forms.Form):
    use_required_attribute = False
    person = forms.ModelChoiceField(
        label=_("Who calls"),
        queryset=User.objects.filter(is_active=True, role__in=CALLERS).order_by("name"),
        to_field_name="username",
        required=False,
        empty_label=_("anybody"),
    )


class LetterForm(forms.Form):
    use_required_attribute = False
    kind = forms.ChoiceField(label=_("Kind"), choices=LetterKind.choices)
    address = forms.CharField(label=_("Address"), max_length=300)
    subject = forms.CharField(label=_("Subject"), max_length=120)
    text = text(_("Text"), rows=12, most=8000)


class CampaignForm(forms.Form):
    use_required_attribute = False
    name = forms.CharField(label=_("Name"), max_length=120)
    on = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.all(), to_field_name="code", required=False, empty_label=_("all")
    )
    line = forms.ChoiceField(
        label=_("Product line"), choices=[("", _("all")), *ProductModel.Line.choices], required=False
    )
    text_en = text(_("Text in English"), rows=4)
    text_zh_hans = text(_("Text in simplified Chinese"), rows=4)
    text_zh_hant = text(_("Text in traditional Chinese"), rows=4)


class ReminderForm(forms.Form):
    use_required_attribute = False
    outcome = forms.ChoiceField(label=_("How did the call go?"), choices=ReminderOutcome.choices)
    note = forms.CharField(label=_("What the customer said"), max_length=1000, required=False)


class PeriodForm(forms.Form):
    use_required_attribute = False
    first_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
