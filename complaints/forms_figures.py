"""What is chosen for figures: the days, what they are narrowed to, and by what they are told apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, Team
from aftersales.customers.models import ProductModel
from complaints.periods import FIRST_DAY, LAST_DAY, Period, PeriodKind
from complaints.selectors_figures import Dimension, Filters

MOST_DAYS = 1100  # three years


def _day(label: Any, **more: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, required=False, **more)


class FiguresForm(forms.Form):
    """Read from the address; what is missing has a default, what is wrong is said."""

    period = forms.ChoiceField(label=_("Period"), choices=PeriodKind.choices, required=False)
    first = _day(_("Day in it, or first day"))
    last = _day(_("Last day"), help_text=_("For chosen days only."))
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.all(), required=False, empty_label=_("all")
    )
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.all(), required=False, empty_label=_("all"))
    model = forms.ModelChoiceField(
        label=_("Product model"), queryset=ProductModel.objects.all(), required=False, empty_label=_("all")
    )
    by = forms.ChoiceField(choices=Dimension.choices, required=False, widget=forms.HiddenInput)

    def clean_first(self) -> Any:
        return _within(self.cleaned_data["first"])

    def clean_last(self) -> Any:
        return _within(self.cleaned_data["last"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("period") != PeriodKind.CUSTOM:
            return found
        first, last = found.get("first"), found.get("last")
        for name, day in (("first", first), ("last", last)):
            if day is None and name not in self.errors:
                self.add_error(name, forms.ValidationError(_("Choose a day."), code="required"))
        if first and last and last < first:
            self.add_error("last", forms.ValidationError(_("The end must not be before the start."), code="order"))
        elif first and last and last - first >= timedelta(days=MOST_DAYS):
            message = _("At most %(days)d days.") % {"days": MOST_DAYS}
            self.add_error("last", forms.ValidationError(message, code="too_long"))
        return found

    def chosen(self, today: Any) -> Period:
        """The period; this quarter where none was named or what was named is wrong."""
        found = self.cleaned_data if self.is_valid() else {}
        kind = PeriodKind(found.get("period") or PeriodKind.QUARTER)
        if kind == PeriodKind.CUSTOM:
            return Period(kind, found["first"], found["last"])
        return Period.around(kind, found.get("first") or today)

    def filters(self) -> Filters:
        found = self.cleaned_data if self.is_valid() else {}
        return Filters(**{name: found[name].pk for name in ("region", "team", "model") if found.get(name)})

    def dimension(self) -> Dimension:
        return Dimension((self.is_valid() and self.cleaned_data.get("by")) or Dimension.MODEL)


def _within(day: Any) -> Any:
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        raise forms.ValidationError(
            _("A day between %(first)s and %(last)s.") % {"first": FIRST_DAY, "last": LAST_DAY}, code="out_of_range"
        )
    return day
