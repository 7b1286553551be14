"""The sweep: finds promises whose next step has come and sets it off, each step once, dated when it came.

Beat rings it four times a second; when beat is silent workers and the relay sweep by themselves. Any number of
sweepers at once have the same effect as one: tickets are locked with SKIP LOCKED, first of all, so that the sweep
never waits and never deadlocks with a service, and the firing of a step is unique in the database.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Func, Min

from aftersales.accounts.actors import Door
from aftersales.core import remembered
from aftersales.core.time import now
from tickets.models import NO_DUE, Ticket
from tickets.sla import handlers, policies
from tickets.sla.judge import repetition
from tickets.sla.models import Clock, Firing, Segment
from tickets.sla.states import ClockState, SegmentKind

BATCH = 500  # clocks a transaction
HEARTBEAT = "sweep"
DIGEST_AGE = timedelta(minutes=15)  # what is told later than this is folded into one message
PARK_AFTER = 6  # failures of a handler
_DATABASE_NOW = Func(function="statement_timestamp", output_field=DateTimeField())
log = structlog.get_logger(__name__)

# One statement for claim, step, event, firing and notices: the whole batch commits or none of it.
# statement_timestamp() and not clock_timestamp(): what may change from row to row cannot be looked up in an index.
# The row's own step counts, not the one that was seen before the lock: a sweeper that was faster has moved it on.
_FIRE = """
WITH asked AS (
    SELECT COALESCE(%(at)s, statement_timestamp()) AS at
), due AS MATERIALIZED (
    SELECT c.id AS clock_id, c.next_fire_at, t.version, t.owner_id, t.team_id, t.grade
    FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id
    WHERE c.next_fire_at <= COALESCE(%(at)s, statement_timestamp()) AND c.next_fire_at >= %(low)s {only}
    ORDER BY c.next_fire_at LIMIT %(limit)s
    FOR UPDATE OF t SKIP LOCKED
), fired AS (
    UPDATE sla_clock c SET
        step = c.step + 1,
        broken = c.broken OR c.step = c.due_step,
        breached_at = CASE WHEN c.step = c.due_step THEN COALESCE(c.breached_at, c.due_at) ELSE c.breached_at END,
        fire_times = CASE WHEN c.step + 1 = cardinality(c.fire_times) AND c.acknowledged_at IS NULL
                AND p.steps->-1 ? 'repeat'
            THEN c.fire_times || (GREATEST(c.fire_times[c.step + 1], asked.at)
                + make_interval(secs => (p.steps->-1->>'repeat')::float))
            ELSE c.fire_times END,
        next_fire_at = CASE
            WHEN c.acknowledged_at IS NOT NULL AND c.step >= c.due_step THEN NULL
            WHEN c.step + 1 < cardinality(c.fire_times) THEN c.fire_times[c.step + 2]
            ELSE GREATEST(c.fire_times[c.step + 1], asked.at)
                + make_interval(secs => (p.steps->-1->>'repeat')::float) END
    FROM due, sla_policy p, asked
    WHERE c.id = due.clock_id AND p.id = c.policy_id AND c.state = 'running' AND c.next_fire_at <= asked.at
    RETURNING c.id, c.ticket_id, c.target, c.round, c.step - 1 AS step, c.due_step, c.due_at, c.next_fire_at,
        c.fire_times[c.step] AS at, c.step >= jsonb_array_length(p.steps) AND c.next_fire_at IS NOT NULL AS again,
        p.rule, p.loud, p.steps, due.version, due.owner_id, due.team_id, due.grade
), named AS (
    SELECT fired.*, jsonb_array_length(steps) AS steps_count,
        CASE WHEN step < due_step THEN 'warn-' || step + 1
            WHEN step = due_step THEN 'due'
            WHEN step < jsonb_array_length(steps) THEN 'escalate-' || step - due_step
            ELSE 'escalate-' || jsonb_array_length(steps) - 1 - due_step
                || '#' || step - jsonb_array_length(steps) + 2 END AS word
    FROM fired
), told AS (
    INSERT INTO tickets_event (ticket_id, kind, at, door, from_state, to_state, version, data)
    SELECT ticket_id,
        CASE WHEN step < due_step THEN 'clock.warned' WHEN step = due_step THEN 'clock.breached'
            ELSE 'clock.escalated' END,
        at, 'system', '', '', version,
        jsonb_build_object('clock', id, 'target', target, 'rule', rule, 'step', word, 'due', due_at)
    FROM named
    RETURNING id, ticket_id, at, (data->>'clock')::bigint AS clock_id
), kept AS (
    INSERT INTO sla_firing (clock_id, round, step, due_at, fired_at, event_id)
    SELECT named.id, named.round, named.word, named.at, asked.at, told.id
    FROM named JOIN told ON told.clock_id = named.id, asked
), levels AS (
    SELECT n.id AS clock_id, n.step >= n.due_step AS urgent, n.grade = 1 OR n.loud AS loud, level,
        CASE level WHEN 'owner' THEN COALESCE(n.owner_id, 0) ELSE 0 END AS owner_id,
        COALESCE(o.team_id, n.team_id, 0) AS team_id
    FROM named n LEFT JOIN accounts_user o ON o.id = n.owner_id AND o.is_active,
        jsonb_array_elements_text(n.steps -> LEAST(n.step, n.steps_count - 1) -> 'tell') AS level
), answering AS MATERIALIZED (
    -- Whoever is away or left the house answers for nothing: the deputy does, the next in line, or every manager.
    -- Asked once for all promises of one owner and team.
    SELECT l.level, l.owner_id, l.team_id, person
    FROM (SELECT DISTINCT level, owner_id, team_id, accounts_stand_in(owner_id, asked.at) AS owner
        FROM levels, asked) l, asked, LATERAL (
        SELECT l.owner AS person WHERE l.level = 'owner' AND l.owner IS NOT NULL
        UNION
        SELECT accounts_answers('supervisor', l.team_id, asked.at, %(zone)s)
        WHERE l.level = 'supervisor' OR (l.level = 'owner' AND l.owner IS NULL)
        UNION
        SELECT accounts_answers('manager', l.team_id, asked.at, %(zone)s) WHERE l.level = 'manager'
    ) AS answers
), ways AS MATERIALIZED (
    SELECT u.id AS person, way, way <> 'inbox' AS outside,
        COALESCE(accounts_quiet_until(u.id, asked.at, %(zone)s), asked.at) AS quiet_until
    FROM (SELECT DISTINCT person FROM answering) a JOIN accounts_user u ON u.id = a.person AND u.is_active, asked,
        LATERAL (SELECT 'inbox' AS way UNION ALL SELECT unnest(u.channels)) AS ways
), people AS (
    SELECT DISTINCT l.clock_id, l.urgent, l.loud, a.person
    FROM levels l JOIN answering a USING (level, owner_id, team_id)
), noticed AS (
    INSERT INTO tickets_notice (recipient_id, event_id, ticket_id, channel, urgent, digest, state, attempts, last_error,
        created_at, next_attempt_at)
    SELECT people.person, told.id, told.ticket_id, way, people.urgent, asked.at - told.at > %(digest_age)s,
        CASE WHEN outside THEN 'queued' ELSE 'sent' END, 0, '', asked.at,
        CASE WHEN outside THEN CASE WHEN people.loud THEN asked.at ELSE quiet_until END END
    FROM told JOIN people ON people.clock_id = told.clock_id
        JOIN ways ON ways.person = people.person AND (people.urgent OR NOT outside), asked
    ON CONFLICT DO NOTHING
)
SELECT (SELECT count(*) FROM due),
    (SELECT count(*) FROM fired),
    (SELECT count(*) FROM fired WHERE step = due_step),
    (SELECT max(next_fire_at) FROM due),
    (SELECT min(next_fire_at) FROM fired, asked WHERE next_fire_at <= asked.at),
    (SELECT array_agg(id) FROM fired WHERE again)
