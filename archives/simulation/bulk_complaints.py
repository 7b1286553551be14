"""Visits, the calls owed after them and complaints about them, very many at once, onto tickets that `bulk` wrote.

Visits and calls are written in SQL; complaints are drawn one by one from a seed, since each is a small story: what it
is about and why, how it was decided, how long each step took. Nothing goes through the services.
"""

# ruff: noqa: S311  (chance is for measuring; table names and whole numbers of our own, no input)

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection, transaction

from aftersales.accounts.roles import Role
from archives.simulation import catalogue
from archives.simulation.bulk import insert
from archives.simulation.people import Cast
from archives.simulation.words_bulk_complaints import CAUSE_NOTES, FINDINGS, SAID
from complaints.models import Attempt, Callback, CallMark, Complaint
from complaints.states import Against, Cause, ComplaintState, Remedy, Verdict
from tickets.models import Ticket
from visits.models import Part, Visit

VISITS_PER_TICKET, COMPLAINTS_PER_TICKET = 0.3, 0.02
CHUNK = 5000
_HOUR = timedelta(hours=1)

# cause: how often among a hundred, how often the customer was right, how often partly
_CAUSES: dict[Cause, tuple[float, float, float]] = {
    Cause.LATE: (22, 0.62, 0.2),
    Cause.PRODUCT: (19, 0.55, 0.2),
    Cause.WORKMANSHIP: (15, 0.6, 0.2),
    Cause.PART: (11, 0.7, 0.15),
    Cause.LOGISTICS: (8, 0.5, 0.3),
    Cause.INFORMATION: (7, 0.45, 0.35),
    Cause.CHARGE: (6, 0.3, 0.3),
    Cause.UNREACHABLE: (5, 0.6, 0.2),
    Cause.CUSTOMER: (4, 0.02, 0.1),
    Cause.CONDUCT: (2, 0.5, 0.2),
    Cause.OTHER: (1, 0.3, 0.3),
}
_AGAINST = {
    Cause.LATE: Against.VISIT,
    Cause.WORKMANSHIP: Against.VISIT,
    Cause.PRODUCT: Against.PRODUCT,
    Cause.PART: Against.PART,
    Cause.CHARGE: Against.CHARGE,
    Cause.CONDUCT: Against.PERSON,
}
_REMEDIES = {
    Cause.PRODUCT: (Remedy.REPAIR, Remedy.EXCHANGE, Remedy.REFUND),
    Cause.PART: (Remedy.REPAIR, Remedy.EXCHANGE),
    Cause.WORKMANSHIP: (Remedy.REPAIR, Remedy.APOLOGY),
    Cause.CHARGE: (Remedy.REFUND, Remedy.APOLOGY),
    Cause.LATE: (Remedy.APOLOGY, Remedy.VOUCHER),
}
# What a remedy costs: the middle of a skewed spread.
_COSTS = {Remedy.REPAIR: 160, Remedy.EXCHANGE: 900, Remedy.REFUND: 420, Remedy.VOUCHER: 60}


def fill(
    cast: Cast,
    *,
    visits: int,
    complaints: int,
    seed: int = 1,
    at: datetime,
    days: int = 1095,
    tell: Callable[[str], None],
) -> tuple[int, int]:
    """Add completed visits with their calls, and complaints of the last `days`, until there are so many of each.

    Answers how many of each were added; fewer where there are too few tickets.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL synchronous_commit = off")
            came = _visits(cursor, cast, visits - Visit.objects.count(), at)
            tell(f"{came:,} visits with their calls")
        complained = _complaints(cast, complaints - Complaint.objects.count(), seed=seed, at=at, days=days)
        tell(f"{complained:,} complaints")
    return came, complained


def settle() -> None:
    """Let the planner know what there is now; not within a transaction."""
    tables = ", ".join(model._meta.db_table for model in (Visit, Callback, Attempt, CallMark, Complaint, Ticket))
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"VACUUM ANALYZE {tables}, {Complaint.people.through._meta.db_table}")
        cursor.execute("RESET statement_timeout")


# ── visits and calls ───────────────────────────────────────────────────────────────────────────
# Every so-many-th of those that could have had one, so that they lie all over the years.
_VISITED = """
    SELECT t.*, who.ids[1 + t.id %% array_length(who.ids, 1)] AS user_id FROM (
        SELECT t.*, row_number() OVER (ORDER BY t.id) AS n, count(*) OVER () AS total FROM tickets_ticket t
        WHERE t.visit_needed AND t.resolved_at < %(at)s AND (t.state = 'closed'
            OR (t.state = 'resolved' AND t.resolved_at > %(at)s - interval '8 days'))
            AND NOT EXISTS (SELECT FROM visits_visit v WHERE v.ticket_id = t.id)
    ) t JOIN bulk_technician who ON who.team_id = t.team_id
    WHERE t.n * %(wanted)s / t.total > (t.n - 1) * %(wanted)s / t.total
