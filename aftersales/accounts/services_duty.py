"""Plan who is away, who stands in, who is on duty on which day, and when somebody must not be disturbed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.accounts import duty
from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Absence, Duty, Team, User
from aftersales.accounts.models.duty import DUTY_ROLES
from aftersales.accounts.roles import LEADERS, NoticeChannel
from aftersales.core import phones
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now

LONGEST_ABSENCE = timedelta(days=400)
FARTHEST_DUTY = duty.FARTHEST_DUTY
_LOCK = 0x64757479  # "duty": the key space of the two advisory locks here
_ABSENCES, _PLAN = 1, 2
_RING = """
WITH RECURSIVE chain (person, during, people) AS (
    SELECT %(deputy)s::bigint, tstzrange(%(starts_at)s, %(ends_at)s), ARRAY[%(user)s, %(deputy)s]::bigint[]
    UNION ALL
    SELECT a.deputy_id, chain.during * tstzrange(a.starts_at, a.ends_at), people || a.deputy_id
    FROM chain JOIN accounts_absence a ON a.user_id = chain.person AND a.deputy_id <> ALL (people[2:])
        AND tstzrange(a.starts_at, a.ends_at) && chain.during
    WHERE chain.person <> %(user)s
)
SELECT people, lower(during), upper(during) FROM chain WHERE person = %(user)s
ORDER BY lower(during), array_length(people, 1) LIMIT 1
"""


def _alone(what: int) -> None:
    """Let nobody else change the same plan meanwhile: two halves of a ring would not see each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, what])


# ── absences ───────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def plan_absence(
    user: User,
    *,
    starts_at: datetime,
    ends_at: datetime,
    deputy: User | None = None,
    reason: str = "",
    by: Actor,
    at: datetime | None = None,
) -> Absence:
    """Write down that a person will be away and who is told instead; it may have begun already, not ended.

    Raises Invalid naming the field, among others when the deputy would close a ring of people who stand in for one
    another; Forbidden when the absence of this person is not the actor's to plan.
    """
    at = at or now()
    _alone(_ABSENCES)
    if not duty.people_of(by).filter(pk=user.pk).exists():
        raise Forbidden(_("You may not plan the absence of %(name)s.") % {"name": user})
    if ends_at <= starts_at:
        raise Invalid(_("The absence must end after it begins."), code="ends_before_start", field="ends_at")
    if ends_at <= at:
        raise Invalid(_("The absence would be over already."), code="past", field="ends_at")
    if ends_at - starts_at > LONGEST_ABSENCE:
        raise Invalid(
            _("An absence lasts %(days)d days at most.") % {"days": LONGEST_ABSENCE.days},
            code="too_long",
            field="ends_at",
        )
    # Bookings take the same lock, so that no visit is planned into an absence that is being written.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    _refuse_overlap(user, starts_at, ends_at)
    if deputy is not None:
        _refuse_deputy(user, deputy, starts_at, ends_at)
    return Absence.objects.create(
        user=user,
        starts_at=starts_at,
        ends_at=ends_at,
        deputy=deputy,
        reason=clean_line(reason)[:200],
        made_by=by.user,
    )


def _refuse_overlap(user: User, starts_at: datetime, ends_at: datetime) -> None:
    other = Absence.objects.filter(user=user, starts_at__lt=ends_at, ends_at__gt=starts_at).first()
    if other is not None:
        raise Invalid(
            _("%(name)s is already absent from %(start)s to %(end)s. End that absence first.")
            % {"name": user, "start": _moment(other.starts_at), "end": _moment(other.ends_at)},
            code="overlap",
            field="starts_at",
        )


def _refuse_deputy(user: User, deputy: User, starts_at: datetime, ends_at: datetime) -> None:
    """Refuse oneself, whoever cannot answer, and whoever closes a ring in any part of the time."""
    if deputy.pk == user.pk:
        raise Invalid(_("Nobody can be their own deputy."), code="deputy_self", field="deputy")
    if not duty.deputies_of(user).filter(pk=deputy.pk).exists():
        raise Invalid(
            _("%(deputy)s cannot stand in for %(name)s: choose somebody active with the same role, or a leader.")
            % {"deputy": deputy, "name": user},
            code="deputy_cannot",
            field="deputy",
        )
    values: dict[str, Any] = {"user": user.pk, "deputy": deputy.pk, "starts_at": starts_at, "ends_at": ends_at}
    with connection.cursor() as cursor:
        cursor.execute(_RING, values)
        ring = cursor.fetchone()
    if ring is None:
        return
    people, start, end = ring
    names = {one.pk: str(one) for one in User.objects.filter(pk__in=people)}
    steps = [
        _("%(deputy)s stands in for %(name)s") % {"deputy": names[second], "name": names[first]}
        for first, second in pairwise(people)
    ]
    raise Invalid(
        _("From %(start)s to %(end)s nobody would be there: %(steps)s. Choose another deputy.")
        % {"start": _moment(start), "end": _moment(end), "steps": pgettext("between two clauses", "; ").join(steps)},
        code="deputy_ring",
        field="deputy",
    )


