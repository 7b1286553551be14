"""Setting the rules of calling: each change is a new row, and says why."""

from __future__ import annotations

from datetime import datetime, time

from django.db import connection, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, Stale
from aftersales.core.text import clean_line
from aftersales.core.time import now
from complaints.models import CallSettings

FIELDS = (
    "attempts", "pause_minutes", "night_from", "night_until", "noon_from", "noon_until", "plan_percent",
    "maintenance_percent",
)  # fmt: skip


@transaction.atomic
def change(
    *,
    attempts: int,
    pause_minutes: int,
    night_from: time | None,
    night_until: time | None,
    noon_from: time | None,
    noon_until: time | None,
    plan_percent: int,
    maintenance_percent: int,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    seen: int | None = None,
) -> CallSettings:
    """Let other rules of calling hold from now on. `seen`: the key of those that were changed, 0 for none."""
    require(by, LEADERS)
    with connection.cursor() as cursor:  # two at once: the second sees what the first has set
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('complaints.callsettings', 0))")
    last = CallSettings.objects.order_by("-pk").first()
    if seen is not None and seen != (last.pk if last else 0):
        raise Stale(_("Somebody else changed the rules meanwhile. Nothing of yours was saved: look at them again."))
    values = {
        "attempts": attempts, "pause_minutes": pause_minutes, "night_from": night_from, "night_until": night_until,
        "noon_from": noon_from, "noon_until": noon_until, "plan_percent": plan_percent,
        "maintenance_percent": maintenance_percent,
    }  # fmt: skip
    reason = clean_line(reason)
    errors = []
    for name, least, most in (
        ("attempts", 1, 20), ("pause_minutes", 0, 1440), ("plan_percent", 0, 100), ("maintenance_percent", 0, 100)
    ):  # fmt: skip
        value = values[name]
        if not isinstance(value, int) or not least <= value <= most:
            errors.append((name, "range", _("A number from %(least)d to %(most)d.") % {"least": least, "most": most}))
    for start, end in (("night_from", "night_until"), ("noon_from", "noon_until")):
        if (values[start] is None) != (values[end] is None):
            errors.append((end if values[end] is None else start, "required", _("Both times, or neither.")))
    if not reason:
        errors.append(("reason", "required", _("Say why it is changed.")))
    elif len(reason) > 300:
        errors.append(("reason", "too_long", _("At most %(max)s characters.") % {"max": 300}))
    if errors:
        raise Invalid(errors=errors)
    before = last or CallSettings(changed_at=at or now())
    if all(getattr(before, name) == value for name, value in values.items()):
        raise Invalid(_("Nothing was changed."), code="unchanged", field="attempts")
    return CallSettings.objects.create(**values, reason=reason, changed_by=by.user, changed_at=at or now())
