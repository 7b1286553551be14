"""When a customer may be called: quiet hours on the clock of their wall, pauses between attempts, parts of the day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from aftersales.accounts.models import Region
from aftersales.core import remembered
from complaints.models import Attempt, Callback, CallSettings
from complaints.states_callback import Outcome, Part
from tickets.models import Ticket

DIFFERENT = 3  # days, or parts of days, on which somebody has tried before a callback may be given up
NOON, EVENING = time(12), time(18)


def rules() -> CallSettings:
    """The rules of calling that hold now; those that a new house starts with where nobody has set any."""
    return CallSettings.objects.order_by("-pk").first() or CallSettings(changed_at=timezone.now())


def zone_of(ticket: Ticket) -> ZoneInfo:
    """Where the clock on the customer's wall is read."""
    return ZoneInfo(ticket.region.zone if ticket.region else timezone.get_default_timezone_name())


def quiet_until(at: datetime, zone: ZoneInfo, settings: CallSettings) -> datetime | None:
    """When the customer may be called, if the moment falls into the hours in which they are left alone."""
    ends = at
    for _again in range(4):  # one quiet time may end in another
        found = next((end for end in (_ends(ends, zone, pair) for pair in settings.quiet_hours) if end), None)
        if found is None:
            break
        ends = found
    return ends if ends > at else None


def _ends(at: datetime, zone: ZoneInfo, pair: tuple[time, time]) -> datetime | None:
    local, (start, end) = at.astimezone(zone), pair
    clock = local.time()
    if start < end:
        inside, days = start <= clock < end, 0
    else:
        inside, days = clock >= start or clock < end, int(clock >= start)
    if not inside:
        return None
    return datetime.combine(local.date() + timedelta(days=days), end, tzinfo=zone).astimezone(at.tzinfo)


def pause_until(callback: Callback, at: datetime, settings: CallSettings) -> datetime | None:
    """When the next attempt may come after one that reached nobody, if that is not yet."""
    if callback.last_outcome != Outcome.NOT_REACHED or callback.last_attempt_at is None:
        return None
    over = callback.last_attempt_at + timedelta(minutes=settings.pause_minutes)
    return over if over > at else None


def part_of(at: datetime, zone: ZoneInfo) -> Part:
    clock = at.astimezone(zone).time()
    return Part.MORNING if clock < NOON else Part.AFTERNOON if clock < EVENING else Part.EVENING


def same_part(attempts: Iterable[Attempt], at: datetime, zone: ZoneInfo) -> Part | None:
    """The part of the day that it is, if somebody tried in the same part of any day before: better at another one."""
    part = part_of(at, zone)
    return part if any(part_of(one.at, zone) == part for one in attempts) else None


def given_up_soon(callback: Callback, attempts: Iterable[Attempt], zone: ZoneInfo, settings: CallSettings) -> bool:
    """Whether enough was tried: as often as the rules say, on three different days or parts of days."""
    tried = {(one.at.astimezone(zone).date(), part_of(one.at, zone)) for one in attempts}
    return callback.attempts_made >= settings.attempts and len(tried) >= DIFFERENT


def sampled(percent: int, *what: object) -> bool:
    """Whether this one belongs to the sample: the same answer whenever it is asked.

    >>> sampled(100, "plan", 7), sampled(0, "plan", 7)
    (True, False)
    """
    digest = hashlib.sha256("/".join(map(str, what)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent


def _read_zones() -> frozenset[str]:
    return frozenset(Region.objects.values_list("zone", flat=True).distinct())


zones = remembered.Remembered(_read_zones)
