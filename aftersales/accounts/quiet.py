"""Quiet hours: when a person does not want to hear of what may wait."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo


def after(at: datetime, quiet_from: time | None, quiet_until: time | None, zone: tzinfo) -> datetime:
    """The moment from which the person may be told: `at`, or the end of the quiet hours in which it falls.

    The hours are half-open, [from, until), local to `zone`, and may run over midnight; from = until means none.
    """
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return at
    local = at.astimezone(zone)
    clock = local.time()
    if quiet_from < quiet_until:
        quiet = quiet_from <= clock < quiet_until
    else:
        quiet = clock >= quiet_from or clock < quiet_until
    if not quiet:
        return at
    day = local.date() + timedelta(days=clock >= quiet_until)
    return max(at, datetime.combine(day, quiet_until, tzinfo=zone).astimezone(at.tzinfo))
