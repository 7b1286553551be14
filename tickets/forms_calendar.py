"""What a leader enters about a calendar. The service checks it as a whole, so that everything wrong is told at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.sla import hours
from tickets.sla.calendar_csv import split_periods
from tickets.sla.models import Calendar, CalendarDay

COUNTRIES = [("", _("none")), ("CN", _("mainland China")), ("TW", _("Taiwan")), ("HK", _("Hong Kong"))]
CLOSED = pgettext_lazy("of a day", "closed")
ZONES = ("Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong", "Asia/Macau", "Asia/Singapore", "Asia/Tokyo", "UTC")


class VersionForm(forms.Form):
    """`version` is the one that was looked at: what somebody else saved meanwhile is not overwritten."""

    use_required_attribute = False
    place = ""  # several of them stand on one page
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.place or 'id'}_%s", **kwargs})


class HoursForm(VersionForm):
    """Names, zone, country, and a line of periods for each weekday."""

    name_en = forms.CharField(label=_("name (English)"), required=False)
    name_zh_hans = forms.CharField(label=_("name (简体)"), required=False)
    name_zh_hant = forms.CharField(label=_("name (繁體)"), required=False)
    zone = forms.CharField(
        label=_("Time zone"), required=False, widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"})
    )
    country = forms.ChoiceField(label=_("Public holidays of"), choices=COUNTRIES, required=False)
    round_the_clock = forms.BooleanField(label=_("Round the clock"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in range(7):
            field = forms.CharField(label=WEEKDAYS[day], required=False, max_length=200)
            field.widget.attrs |= {"placeholder": CLOSED, "autocomplete": "off", "class": "periods"}
            self.fields[f"day_{day}"] = field

    @classmethod
    def of(cls, calendar: Calendar) -> HoursForm:
        """The form filled with what holds now."""
        names = ("version", "name_en", "name_zh_hans", "name_zh_hant", "zone", "country", "round_the_clock")
        week = calendar.week if len(calendar.week) == 7 else [[]] * 7
        days = {f"day_{day}": hours.written(periods) for day, periods in enumerate(week)}
        return cls(initial={name: getattr(calendar, name) for name in names} | days)

    @property
    def names(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name_en", "name_zh_hans", "name_zh_hant")]

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{day}"] for day in range(7)]

    def written(self) -> dict[str, Any]:
        """What the service takes: the fields of a calendar."""
        data = self.cleaned_data
        fields = {name: data[name] for name in ("name_en", "name_zh_hans", "name_zh_hant", "zone", "country")}
        week = [split_periods(data[f"day_{day}"]) for day in range(7)]
        return {**fields, "round_the_clock": data["round_the_clock"], "week": week}


class NewForm(HoursForm):
    """The same, and the code by which policies and addresses name it."""

    code = forms.CharField(
        label=_("Code"), required=False, help_text=_("For addresses and files, such as night-shift.")
    )
    field_order = ("code",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"zone": settings.TIME_ZONE, "version": 0})
        super().__init__(*args, **kwargs)


class DayForm(VersionForm):
    """One date that differs from its weekday."""

    place = "day"
    date = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    name = forms.CharField(label=pgettext_lazy("of a day", "Name"), required=False, max_length=200)
    periods = forms.CharField(
        label=pgettext_lazy("hours", "Open"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": CLOSED, "autocomplete": "off"}),
        help_text=_("Such as 08:30-12:00, 13:00-17:30. Empty: closed all day."),
    )
    confirmed = forms.BooleanField(label=_("announced"), required=False)

    @classmethod
    def of(cls, calendar: Calendar, day: CalendarDay | None, **initial: Any) -> DayForm:
        """The form for a new date, or filled with one that there is."""
        filled = {"version": calendar.version, "confirmed": True} | initial
        if day is not None:
            filled |= {"date": day.date, "name": day.name, "confirmed": day.confirmed}
            filled["periods"] = hours.written(day.periods)
        return cls(initial=filled)

    def written(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {
            "on": data["date"],
            "name": data["name"],
            "periods": split_periods(data["periods"]),
            "confirmed": data["confirmed"],
        }


class FileForm(VersionForm):
    """A file of dates; after the preview its text comes back as `text`."""

    place = "file"
    csv = forms.FileField(
        label=_("CSV file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_(
            "One line a date, such as 2027-01-01,New Year. A third column holds hours; without it: closed all day."
        ),
    )
    confirmed = forms.BooleanField(label=_("announced"), required=False)
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
