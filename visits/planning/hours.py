"""The times in which somebody may be visited at a site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aftersales.customers.models import Site
from visits import windows
from visits.planning.model import Window


def visiting(site: Site, start: datetime, end: datetime) -> Iterator[Window]:
    """The stretches of each day between two moments without rest and meal times (R26), as the site lets us in."""
    for opens, closes in windows.accessible(site, start, end):
        if opens < end and start < closes:
            yield Window(max(opens, start), min(closes, end))
