"""Changing the table of travel times and what holds beside it. What is booked keeps the way it was booked with."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Region
from aftersales.core.errors import Invalid
from visits import travel
from visits.models import Travel, TravelSettings
from visits.models.travel import MOST_MINUTES
from visits.services.technician import PLANNERS

MOST_SPEED = 300


@transaction.atomic
def save_row(origin: Region, minutes: Mapping[int, int | None], *, by: Actor) -> None:
    """Keep the minutes from one region to others (by their key); None takes a way out of the table."""
    require(by, PLANNERS)
    errors = [
        (f"to_{pk}", "range", _("From 0 to %(most)d minutes, or empty.") % {"most": MOST_MINUTES})
        for pk, value in minutes.items()
        if value is not None and not 0 <= value <= MOST_MINUTES
    ]
    if errors:
        raise Invalid(errors=errors)
    Travel.objects.filter(
        origin=origin, destination__in=[pk for pk, value in minutes.items() if value is None]
    ).delete()
    Travel.objects.bulk_create(
        [
            Travel(origin=origin, destination_id=pk, minutes=value)
            for pk, value in sorted(minutes.items())
            if value is not None
        ],
        update_conflicts=True,
        unique_fields=["origin", "destination"],
        update_fields=["minutes"],
    )
    transaction.on_commit(travel.table.forget)


@transaction.atomic
def save_settings(*, speed_kmh: int, default_minutes: int, by: Actor) -> TravelSettings:
    """Keep the speed by which distances become minutes, and the minutes where nothing is known."""
    require(by, PLANNERS)
    errors = []
    if not 1 <= speed_kmh <= MOST_SPEED:
        text = _("From 1 to %(most)d km/h.") % {"most": MOST_SPEED}
        errors.append(("speed_kmh", "range", text))
    if not 0 <= default_minutes <= MOST_MINUTES:
        text = _("From 0 to %(most)d minutes.") % {"most": MOST_MINUTES}
        errors.append(("default_minutes", "range", text))
    if errors:
        raise Invalid(errors=errors)
    row = TravelSettings.objects.update_or_create(
        pk=1, defaults={"speed_kmh": speed_kmh, "default_minutes": default_minutes}
    )[0]
    transaction.on_commit(travel.pace.forget)
    return row
