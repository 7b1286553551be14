"""How long the way from one place to another takes: by the table of regions, else by distance, else as it is set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from aftersales.core.remembered import Remembered
from aftersales.customers.models import Site
from visits.models import Technician, Travel, TravelSettings
from visits.models.travel import MOST_MINUTES

_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Place:
    """A place as far as it is known: its region, its latitude and longitude in degrees (WGS 84)."""

    region_id: int | None
    latitude: float | None = None
    longitude: float | None = None

    @classmethod
    def of_site(cls, site: Site | None) -> Place | None:
        """Where a site is."""
        return None if site is None else cls(site.region_id, site.latitude, site.longitude)

    @classmethod
    def of_home(cls, technician: Technician) -> Place | None:
        """Where a technician starts in the morning, if that is known."""
        place = cls(technician.home_region_id, technician.home_latitude, technician.home_longitude)
        return None if place == NOWHERE else place

    @property
    def point(self) -> tuple[float, float] | None:
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


NOWHERE = Place(None)


class Pace(NamedTuple):
    """What holds where the table says nothing."""

    speed_kmh: int
    default_minutes: int


def _read_pace() -> Pace:
    row = TravelSettings.objects.first() or TravelSettings()
    return Pace(row.speed_kmh, row.default_minutes)


def _read_table() -> dict[tuple[int, int], int]:
    rows = Travel.objects.values_list("origin_id", "destination_id", "minutes")
    table = {(origin, destination): minutes for origin, destination, minutes in rows}
    return {(destination, origin): minutes for (origin, destination), minutes in table.items()} | table


table: Remembered[dict[tuple[int, int], int]] = Remembered(_read_table)
pace: Remembered[Pace] = Remembered(_read_pace)


def between(origin: Place | None, destination: Place | None) -> timedelta:
    """How long the way takes, in whole minutes, twelve hours at most; none at all from a known point to itself."""
    origin, destination = origin or NOWHERE, destination or NOWHERE
    start, end = origin.point, destination.point
    if start is not None and start == end:
        return timedelta(0)
    minutes: float | None = None
    if origin.region_id is not None and destination.region_id is not None:
        minutes = table().get((origin.region_id, destination.region_id))
    if minutes is None and start is not None and end is not None:
        minutes = distance_km(start, end) / pace().speed_kmh * 60
    if minutes is None:
        minutes = pace().default_minutes
    return timedelta(minutes=min(math.ceil(minutes), MOST_MINUTES))


def distance_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """The distance along the great circle between two points (latitude, longitude) in degrees."""
    latitude, other = math.radians(start[0]), math.radians(end[0])
    half = (
        math.sin((other - latitude) / 2) ** 2
        + math.cos(latitude) * math.cos(other) * math.sin(math.radians(end[1] - start[1]) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
