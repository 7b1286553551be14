"""Spans of days that figures are asked for: a month, a quarter, a year, or any days in between."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
_DAY = timedelta(days=1)


class PeriodKind(TextChoices):
    MONTH = "month", pgettext_lazy("a period", "month")
    QUARTER = "quarter", pgettext_lazy("a period", "quarter")
    YEAR = "year", pgettext_lazy("a period", "year")
    CUSTOM = "custom", gettext_lazy("chosen days")


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


@dataclass(frozen=True)
class Period:
    """Whole days of the house, `last` included."""

    kind: PeriodKind
    first: date
    last: date

    @classmethod
    def around(cls, kind: PeriodKind, day: date) -> Period:
        """The month, quarter or year in which a day lies."""
        months = _MONTHS[kind]
        month = (day.month - 1) // months * months + 1
        final = month + months - 1
        return cls(kind, date(day.year, month, 1), date(day.year, final, monthrange(day.year, final)[1]))

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(0), tzinfo=timezone.get_default_timezone())

    @property
    def end(self) -> datetime:
        """The moment after the last day: [start, end)."""
        return datetime.combine(self.last + _DAY, time(0), tzinfo=timezone.get_default_timezone())

    @property
    def before(self) -> Period:
        """The period before it; as many days where they were chosen."""
        day = self.first - _DAY
        if self.kind == PeriodKind.CUSTOM:
            return Period(self.kind, self.first - (self.last - self.first) - _DAY, day)
        return Period.around(self.kind, day)

    @property
    def months(self) -> list[Period]:
        """The months that a month, quarter or year is made of."""
        found = [Period.around(PeriodKind.MONTH, self.first)]
        while found[-1].last < self.last:
            found.append(found[-1].after)
        return found

    @property
    def after(self) -> Period:
        day = self.last + _DAY
        if self.kind == PeriodKind.CUSTOM:
            return Period(self.kind, day, self.last + (self.last - self.first) + _DAY)
        return Period.around(self.kind, day)

    @property
    def label(self) -> str:
        """The period as it is said: "Quarter 3 of 2026"."""
        if self.kind == PeriodKind.MONTH:
            return date_format(self.first, "YEAR_MONTH_FORMAT")
        if self.kind == PeriodKind.QUARTER:
            return _("Quarter %(quarter)d of %(year)d") % {
                "quarter": (self.first.month + 2) // 3,
                "year": self.first.year,
            }
        if self.kind == PeriodKind.YEAR:
            return _("Year %(year)d") % {"year": self.first.year}
        return f"{self.first:%Y-%m-%d} – {self.last:%Y-%m-%d}"

    @property
    def params(self) -> dict[str, str]:
        """The period in an address."""
        found = {"period": self.kind.value, "first": f"{self.first:%Y-%m-%d}"}
        return {**found, "last": f"{self.last:%Y-%m-%d}"} if self.kind == PeriodKind.CUSTOM else found
