"""Sending: claims notices that are due, sends them outside any transaction, and writes down what became of them.

Each notice is one row that is sent, failed or dropped once. The outside may see a message twice, after a crash between
sending and writing; it then has the same key. Any number of senders may work at once.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import Any

import structlog
from django.db import transaction
from django.db.models import BigIntegerField, Case, Count, F, Min, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext_noop

from aftersales.accounts.models import User
from aftersales.core.time import now
from tickets.delivery.adapters import Adapter, Away, Later, Never, adapters
from tickets.delivery.words import compose
from tickets.models import Notice

DIGEST_FROM = 5  # messages to one person by one channel within STORM; what is more is told in one
STORM = timedelta(minutes=5)
STUCK_AFTER = timedelta(minutes=10)  # in flight for longer: whoever had it died
ROUND_SECONDS = 60.0  # what was claimed and not begun by then is left to the next round, long before it is stuck
GIVE_UP_AFTER = 8  # attempts
GIVE_UP_AGE = timedelta(days=1)  # of a notice whose service is away: later it is history, and stands in the inbox
MAX_REST = timedelta(seconds=60)  # a service that is back is used soon
MOST_OF_A_PERSON = 2000  # notices claimed at once
State = Notice.State
log = structlog.get_logger(__name__)


@dataclass
class Parcel:
    """What goes to one person by one channel as one message."""

    key: int
    notices: list[Notice]
    again: bool = False  # it may have got through before: sent as it was

    @property
    def ids(self) -> list[int]:
        return [notice.pk for notice in self.notices]


def claim(channel: str, *, at: datetime, limit: int = 100) -> list[Parcel]:
    """Take what is due by a channel, with all that is due of the same people; urgent parcels first.

    What somebody has acknowledged meanwhile is dropped; what would be a storm waits, to be told in one message.
    """
    with transaction.atomic():
        due = (
            Notice.objects.filter(channel=channel, next_attempt_at__lte=at)
            .select_related("event__user", "event__partner", "ticket")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("next_attempt_at", "pk")
        )
        notices = list(due[:limit])
        people = {notice.recipient_id for notice in notices}
        if people and len(notices) == limit:
            taken = [notice.pk for notice in notices]
            notices += due.filter(recipient__in=people).exclude(pk__in=taken)[:MOST_OF_A_PERSON]
        notices = list(_without_the_lost(_without_the_settled(notices)))
        parcels = list(_parcels(notices, channel, at))
        _mark_in_flight(parcels, at)
    return sorted(parcels, key=lambda parcel: not any(notice.urgent for notice in parcel.notices))


def _without_the_settled(notices: list[Notice]) -> list[Notice]:
    """Drop what was acknowledged in the inbox meanwhile, or read where nobody has to acknowledge."""
    settled = set(
        Notice.objects.filter(
            Q(acknowledged_at__isnull=False) | Q(urgent=False, read_at__isnull=False),
            channel=Notice.Channel.INBOX,
            event__in={notice.event_id for notice in notices},
            recipient__in={notice.recipient_id for notice in notices},
        ).values_list("event", "recipient")
    )
    dropped = [notice.pk for notice in notices if (notice.event_id, notice.recipient_id) in settled]
    Notice.objects.filter(pk__in=dropped).update(state=State.DROPPED, next_attempt_at=None)
    return [notice for notice in notices if (notice.event_id, notice.recipient_id) not in settled]


def _without_the_lost(notices: list[Notice]) -> Iterator[Notice]:
    """Fail what ended its sender again and again, before it ends this one."""
    lost = [notice.pk for notice in notices if notice.attempts >= GIVE_UP_AFTER]
    Notice.objects.filter(pk__in=lost).update(
        state=State.FAILED,
        next_attempt_at=None,
        last_error=gettext_noop("It was begun many times and never ended. See the log of the relay."),
    )
    return (notice for notice in notices if notice.attempts < GIVE_UP_AFTER)


def _parcels(notices: Iterable[Notice], channel: str, at: datetime) -> Iterator[Parcel]:
    fresh: dict[int, list[Notice]] = defaultdict(list)
    again: dict[int, list[Notice]] = defaultdict(list)
    for notice in notices:
        if notice.parcel is None:
            fresh[notice.recipient_id].append(notice)
        else:
            again[notice.parcel].append(notice)
    for key, same in again.items():
        yield Parcel(key, same, again=True)
    lately = _lately(channel, fresh, at)
    for person, theirs in fresh.items():
        sent, first = lately.get(person, (0, at))
        room = DIGEST_FROM - sent
        if room <= 0:
            ids = [notice.pk for notice in theirs]
            Notice.objects.filter(pk__in=ids).update(
                state=State.QUEUED, next_attempt_at=max(first + STORM, at + timedelta(seconds=1)), digest=True
            )
        elif len(theirs) > room or any(notice.digest for notice in theirs):
            yield Parcel(min(notice.pk for notice in theirs), theirs)
        else:
            yield from (Parcel(notice.pk, [notice]) for notice in theirs)


def _lately(channel: str, people: Iterable[int], at: datetime) -> dict[int, tuple[int, datetime]]:
    """How many messages each person got within the last minutes, and when the first of them."""
    rows = (
        Notice.objects.filter(recipient__in=list(people), channel=channel, sent_at__gt=at - STORM)
        .values("recipient")
        .annotate(messages=Count("parcel", distinct=True), first=Min("sent_at"))
        .order_by()
    )
    return {row["recipient"]: (row["messages"], row["first"]) for row in rows}


def _mark_in_flight(parcels: list[Parcel], at: datetime) -> None:
    keys = [When(pk__in=parcel.ids, then=Value(parcel.key)) for parcel in parcels if len(parcel.notices) > 1]
    Notice.objects.filter(pk__in=[pk for parcel in parcels for pk in parcel.ids]).update(
        state=State.IN_FLIGHT,
        attempts=F("attempts") + 1,
        next_attempt_at=at + STUCK_AFTER,
        parcel=Case(*keys, When(parcel=None, then=F("pk")), default=F("parcel"), output_field=BigIntegerField()),
    )
    for parcel in parcels:
        for notice in parcel.notices:
            notice.attempts += 1


class Sender:
    """Sends what is due, channel by channel, and lets a service rest that is away; for one thread."""

    def __init__(self, ways: dict[str, Adapter] | None = None, ended: Signal | None = None) -> None:
        self._ways = ways if ways is not None else adapters()
        self._ended = ended or Signal()
        self._failures: dict[str, int] = defaultdict(int)
        self._rests_until: dict[str, float] = {}

    def send_due(self, *, limit: int = 100, at: datetime | None = None) -> int:
        """Do one round; answer how many messages were handed over. `at` stands in for the clock in tests."""
        waiting = Notice.objects.filter(next_attempt_at__lte=at or now()).order_by().values_list("channel", flat=True)
        sent = 0
        for channel in sorted(set(waiting.distinct())):
            if channel in self._ways and time.monotonic() >= self._rests_until.get(channel, 0.0):
                sent += self._send_channel(channel, limit=limit, at=at)
        return sent

    def _send_channel(self, channel: str, *, limit: int, at: datetime | None) -> int:
        way, sent = self._ways[channel], 0
        began = time.monotonic()
        parcels = claim(channel, at=at or now(), limit=limit)
        people = User.objects.in_bulk({parcel.notices[0].recipient_id for parcel in parcels})
        try:
            while parcels:
                if self._ended.is_set() or time.monotonic() - began > ROUND_SECONDS:
                    _put_back(parcels, until=at or now())
                    break
                parcel = parcels[0]
                try:
                    to = people[parcel.notices[0].recipient_id]
                    way.send(compose(f"notice-{parcel.key}", parcel.notices, to=to, channel=channel))
                except Away as away:
                    self._rest(channel, away, parcels, at or now())
                    break
                except Never as never:
                    _fail(parcel, str(never))
                except Later as later:
                    _try_later(parcel, later, at or now())
                except Exception as error:
                    log.exception("notices.failed", channel=channel, parcel=parcel.key)
                    _try_later(parcel, Later(repr(error), unsure=True), at or now())
                else:
                    _mark_sent(parcel, at or now())
                    sent += 1
                self._failures.pop(channel, None)
                parcels = parcels[1:]
        finally:
            way.close()
        return sent

    def _rest(self, channel: str, away: Away, parcels: list[Parcel], at: datetime) -> None:
        """The service is away: all that was claimed is due again after a while, longer and longer."""
        self._failures[channel] += 1
        wait = min(MAX_REST, timedelta(seconds=2 ** min(self._failures[channel], 10)))
        self._rests_until[channel] = time.monotonic() + wait.total_seconds()
        if away.unsure:  # each attempt may be one more copy at the receiver: few, and counted
            _try_later(parcels[0], away, at)
            parcels = parcels[1:]
        _put_back(parcels, until=at + wait, error=str(away))
        log.warning("notices.service_away", channel=channel, error=str(away), failures=self._failures[channel])


def _mark_sent(parcel: Parcel, at: datetime) -> None:
    notices = Notice.objects.filter(pk__in=parcel.ids).exclude(state=State.SENT)
    notices.update(state=State.SENT, sent_at=at, next_attempt_at=None, last_error="")


def _fail(parcel: Parcel, reason: str) -> None:
    _in_flight(parcel).update(state=State.FAILED, next_attempt_at=None, last_error=reason[:300])
    log.warning("notices.given_up", parcel=parcel.key, notices=len(parcel.notices), error=reason)


def _try_later(parcel: Parcel, later: Later, at: datetime) -> None:
    """This message, and no other, was not taken: again after 1, 2, 4 … minutes, and not for ever."""
    attempts = max(notice.attempts for notice in parcel.notices)
    if attempts >= GIVE_UP_AFTER:
        _fail(parcel, str(later))
        return
    _in_flight(parcel).update(
        state=State.QUEUED,
        next_attempt_at=at + timedelta(minutes=2 ** (attempts - 1)),
        last_error=str(later)[:300],
        parcel=parcel.key if parcel.again or later.unsure else None,
    )


def _put_back(parcels: list[Parcel], *, until: datetime, error: str = "") -> None:
    """Queue what reached no service, which is no attempt; what cannot be told for a day is given up."""
    changes: dict[str, Any] = {
        "state": State.QUEUED,
        "next_attempt_at": until,
        "attempts": Greatest(F("attempts") - 1, 0),
    }
    if error:
        changes["last_error"] = error[:300]
    for again in (True, False):
        rows = _in_flight(*(parcel for parcel in parcels if parcel.again == again))
        if error:
            old = rows.filter(created_at__lt=until - GIVE_UP_AGE)
            old.update(**{**changes, "state": State.FAILED, "next_attempt_at": None})
        rows.update(**changes, **({} if again else {"parcel": None}))


def _in_flight(*parcels: Parcel) -> QuerySet[Notice]:
    """The rows as this sender has them; not what was sent by another, who thought this one dead."""
    return Notice.objects.filter(pk__in=[pk for parcel in parcels for pk in parcel.ids], state=State.IN_FLIGHT)