@transaction.atomic
def end_absence(absence_id: int, *, by: Actor, at: datetime | None = None) -> Absence | None:
    """End an absence now; one that has not begun is removed (None). Raises Missing where it is not theirs to end."""
    at = at or now()
    _alone(_ABSENCES)
    absence = Absence.objects.filter(pk=absence_id, user__in=duty.people_of(by)).select_related("user").first()
    if absence is None:
        raise Missing(_("There is no such absence."))
    if absence.ends_at <= at:
        raise NotAllowed(_("This absence is over already."), code="over")
    if absence.starts_at >= at:
        absence.delete()
        return None
    absence.ends_at = at
    absence.save(update_fields=["ends_at"])
    return absence


# ── the duty plan ──────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def set_duty(
    date: date, role: str, team: Team | None, users: Collection[User], by: Actor, *, at: datetime | None = None
) -> list[Duty]:
    """Say who answers on a day in a role, for a team or (None) the whole house; nobody removes the plan of that day.

    Raises Forbidden for whoever is no leader, Invalid naming the field for a day gone by or people who do not answer.
    """
    require(by, LEADERS)
    day = duty.today(at or now())
    if role not in DUTY_ROLES:
        raise Invalid(_("Choose supervisor or manager."), code="role", field="role")
    if date < day:
        raise Invalid(_("This day has passed."), code="past", field="date")
    if date - day > FARTHEST_DUTY:
        raise Invalid(
            _("A duty plan reaches %(days)d days ahead at most.") % {"days": FARTHEST_DUTY.days},
            code="too_far",
            field="date",
        )
    wrong = [user for user in users if not (user.is_active and user.role in LEADERS)]
    if wrong:
        raise Invalid(
            _("%(name)s cannot be on duty: choose active supervisors or managers.") % {"name": wrong[0]},
            code="cannot_answer",
            field="users",
        )
    _alone(_PLAN)
    Duty.objects.filter(date=date, role=role, team=team).delete()
    people = {user.pk: user for user in users}.values()
    return Duty.objects.bulk_create(
        Duty(date=date, role=role, team=team, user=user, made_by=by.user) for user in people
    )


# ── reaching one person ────────────────────────────────────────────────────────────────────────
def set_quiet_hours(
    user: User,
    *,
    quiet_from: time | None,
    quiet_until: time | None,
    channels: Sequence[str] = (),
    phone: str = "",
    email: str = "",
    wechat: str = "",
) -> User:
    """Keep how a person is reached outside the inbox, and between which hours notices that may wait do so.

    The hours are local ones and may run over midnight. Raises Invalid with every field that is wrong.
    """
    phone, email, wechat = clean_line(phone), clean_line(email), clean_line(wechat)
    errors: list[tuple[str, str, str]] = []
    if (quiet_from is None) != (quiet_until is None):
        empty = "quiet_from" if quiet_from is None else "quiet_until"
        errors.append((empty, "half", _("Give both hours, or neither.")))
    elif quiet_from is not None and quiet_from == quiet_until:
        errors.append(("quiet_until", "equal", _("The quiet hours must end at another hour than they begin.")))
    if not set(channels) <= set(NoticeChannel.values):
        errors.append(("channels", "unknown", _("Choose from the list.")))
    if NoticeChannel.EMAIL in channels and not email:
        errors.append(("email", "missing", _("Give the address that the e-mails go to.")))
    if NoticeChannel.WECHAT in channels and not wechat:
        errors.append(("wechat", "missing", _("Give the account that the messages go to.")))
    try:
        phone = _own_number(user, phone, texted=NoticeChannel.SMS in channels)
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors=errors)
    user.quiet_from, user.quiet_until = quiet_from, quiet_until
    user.channels = [value for value in NoticeChannel.values if value in channels]
    user.phone, user.email, user.wechat = phone, email, wechat
    user.save(update_fields=["quiet_from", "quiet_until", "channels", "phone", "email", "wechat"])
    return user


def _own_number(user: User, typed: str, *, texted: bool) -> str:
    """The number as it is kept: +86… where it can be dialled from anywhere, as typed where it has an extension."""
    if not typed and texted:
        raise Invalid(_("Give the number that the text messages go to."), code="missing", field="phone")
    if not typed or (typed == user.phone and not texted):
        return typed
    region = user.team.regions.first() if user.team is not None else None
    number = phones.parse(typed, region=region.phone_region if region is not None else "")
    if number.extension and texted:
        raise Invalid(_("A text message does not reach an extension."), code="extension", field="phone")
    return number.raw if number.extension else number.e164


def _moment(value: datetime) -> str:
    return date_format(localtime(value), pgettext("day and time of another year", "j M Y H:i"))
