"""What is entered about technicians, their leave and duty, and about travel; the services judge it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region
from aftersales.customers import skills
from aftersales.customers.forms import degrees
from tickets.forms import moment
from tickets.sla import hours
from tickets.sla.calendar_csv import split_periods
from visits.models import Technician
from visits.models.travel import MOST_MINUTES
from visits.selectors_people import holiday_calendars
from visits.states import LeaveKind

LEVEL_WORDS = (("", "–"), ("1", _("1 · helps")), ("2", _("2 · alone")), ("3", _("3 · expert")))


class TechnicianForm(forms.Form):
    """Skills (a level each), hours (a line each weekday), and the rest. `version` is the one that was looked at."""

    use_required_attribute = False
    version = forms.IntegerField(widget=forms.HiddenInput)
    regions = forms.ModelMultipleChoiceField(
        label=_("Regions"),
        queryset=Region.objects.order_by("code"),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    daily_capacity = forms.IntegerField(
        label=_("Visits a day at most"), required=False, help_text=_("Empty: as many as there is time for.")
    )
    contractor = forms.BooleanField(
        label=_("Outside contractor"),
        required=False,
        help_text=_("Is booked only for tickets for which the manager approves it."),
    )
    holidays = forms.ChoiceField(
        label=_("Rests on the public holidays of"), required=False, help_text=_("Except on days of duty.")
    )
    home_region = forms.ModelChoiceField(
        label=_("Starts from"), queryset=Region.objects.order_by("code"), to_field_name="code", required=False,
        empty_label=_("not known"),
    )  # fmt: skip
    home_latitude = degrees(_("Latitude"), 90)
    home_longitude = degrees(_("Longitude"), 180)

    def __init__(self, *args: Any, codes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = list(codes)
        for code in self.codes:
            self.fields[f"skill_{code}"] = forms.ChoiceField(
                label=skills.word(code), choices=LEVEL_WORDS, required=False
            )
        for day in range(7):
            field = forms.CharField(label=WEEKDAYS[day], required=False, max_length=200)
            field.widget.attrs |= {
                "placeholder": pgettext("of a day", "closed"),
                "autocomplete": "off",
                "class": "periods",
            }
            self.fields[f"day_{day}"] = field
        choice = self.fields["holidays"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", gettext("works on holidays")), *((one.code, one.name) for one in holiday_calendars())]

    @classmethod
    def of(cls, technician: Technician, codes: Sequence[str]) -> TechnicianForm:
        """The form filled with what holds now."""
        known = technician.pk is not None
        initial: dict[str, Any] = {
            "version": technician.version if known else 0,
            "regions": [region.code for region in technician.regions.all()] if known else [],
            "home_region": technician.home_region.code if technician.home_region else "",
        }
        for name in ("daily_capacity", "contractor", "holidays", "home_latitude", "home_longitude"):
            initial[name] = getattr(technician, name)
        initial |= {f"skill_{code}": str(level) for code, level in technician.skills.items()}
        initial |= {f"day_{day}": hours.written(periods) for day, periods in enumerate(technician.week)}
        return cls(codes=codes, initial=initial)

    @property
    def levels(self) -> list[forms.BoundField]:
        return [self[f"skill_{code}"] for code in self.codes]

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{day}"] for day in range(7)]

    def written(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        names = (
            "version", "regions", "daily_capacity", "contractor", "holidays", "home_region", "home_latitude",
            "home_longitude",
        )  # fmt: skip
        levels = {code: int(data[f"skill_{code}"]) for code in self.codes if data[f"skill_{code}"]}
        week = [split_periods(data[f"day_{day}"]) for day in range(7)]
        return {**{name: data[name] for name in names}, "skills": levels, "week": week}


class LeaveForm(forms.Form):
    kind = forms.ChoiceField(label=_("Why"), choices=LeaveKind.choices)
    starts_at = moment(_("Away from"))
    ends_at = moment(_("Away until"))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


class DutyForm(forms.Form):
    date = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class TravelSettingsForm(forms.Form):
    speed_kmh = forms.IntegerField(
        label=_("Speed in km/h"), help_text=_("As the crow flies, with detours, traffic and parking in it.")
    )
    default_minutes = forms.IntegerField(
        label=_("Minutes where nothing is known"), help_text=_("0: no time is kept free for such a way.")
    )


class TravelRowForm(forms.Form):
    """The minutes from one region to each of the others and within itself."""

    def __init__(self, regions: Sequence[Region], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for region in regions:
            self.fields[f"to_{region.pk}"] = forms.IntegerField(
                label=region.name,
                required=False,
                widget=forms.NumberInput(attrs={"min": 0, "max": MOST_MINUTES, "class": "minutes"}),
            )

    def written(self) -> dict[int, int | None]:
        """What the service takes."""
        return {int(name.removeprefix("to_")): value for name, value in self.cleaned_data.items()}
