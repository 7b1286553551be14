"""A policy that somebody thinks about: read from data, checked, never saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.utils.dateparse import parse_duration
from django.utils.translation import gettext as _

from aftersales.accounts.models import Region
from aftersales.core.errors import Invalid
from aftersales.core.working_time import WorkCalendar
from aftersales.customers.models import Contract, ProductModel
from tickets.sla import policies
from tickets.sla.models import Calendar, Policy
from tickets.sla.revisions import try_out
from tickets.sla.states import Target
from tickets.states import Channel, ComplaintClass, Grade, Kind, WaitingFor

MAX_SPAN = timedelta(days=366)
KEYS = (
    "target", "span", "calendar", "until_day_end", "before_anchor", "pause_reasons", *Policy.CONDITIONS,
)  # fmt: skip
_CALENDAR_KEYS = ("zone", "week", "days", "round_the_clock")
_ONLY_THE_END: list[dict[str, Any]] = [{"tell": []}]  # what it would set off does not matter here


def read(data: Any) -> Policy:
    """The policy that `data` describes, not saved.

    {"target": "response", "span": "PT45M" or seconds, "calendar": "service-hours"}, and if wanted: `until_day_end`,
    `before_anchor`, `pause_reasons` (of WaitingFor), and the conditions kind, channel, grade, region (code),
    home_region, vip, product_line, contract (code), complaint_class. The calendar may also be given itself:
    {"zone": "Asia/Shanghai",
    "week": [seven lists of ["08:30", "22:00"]], "days": [{"date": "2026-10-01", "periods": []}], "round_the_clock"}.
    Raises Invalid with every field's error at once.
    """
    return _Reader(data).policy()


class _Reader:
    """Reads key after key and collects what is wrong."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise Invalid(_("A policy is an object of names and values."), field="policy")
        self.data = data
        self.errors: list[tuple[str, str, str]] = []

    def policy(self) -> Policy:
        unknown = sorted(str(key) for key in self.data if key not in KEYS)
        if unknown:
            words = {"names": ", ".join(unknown), "known": ", ".join(KEYS)}
            self.wrong(unknown[0], _("Unknown: %(names)s. Known are: %(known)s.") % words)
        until_day_end, before_anchor = self.flag("until_day_end"), self.flag("before_anchor")
        if until_day_end and before_anchor:
            self.wrong("before_anchor", _("A promise ends with the service day or before the appointment, not both."))
        found = Policy(
            target=self.one_of("target", Target.values, required=True),
            span=self.span(may_be_zero=bool(until_day_end)),
            until_day_end=bool(until_day_end),
            before_anchor=bool(before_anchor),
            steps=_ONLY_THE_END,
            pause_reasons=self.pause_reasons(),
            kind=self.one_of("kind", Kind.values) or "",
            channel=self.one_of("channel", Channel.values) or "",
            grade=self.one_of("grade", Grade.values),
            region=self.coded("region", Region),
            home_region=self.flag("home_region"),
            vip=self.flag("vip"),
            product_line=self.one_of("product_line", ProductModel.Line.values) or "",
            contract=self.coded("contract", Contract),
            complaint_class=self.one_of("complaint_class", ComplaintClass.values),
        )
        calendar = self.calendar()
        if self.errors or calendar is None:
            raise Invalid(errors=self.errors)
        found.calendar = calendar
        return found

    def wrong(self, field: str, message: str, code: str = "invalid") -> None:
        self.errors.append((field, code, message))

    def one_of(self, name: str, known: list[Any], *, required: bool = False) -> Any:
        value = self.data.get(name)
        if value in (None, ""):
            if required:
                self.wrong(name, _("Say which: one of %(known)s.") % {"known": _listed(known)}, "required")
            return None
        if isinstance(value, bool) or value not in known:
            self.wrong(name, _("“%(value)s” is unknown; known are: %(known)s.") % _words(value, known))
            return None
        return value

    def flag(self, name: str) -> bool | None:
        value = self.data.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(name, _("Only true or false, or nothing at all."))
            return None
        return value

    def span(self, *, may_be_zero: bool) -> timedelta:
        value, length = self.data.get("span"), None
        try:
            if isinstance(value, str):
                length = parse_duration(value)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                length = timedelta(seconds=value)
        except (OverflowError, ValueError):
            length = None
        nothing = timedelta(0)
        if length is None:
            self.wrong("span", _("How long? Seconds, or a duration such as PT45M or P2D."))
        elif length < nothing or (not length and not may_be_zero):
            self.wrong("span", _("A promise has to last longer than nothing."))
        elif length > MAX_SPAN:
            self.wrong("span", _("At most %(days)d days.") % {"days": MAX_SPAN.days})
        else:
            return length
        return nothing

    def pause_reasons(self) -> list[str]:
        value = self.data.get("pause_reasons") or []
        if not isinstance(value, list) or any(reason not in WaitingFor.values for reason in value):
            self.wrong("pause_reasons", _("A list of: %(known)s.") % {"known": _listed(WaitingFor.values)})
            return []
        return value

    def coded(self, name: str, model: type[Model]) -> Any:
        """The row with this code."""
        value = self.data.get(name)
        if value in (None, ""):
            return None
        found = model._default_manager.filter(code=str(value)).first() if "\x00" not in str(value) else None
        if found is None:
            known = list(model._default_manager.values_list("code", flat=True)[:50])
            self.wrong(name, _("“%(value)s” is unknown; known are: %(known)s.") % _words(value, known))
        return found

    def calendar(self) -> Calendar | None:
        value = self.data.get("calendar")
        if isinstance(value, Mapping):
            return self.own_calendar(value)
        known = {calendar.code: calendar.pk for calendar in Calendar.objects.filter(current=True)}
        code = self.one_of("calendar", list(known), required=True)
        return policies.calendars([known[code]])[known[code]] if code else None

    def own_calendar(self, value: Mapping[str, Any]) -> Calendar | None:
        """A calendar that is not saved, with its arithmetic made."""
        unknown = sorted(str(key) for key in value if key not in _CALENDAR_KEYS)
        if unknown:
            words = {"names": ", ".join(unknown), "known": ", ".join(_CALENDAR_KEYS)}
            self.wrong("calendar", _("Unknown: %(names)s. Known are: %(known)s.") % words)
            return None
        zone, week = str(value.get("zone", "")), value.get("week") or [[]] * 7
        try:
            ZoneInfo(zone)
        except (OSError, LookupError, ValueError):
            self.wrong("calendar.zone", _("“%(value)s” is no time zone; one is: Asia/Shanghai.") % {"value": zone})
            return None
        always = value.get("round_the_clock") is True
        found = Calendar(code="what-if", zone=zone, week=week, round_the_clock=always)
        try:
            if not always:
                try_out(week, zone)
            found._built = WorkCalendar(  # type: ignore[attr-defined]
                zone=zone,
                week=tuple(_periods(day) for day in week),
                exceptions={date.fromisoformat(day["date"]): _periods(day["periods"]) for day in value.get("days", [])},
                round_the_clock=always,
            )
        except (ValueError, TypeError, LookupError):
            self.wrong(
                "calendar",
                _("Seven lists of opening hours such as [[\"08:30\", \"22:00\"]], Monday first, that open at all."),
            )  # fmt: skip
            return None
        return found


def _periods(day: Any) -> tuple[tuple[time, time], ...]:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in day)


def _listed(values: list[Any]) -> str:
    return ", ".join(str(value) for value in values)


def _words(value: Any, known: list[Any]) -> dict[str, str]:
    return {"value": str(value)[:80], "known": _listed(known)}
