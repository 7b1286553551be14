"""Of which time, place, people and product the figures are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, Team, User
from aftersales.accounts.roles import Role
from aftersales.customers.forms import day
from aftersales.customers.models import ProductModel

LONGEST = timedelta(days=3 * 366)


class PeriodForm(forms.Form):
    """Days, both included, and what the figures are narrowed to."""

    use_required_attribute = False
    first_day = day(_("From"))
    last_day = day(_("Up to and including"))
    per = forms.ChoiceField(label=_("Grouped by"), choices=[("month", _("month")), ("week", _("week"))], required=False)
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.all(), required=False, to_field_name="code", empty_label=_("all")
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.all(), required=False, to_field_name="code", empty_label=_("all")
    )
    technician = forms.ModelChoiceField(
        label=_("Technician"),
        queryset=User.objects.filter(role=Role.TECHNICIAN).order_by("name"),
        required=False,
        to_field_name="username",
        empty_label=_("all"),
    )
    line = forms.ChoiceField(
        label=_("Product line"), choices=[("", _("all")), *ProductModel.Line.choices], required=False
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first_day"), given.get("last_day")
        if isinstance(first, date) and isinstance(last, date):
            if last < first:
                self.add_error("last_day", _("The end must not be before the start."))
            elif last - first > LONGEST:
                self.add_error("last_day", _("At most three years."))
        return given