"""

_FIRST = datetime.min.replace(year=1970).astimezone()
LOOK_BACK = timedelta(seconds=10)  # longer than our transactions last: none commits a step of before
WHOLE_EVERY_SECONDS = 30.0


class Horizon:
    """Below which time nothing is left to be set off, as far as this process knows.

    Entries of steps that were set off stay in the index until a vacuum, and as long as an old snapshot is open (a dump,
    a forgotten transaction): a sweep that walks over them each second costs a hundred times as much. So a sweep begins
    where the last one ended, and every half a minute from the beginning, in case a step was written into the past.
    """

    def __init__(self) -> None:
        self.forget()
        remembered.keep(self)

    def forget(self) -> None:
        """Begin the next sweep at the beginning."""
        self._low = _FIRST
        self._whole_at = float("-inf")

    def look(self) -> datetime | None:
        """From which time on steps wait to be set off now; None when none does. One look into the index.

        What was left behind (its ticket was locked, its handler failed) is seen again: it holds the horizon back.
        """
        whole = time.monotonic() - self._whole_at >= WHOLE_EVERY_SECONDS
        if whole:
            self._low, self._whole_at = _FIRST, time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [self._low])
            first, at = cursor.fetchone()
        waits = first is not None and first <= at
        self._low = min(first, at - LOOK_BACK) if waits else at - LOOK_BACK
        return first if waits else None


_NEXT = "SELECT min(next_fire_at), statement_timestamp() FROM sla_clock WHERE next_fire_at >= %s"


def sweep(
    *,
    at: datetime | None = None,
    ticket_id: int | None = None,
    batches: int | None = None,
    horizon: Horizon | None = None,
) -> int:
    """Set off every step that has come by the database's clock (or by `at`, in simulations); answer how many fell due.

    `batches` bounds the work of one call; what is left is due all the same at the next. A promise for which an upper
    floor registered a handler is set off alone, together with what the handler does.
    """
    low: datetime | None = _FIRST
    if horizon is not None and (low := horizon.look()) is None:
        return 0
    handled = list(handlers.targets())
    only = "AND c.ticket_id = %(ticket)s" if ticket_id else ""
    if handled:
        only += " AND c.target <> ALL(%(handled)s)"
    broken, begin = 0, low
    for _number in range(batches) if batches else count():
        done = _fire(only, at=at, ticket=ticket_id, low=begin, handled=handled)
        broken += done.fell_due
        # Fewer fired than claimed: another sweeper was faster with some, and others may still wait behind them.
        if done.claimed < BATCH and done.again_from is None:
            break
        # Not from the beginning: the entries of what was fired are still there to be walked over. What was locked and
        # left behind comes with the next sweep.
        begin = min(filter(None, (done.upto, done.again_from)))
    if handled:
        broken += _sweep_handled(handled, at=at, ticket_id=ticket_id, low=low)
    return broken


class Fired(NamedTuple):
    """What one batch did. `upto`: the latest of the times claimed; `again_from`: the earliest that is due now again."""

    claimed: int
    fired: int
    fell_due: int
    upto: datetime | None
    again_from: datetime | None


def _fire(only: str, **given: object) -> Fired:
    values = {"limit": BATCH, "digest_age": DIGEST_AGE, "zone": settings.TIME_ZONE, **given}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FIRE.format(only=only), values)
        *counts, again = cursor.fetchone()
        if again:
            _into_open_time(again)
    return Fired(*counts)


def _into_open_time(clock_ids: list[int]) -> None:
    """Have what is repeated come when somebody works: the statement knows the wall clock alone, and nobody is woken
    each hour of a night for a promise that stands still then.
    """
    found = Clock.objects.filter(pk__in=clock_ids).values_list("pk", "policy_id", "fire_times")
    known = policies.versions(policy_id for _pk, policy_id, _times in found)
    moved = {}
    for pk, policy_id, times in found:
        policy = known[policy_id]
        open_time = repetition(times[-1] - timedelta(seconds=policy.steps[-1]["repeat"]), policy)
        if open_time != times[-1]:
            moved[pk] = open_time
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sla_clock c SET next_fire_at = v.at, fire_times[cardinality(c.fire_times)] = v.at "
                "FROM unnest(%s::bigint[], %s::timestamptz[]) AS v (id, at) WHERE c.id = v.id",
                [list(moved), list(moved.values())],
            )


# ── what upper floors do when a promise falls due ──────────────────────────────────────────────
def _sweep_handled(targets: list[str], *, at: datetime | None, ticket_id: int | None, low: datetime | None) -> int:
    broken = 0
    failed: set[int] = set()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM sla_clock WHERE next_fire_at <= COALESCE(%s, statement_timestamp()) "
                "AND next_fire_at >= %s AND target = ANY(%s) AND (%s IS NULL OR ticket_id = %s) AND id <> ALL(%s) "
                "ORDER BY next_fire_at LIMIT %s",
                [at, low, targets, ticket_id, ticket_id, list(failed), BATCH],
            )
            found = [key for (key,) in cursor.fetchall()]
        if not found:
            return broken
        for key in found:
            fell_due, done = _fire_handled(key, at=at)
            broken += fell_due
            if not done:
                failed.add(key)


def _fire_handled(clock_id: int, *, at: datetime | None) -> tuple[int, bool]:
    """Set off one step together with its handler, or neither; answer (fell due, whether anything was done)."""
    try:
        with transaction.atomic():
            clock = _locked(clock_id, at=at)
            if clock is None:
                return 0, False
            due = clock.step == clock.due_step
            verdict = handlers.Verdict.GOES_ON if clock.parked_at else handlers.ask(clock, at=at or now())
            if verdict == handlers.Verdict.KEPT and due:
                _keep(clock)
                return 0, True
            if verdict == handlers.Verdict.QUIET and clock.step < clock.due_step:
                _pass(clock, at=at)
                return 0, True
            done = _fire("AND c.id = %(clock)s", at=at, clock=clock_id, low=_FIRST)
            if due and done.fired and clock.parked_at is None:
                handlers.call(clock.target, Clock.objects.select_related("ticket").get(pk=clock_id))
                if clock.failures:
                    Clock.objects.filter(pk=clock_id).update(failures=0, last_error="")
            return done.fell_due, bool(done.fired)
    except (OperationalError, InterfaceError):
        raise  # the database is away: for all of them
    except Exception as error:
        log.exception("sweep.handler_failed", clock=clock_id)
        _put_off(clock_id, error, at=at)
        return 0, False


def _locked(clock_id: int, *, at: datetime | None) -> Clock | None:
    """The clock with its ticket locked, unless somebody else has it or its next step has not come."""
    clock = Clock.objects.filter(pk=clock_id, state=ClockState.RUNNING, next_fire_at__isnull=False).first()
    if clock is None:
        return None
    if not Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=clock.ticket_id).exists():
        return None
    by_then = _DATABASE_NOW if at is None else at
    due = Clock.objects.filter(pk=clock_id, state=ClockState.RUNNING, next_fire_at__lte=by_then)
    return due.select_related("ticket").first()


def _keep(clock: Clock) -> None:
    """The boundary is reached and the promise was kept: met at its due time, whenever that was noticed."""
    clock.meet(clock.due_at)
    clock.failures, clock.last_error = 0, ""
    clock.save(update_fields=["state", "met_at", "next_fire_at", "paused_at", "failures", "last_error"])
    Segment.objects.create(
        clock=clock,
        kind=SegmentKind.MEET,
        at=clock.due_at,
        cause="boundary",
        door=Door.SYSTEM,
        policy_id=clock.policy_id,
    )
    running = Clock.objects.filter(ticket=clock.ticket_id, state=ClockState.RUNNING)
    first = running.aggregate(first=Min("due_at"))["first"]
    Ticket.objects.filter(pk=clock.ticket_id).update(next_due_at=first or NO_DUE)


def _pass(clock: Clock, *, at: datetime | None) -> None:
    """A warning passes: it is on record that its time came, and that nobody was told."""
    Firing.objects.create(
        clock=clock,
        round=clock.round,
        step=f"warn-{clock.step + 1}",
        due_at=clock.fire_times[clock.step],
        **({} if at is None else {"fired_at": at}),
    )
    clock.step += 1
    clock.failures, clock.last_error = 0, ""
    clock.next_fire_at = clock.step_to_fire_at
    clock.save(update_fields=["step", "next_fire_at", "failures", "last_error"])


def _put_off(clock_id: int, error: Exception, *, at: datetime | None) -> None:
    """Try again after a while, ever longer; in the end the promise is called broken without its handler, and shown."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sla_clock SET failures = failures + 1, last_error = %(error)s, "
            "parked_at = CASE WHEN failures + 1 >= %(most)s THEN COALESCE(%(at)s, statement_timestamp()) END, "
            "next_fire_at = COALESCE(%(at)s, statement_timestamp()) "
            "+ CASE WHEN failures + 1 >= %(most)s THEN interval '0' ELSE make_interval(secs => 2 ^ (failures + 1)) END "
            "WHERE id = %(clock)s AND state = 'running' AND next_fire_at IS NOT NULL",
            {"error": repr(error)[:300], "most": PARK_AFTER, "at": at, "clock": clock_id},
        )