"""
_CALLED = """
    SELECT v.*, day.opens, day.due, t.kind, t.state AS ticket_state, v.id %% 40 = 7 AS withdrawn,
        t.state = 'resolved' OR v.id %% 97 = 5 AS open,
        least(v.ended_at + interval '3 days' + (v.id %% 89) * interval '1 hour', %(at)s) AS called_at
    FROM visits_visit v JOIN tickets_ticket t ON t.id = v.ticket_id
    CROSS JOIN LATERAL (SELECT
        (local + interval '3 days 8:30') AT TIME ZONE 'Asia/Shanghai' AS opens,
        (local + interval '7 days 22:00') AT TIME ZONE 'Asia/Shanghai' AS due
        FROM (SELECT date_trunc('day', v.ended_at AT TIME ZONE 'Asia/Shanghai') AS local) midnight) day
    WHERE v.order_number LIKE 'B%%' AND t.kind IN ('repair', 'installation')
        AND NOT EXISTS (SELECT FROM complaints_callback c WHERE c.visit_id = v.id)
        AND (t.state = 'resolved' OR day.opens < %(at)s)
"""


def _visits(cursor: Any, cast: Cast, wanted: int, at: datetime) -> int:
    if wanted <= 0:
        return 0
    cursor.execute("CREATE TEMP TABLE bulk_technician (team_id bigint, ids bigint[]) ON COMMIT DROP")
    by_team = {
        team.pk: sorted(one.user_id for one in cast.technicians if one.user.team_id == team.pk)
        for team in cast.teams.values()
    }
    everybody = sorted(one.user_id for one in cast.technicians)
    for team, ids in by_team.items():
        cursor.execute("INSERT INTO bulk_technician VALUES (%s, %s)", [team, ids or everybody])
    before = Visit.objects.count()
    insert(
        cursor,
        Visit,
        {
            "ticket_id": "id",
            "technician_id": "user_id",
            "state": "'completed'",
            "version": "5",
            "order_number": "'B' || id",
            "window_start": "resolved_at - interval '2 hours'",
            "window_end": "resolved_at",
            "planned_at": "received_at + interval '1 hour'",
            "confirmed_at": "received_at + interval '1 hour'",
            "en_route_at": "resolved_at - interval '150 minutes'",
            "checked_in_at": "resolved_at - interval '110 minutes'",
            "ended_at": "resolved_at",
            "finding": "'按标准检修'",
            "work_done": "'已处理，试机正常'",
            "satisfaction": "3 + id %% 3",
            "signer_name": "'客户'",
            "signed_at": "resolved_at",
        },
        f"({_VISITED}) b",
        {"wanted": wanted, "at": at},
    )
    insert(
        cursor,
        Callback,
        {
            "ticket_id": "ticket_id",
            "visit_id": "id",
            "state": "CASE WHEN open THEN 'owed' WHEN withdrawn THEN 'withdrawn' ELSE 'reached' END",
            "owed_at": "ended_at",
            "opens_at": "opens",
            "due_at": "due",
            "call_after": "opens",
            "last_outcome": "CASE WHEN open OR withdrawn THEN '' ELSE 'satisfied' END",
            "attempts_made": "CASE WHEN open THEN 0 WHEN withdrawn THEN 0 ELSE 1 END",
            "last_attempt_at": "CASE WHEN NOT open AND NOT withdrawn THEN called_at END",
            "ended_at": "CASE WHEN NOT open THEN called_at END",
        },
        f"({_CALLED}) b",
        {"at": at},
    )
    officers = [person.pk for person in cast.of(Role.OFFICER)]
    insert(
        cursor,
        Attempt,
        {
            "callback_id": "c.id",
            "at": "c.ended_at",
            "by_id": "(%(officers)s::bigint[])[1 + c.id %% %(several)s]",
            "outcome": "'satisfied'",
            "attitude": "4 + c.id %% 2",
            "quality": "3 + c.id %% 3",
            "solved": "true",
        },
        "complaints_callback c WHERE c.state = 'reached'"
        " AND NOT EXISTS (SELECT FROM complaints_attempt a WHERE a.callback_id = c.id)",
        {"officers": officers, "several": len(officers)},
    )
    insert(
        cursor,
        CallMark,
        {
            "attempt_id": "a.id",
            "at": "a.at",
            "technician_id": "v.technician_id",
            "region_id": "t.region_id",
            "team_id": "t.team_id",
            "line": "coalesce(m.line, '')",
            "attitude": "a.attitude",
            "quality": "a.quality",
            "solved": "a.solved",
        },
        "complaints_attempt a JOIN complaints_callback c ON c.id = a.callback_id"
        " JOIN tickets_ticket t ON t.id = c.ticket_id LEFT JOIN visits_visit v ON v.id = c.visit_id"
        " LEFT JOIN customers_product p ON p.id = t.product_id"
        " LEFT JOIN customers_productmodel m ON m.id = p.model_id"
        " WHERE a.attitude IS NOT NULL AND NOT EXISTS (SELECT FROM complaints_callmark k WHERE k.attempt_id = a.id)",
        {},
    )
    cursor.execute(
        "UPDATE tickets_ticket t SET callback_owed = true FROM complaints_callback c"
        " WHERE c.ticket_id = t.id AND c.state = 'owed' AND t.state = 'resolved' AND NOT t.callback_owed"
    )
    return Visit.objects.count() - before


# ── complaints ─────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Subject:
    """A completed visit that somebody may complain about."""

    visit_id: int
    ticket_id: int
    technician_id: int
    team_id: int | None
    model_id: int
    ended_at: datetime
    channel: str


_SUBJECTS = """
    SELECT id, ticket_id, technician_id, team_id, model_id, ended_at, channel FROM (
        SELECT v.id, v.ticket_id, v.technician_id, t.team_id, coalesce(p.model_id, 0) AS model_id, v.ended_at,
            t.channel, row_number() OVER (ORDER BY v.ended_at, v.id) AS n, count(*) OVER () AS total
        FROM visits_visit v JOIN tickets_ticket t ON t.id = v.ticket_id
        LEFT JOIN customers_product p ON p.id = t.product_id
        WHERE v.state = 'completed' AND v.ended_at >= %(since)s AND v.ended_at < %(until)s
            AND NOT EXISTS (SELECT FROM complaints_complaint c WHERE c.ticket_id = v.ticket_id)
    ) s WHERE n * %(wanted)s / total > (n - 1) * %(wanted)s / total ORDER BY n
