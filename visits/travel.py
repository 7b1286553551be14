"""How long the way from one place to another takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from aftersales.customers.models import Site
from visits.models import Technician

_WITHIN = timedelta(minutes=30)
_ACROSS = timedelta(hours=2)


@dataclass(frozen=True)
class Place:
    """A place as far as it is known: its region, its latitude and longitude in degrees."""

    region_id: int | None
    latitude: float | None = None
    longitude: float | None = None

    @classmethod
    def of_site(cls, site: Site | None) -> Place | None:
        """Where a site is."""
        return None if site is None else cls(site.region_id)

    @classmethod
    def of_home(cls, technician: Technician) -> Place | None:
        """Where a technician starts in the morning: not known."""
        return None


def between(origin: Place | None, destination: Place | None) -> timedelta:
    """How long the way takes: half an hour within a region, two hours to another."""
    if origin is None or destination is None or origin.region_id == destination.region_id:
        return _WITHIN
    return _ACROSS
