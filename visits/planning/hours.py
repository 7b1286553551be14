"""The times in which somebody may be visited at a site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aftersales.accounts.reference import region_code, regions
from aftersales.customers.models import Site
from visits.planning.model import Window
from visits.selectors import DAY_CLOSES, DAY_OPENS


def visiting(site: Site, start: datetime, end: datetime) -> Iterator[Window]:
    """The hours of each day between two moments, in the time of the site's region."""
    zone = ZoneInfo(regions()[region_code(site.region_id) or ""].zone)
    on, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while on <= last:
        opens = datetime.combine(on, DAY_OPENS, tzinfo=zone).astimezone(UTC)
        closes = datetime.combine(on, DAY_CLOSES, tzinfo=zone).astimezone(UTC)
        if max(opens, start) < min(closes, end):
            yield Window(max(opens, start), min(closes, end))
        on += timedelta(days=1)