"""


@dataclass
class House:
    """Who works on complaints, and the parts that may be at fault."""

    officers: list[int]
    clerks: list[int]
    supervisors: list[int]
    parts: list[tuple[int, str]]


def _complaints(cast: Cast, wanted: int, *, seed: int, at: datetime, days: int) -> int:
    if wanted <= 0:
        return 0
    _parts()
    house = House(
        [person.pk for person in cast.of(Role.OFFICER)],
        [person.pk for person in cast.of(Role.CLERK)],
        [person.pk for person in cast.of(Role.SUPERVISOR)],
        list(Part.objects.order_by("number").values_list("pk", "number")),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _SUBJECTS, {"wanted": wanted, "since": at - timedelta(days=days), "until": at - timedelta(days=1)}
        )
        subjects = [Subject(*row) for row in cursor.fetchall()]
    rng = Random(seed)
    drawn = [found for subject in subjects for found in lives(rng, subject, house, at)][:wanted]
    through = Complaint.people.through
    for low in range(0, len(drawn), CHUNK):
        chunk = drawn[low : low + CHUNK]
        rows = Complaint.objects.bulk_create([Complaint(**fields) for fields, _person in chunk])
        through.objects.bulk_create(
            through(complaint_id=row.pk, user_id=person)
            for row, (_fields, person) in zip(rows, chunk, strict=True)
            if person
        )
    return len(drawn)


def _parts() -> None:
    """The catalogue, where nobody has made it yet; the vans stay empty."""
    if Part.objects.exists():
        return
    Part.objects.bulk_create(
        Part(number=number, name=name, line=line, price=Decimal(price))
        for number, name, line, price, _serialised, _carries, _old_owed, _count in catalogue.PARTS
    )


def lives(rng: Random, subject: Subject, house: House, at: datetime) -> Iterator[tuple[dict[str, Any], int | None]]:
    """The complaint about a visit, and in three cases of a hundred another one when the first was closed."""
    # Each model has a weakness of its own: one cause more often than with others.
    weights = [weight for weight, _right, _partly in _CAUSES.values()]
    weights[subject.model_id % 5] *= 2.5
    registered = subject.ended_at + timedelta(hours=rng.uniform(1, 20) ** 2 / 2)
    if registered >= at:
        registered = subject.ended_at + (at - subject.ended_at) * rng.uniform(0.05, 0.9)
    cause = rng.choices(list(_CAUSES), weights)[0]
    fields, person = _life(rng, subject, house, registered, cause, at)
    yield fields, person
    closed = fields.get("closed_at")
    if closed is not None and rng.random() < 0.03:
        again = closed + timedelta(days=rng.uniform(2, 50))
        if again < at:
            yield _life(rng, subject, house, again, cause, at, second=True)


def _life(
    rng: Random,
    subject: Subject,
    house: House,
    registered: datetime,
    cause: Cause,
    at: datetime,
    *,
    second: bool = False,
) -> tuple[dict[str, Any], int | None]:
    _weight, right, partly = _CAUSES[cause]
    chance = rng.random()
    verdict = Verdict.UPHELD if chance < right else Verdict.PARTLY if chance < right + partly else Verdict.NOT_UPHELD
    remedy = Remedy.NONE
    if verdict != Verdict.NOT_UPHELD:
        remedy = rng.choice(_REMEDIES.get(cause, (Remedy.APOLOGY, Remedy.VOUCHER)))
    cost = Decimal(round(100 * _COSTS[remedy] * rng.lognormvariate(0, 0.5))) / 100 if remedy in _COSTS else Decimal(0)
    grave = rng.choices((1, 2, 3), (70, 27, 3) if second else (88, 11, 1))[0]
    part: tuple[int, str] | None = None
    if house.parts and (cause == Cause.PART or (cause == Cause.PRODUCT and rng.random() < 0.4)):
        # One part in front of all others, and of each part one batch that was bad.
        part = house.parts[int(len(house.parts) * rng.random() ** 2.2)]
    batch = f"{part[1]}-{'2531' if rng.random() < 0.35 else f'25{rng.randrange(1, 53):02}'}"[:40] if part else ""
    moments = _moments(rng, registered, grave)
    state, reached = _stands(rng, moments, at)
    decided = "decided_at" in reached
    fields: dict[str, Any] = {
        "ticket_id": subject.ticket_id,
        "state": state,
        "channel": subject.channel,
        "words": rng.choice(SAID[cause]),
        "sought": rng.choice((Remedy.REPAIR, Remedy.EXCHANGE, Remedy.REFUND, Remedy.APOLOGY)),
        "against": _AGAINST.get(cause, Against.SERVICE),
        "visit_id": subject.visit_id,
        "part_id": part[0] if part else None,
        "part_batch": batch,
        "complaint_class": grave,
        "proposed_class": grave,
        "classed_by_id": rng.choice(house.officers),
        "classed_at": registered,
        "owner_id": rng.choice(house.officers),
        "team_id": subject.team_id,
        "registered_by_id": rng.choice(house.clerks),
        "registered_at": registered,
        "cycle_at": registered,
        "updated_at": max([registered, *reached.values()]),
        **reached,
    }
    if "investigated_at" in reached:
        fields |= {
            "investigator_id": rng.choice(house.officers),
            "finding": rng.choice(FINDINGS[cause]),
            "cause": cause,
            "cause_note": rng.choice(CAUSE_NOTES),
        }
    if decided:
        fields |= {
            "verdict": verdict,
            "remedy": remedy,
            "remedy_by": reached["decided_at"] + timedelta(days=7),
            "cost": cost,
            "decided_by_id": rng.choice(house.supervisors),
        }
    named = cause == Cause.CONDUCT or (cause == Cause.LATE and rng.random() < 0.3)
    return fields, subject.technician_id if named else None


def _moments(rng: Random, registered: datetime, grave: int) -> list[tuple[str, datetime, ComplaintState]]:
    """When each step comes, with the state that follows it; grave ones are looked at sooner."""

    def after(moment: datetime, middle: float, spread: float) -> datetime:
        return (moment + _HOUR * (middle * rng.lognormvariate(0, spread))).replace(microsecond=0)

    acknowledged = after(registered, 0.6 / grave, 0.8)
    investigated = after(acknowledged, 5 / grave, 0.7)
    decided = after(investigated, 18, 0.8)
    informed = after(decided, 2, 0.7)
    answered = after(informed, 3, 0.9)
    remedied = after(answered, 60, 0.8)
    called = after(remedied, 40, 0.4)
    return [
        ("acknowledged_at", acknowledged, ComplaintState.ACKNOWLEDGED),
        ("investigated_at", investigated, ComplaintState.INVESTIGATING),
        ("decided_at", decided, ComplaintState.PROPOSED),
        ("informed_at", informed, ComplaintState.PROPOSED),
        ("answered_at", answered, ComplaintState.ACCEPTED),
        ("remedied_at", remedied, ComplaintState.REMEDIED),
        ("called_back_at", called, ComplaintState.CALLED_BACK),
        ("closed_at", after(called, 1, 0.5), ComplaintState.CLOSED),
    ]


def _stands(
    rng: Random, moments: list[tuple[str, datetime, ComplaintState]], at: datetime
) -> tuple[ComplaintState, dict[str, datetime]]:
    """Where the complaint stands at `at`; one in two hundred has been lying since it was investigated."""
    stuck = rng.random() < 0.005
    state, reached = ComplaintState.REGISTERED, {}
    for place, (name, moment, following) in enumerate(moments):
        if moment > at or (stuck and place == 2):
            break
        state, reached[name] = following, moment
    return state, reached
