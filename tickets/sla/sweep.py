"""The sweep: finds promises that fell due and calls them broken, each once, dated when it fell due.

Beat rings it every second; when beat is silent workers and the relay sweep by themselves. Any number of sweepers at
once have the same effect as one: tickets are locked with SKIP LOCKED, first of all, so that the sweep never waits and
never deadlocks with a service, and the firing of a step is unique in the database.
"""

from __future__ import annotations

from datetime import datetime
from itertools import count

from django.db import connection, transaction

from tickets.sla.models import Clock
from tickets.sla.states import ClockState

BATCH = 500  # clocks a transaction
HEARTBEAT = "sweep"

# One statement for claim, breach, event, firing and notices: the whole batch commits or none of it.
# statement_timestamp() and not clock_timestamp(): what may change from row to row cannot be looked up in an index.
# A supervisor is told: the owner's, else the team's; where there is none, every manager. The owner is told too.
_CALL = """
WITH due AS MATERIALIZED (
    SELECT c.id AS clock_id, t.id AS ticket_id, t.version, t.owner_id, t.team_id
    FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id
    WHERE c.next_fire_at <= COALESCE(%(at)s, statement_timestamp()) {only}
    ORDER BY c.next_fire_at LIMIT %(limit)s
    FOR UPDATE OF t SKIP LOCKED
), broken AS (
    UPDATE sla_clock c SET breached_at = c.due_at, next_fire_at = NULL
    FROM due WHERE c.id = due.clock_id AND c.state = 'running'
        AND c.next_fire_at <= COALESCE(%(at)s, statement_timestamp())
    RETURNING c.id, c.ticket_id, c.target, c.due_at, c.policy_id, due.version, due.owner_id, due.team_id
), told AS (
    INSERT INTO tickets_event (ticket_id, kind, at, door, from_state, to_state, version, data)
    SELECT b.ticket_id, 'clock.breached', b.due_at, 'system', '', '', b.version,
        jsonb_build_object('clock', b.id, 'target', b.target, 'rule', p.rule)
    FROM broken b JOIN sla_policy p ON p.id = b.policy_id
    RETURNING id, ticket_id, at, (data->>'clock')::bigint AS clock_id
), fired AS (
    INSERT INTO sla_firing (clock_id, step, due_at, event_id) SELECT clock_id, 'due', at, id FROM told
), leaders AS (
    -- One who left the house answers for nothing: the next in line does, and in the end every manager.
    SELECT b.id AS clock_id, b.owner_id, COALESCE(first.id, second.id) AS leader
    FROM broken b
    LEFT JOIN accounts_user o ON o.id = b.owner_id
    LEFT JOIN accounts_team owners ON owners.id = o.team_id
    LEFT JOIN accounts_user first ON first.id = owners.supervisor_id AND first.is_active
    LEFT JOIN accounts_team teams ON teams.id = b.team_id
    LEFT JOIN accounts_user second ON second.id = teams.supervisor_id AND second.is_active
), people AS (
    SELECT clock_id, owner_id AS person FROM leaders WHERE owner_id IS NOT NULL
    UNION
    SELECT clock_id, leader FROM leaders WHERE leader IS NOT NULL
    UNION
    SELECT l.clock_id, m.id FROM leaders l JOIN accounts_user m ON m.role = 'manager' AND m.is_active
    WHERE l.leader IS NULL
), noticed AS (
    INSERT INTO tickets_notice
        (recipient_id, event_id, ticket_id, channel, urgent, state, attempts, last_error, created_at)
    SELECT people.person, told.id, told.ticket_id, 'inbox', true, 'sent', 0, '', COALESCE(%(at)s, statement_timestamp())
    FROM told JOIN people ON people.clock_id = told.clock_id
    JOIN accounts_user u ON u.id = people.person AND u.is_active
    ON CONFLICT DO NOTHING
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM broken)
"""


def sweep(*, at: datetime | None = None, ticket_id: int | None = None, batches: int | None = None) -> int:
    """Call every promise that is due by the database's clock (or by `at`, in simulations); answer how many.

    `batches` bounds the work of one call; what is left is due all the same at the next.
    """
    only = "AND c.ticket_id = %(ticket)s" if ticket_id else ""
    called = 0
    for _number in range(batches) if batches else count():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_CALL.format(only=only), {"at": at, "limit": BATCH, "ticket": ticket_id})
            claimed, broken = cursor.fetchone()
        called += broken
        # Fewer broken than claimed: another sweeper was faster with some, and others may still wait behind them.
        if claimed < BATCH:
            break
    return called


def call_if_due(clock: Clock, *, at: datetime) -> None:
    """Call one clock that fell due before the sweep saw it; the caller holds the ticket's lock."""
    if clock.state != ClockState.RUNNING or clock.breached_at is not None or clock.due_at > at:
        return
    sweep(at=at, ticket_id=clock.ticket_id)
    clock.breached_at = clock.due_at
    clock.next_fire_at = None


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