def call_if_due(clock: Clock, *, at: datetime) -> None:
    """Call one clock that fell due before the sweep saw it; the caller holds the ticket's lock.

    A boundary may be kept by it, and is over then.
    """
    if clock.state != ClockState.RUNNING or clock.step > clock.due_step or clock.due_at > at:
        return
    while clock.next_fire_at is not None and clock.step <= clock.due_step:
        before = clock.step
        if clock.target in handlers.targets():
            _fire_handled(clock.pk, at=at)
        else:
            _fire("AND c.id = %(clock)s", at=at, clock=clock.pk, low=_FIRST)
        policy = clock.policy
        clock.refresh_from_db(
            fields=["state", "step", "broken", "breached_at", "met_at", "fire_times", "next_fire_at", "paused_at"]
        )
        clock.policy = policy
        if clock.step == before:
            return


def beat(name: str) -> None:
    """Show that a process works: one row a name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tickets_heartbeat (name, at) VALUES (%s, clock_timestamp()) "
            "ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at",
            [name],
        )


def silent_for() -> float:
    """Seconds since anybody swept, by the database's clock; infinite when nobody ever did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXTRACT(EPOCH FROM clock_timestamp() - at) FROM tickets_heartbeat WHERE name = %s", [HEARTBEAT]
        )
        row = cursor.fetchone()
    return float(row[0]) if row else float("inf")
