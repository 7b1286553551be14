"""How long the way is from one customer to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aftersales.customers.models import Site

SAME_REGION = timedelta(minutes=30)
OTHER_REGION = timedelta(minutes=90)


@dataclass(frozen=True)
class Place:
    """Where something is, as far as we know."""

    region_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None

    @classmethod
    def of_site(cls, site: Site | None) -> Place | None:
        return None if site is None else cls(region_id=site.region_id)


def between(origin: Place | None, destination: Place | None) -> timedelta:
    """The time that the way takes; none to or from a place that we do not know."""
    if origin is None or destination is None:
        return timedelta(0)
    return SAME_REGION if origin.region_id == destination.region_id else OTHER_REGION
