"""Very many tickets at once, written in SQL, for measuring: what matters is how many rows there are and how alike.

Nothing here goes through the services. Ended clocks come without segments; visits, calls and complaints are added by
`bulk_complaints`. Open clocks have their segments and firings: `manage.py clocks rebuild --check` finds
nothing to say about them.
"""

# ruff: noqa: S608  (table names and whole numbers of our own, no input)

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import connection, models, transaction
from django.db.models.fields import NOT_PROVIDED

from aftersales.core.text import bigrams, fold
from aftersales.customers.models import Customer, CustomerPhone, Product, Site
from archives.simulation import bulk_texts
from archives.simulation.people import FAMILY_OF, Cast
from tickets.models import Event, Ticket
from tickets.sla.models import Clock, Firing, Policy, Segment
from tickets.sla.states import Target

CHUNK = 100_000
CUSTOMERS_PER_TICKET = 0.4
OPEN_DAYS, OLDEST_DAYS = 30, 1095
RARE_WORD, RARE_EVERY = "蜂鸣器", 50_000
BUSY_TAIL = "8888"  # a telephone ending that people pay for: one customer in a hundred has it
MOST_EVENTS = 10
REBUILT = (Customer, CustomerPhone, Site, Product, Ticket, Event, Clock, Segment)


# The next promise is to answer or to come; where neither is open, the repair, whose promise ends a week later.
_NEAR = "{state} IN ('received', 'reopened') OR ({visit} AND {state} IN ('in_progress', 'visit_planned'))"
_REPAIR_LATER = "interval '7 days'"
_ZONE = "Asia/Shanghai"


def _at_work(moment: str) -> str:
    """SQL for a time between ten and eight of the same day, where the desk is open for hours to come."""
    local = f"({moment}) AT TIME ZONE '{_ZONE}'"
    share = f"extract(epoch FROM ({local})::time) / 86400"
    at = f"date_trunc('day', {local}) + interval '10 hours' * (1 + {share})"
    return f"(date_trunc('second', {at}) AT TIME ZONE '{_ZONE}')"


def fill(cast: Cast, wanted: int, *, events: int, at: datetime, tell: Callable[[str], None]) -> int:
    """Add tickets until there are `wanted`, with `events` timeline entries each; answer how many were added."""
    missing = wanted - Ticket.objects.count()
    if missing <= 0:
        return 0
    write(cast, missing, events=events, at=at, tell=tell)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"VACUUM ANALYZE {', '.join(model._meta.db_table for model in REBUILT)}")
        cursor.execute("RESET statement_timeout")
    return missing


@transaction.atomic
def write(cast: Cast, missing: int, *, events: int, at: datetime, tell: Callable[[str], None]) -> None:
    """Add `missing` tickets in one transaction that locks the tables.

    Indexes and foreign keys are dropped and made anew at the end: several times faster than keeping them up to date.
    """
    began = monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to make cannot be altered
        cursor.execute("SELECT setseed(0.42)")
        with _without_indexes(cursor, tell, began):
            bulk_texts.fill(cursor, cast)
            customers = max(1, int(missing * CUSTOMERS_PER_TICKET))
            _customers(cursor, customers)
            tell(f"{monotonic() - began:6.1f} s  {customers:,} customers")
            first = _next_id(cursor, Ticket)
            for low in range(1, missing + 1, CHUNK):
                high = min(low + CHUNK - 1, missing)
                _tickets(cursor, low, high, total=missing, customers=customers, first=first, at=at)
                _clocks(cursor, first + low - 1, first + high - 1, at)
                _events(cursor, first + low - 1, first + high - 1, events)
                tell(f"{monotonic() - began:6.1f} s  {high:,} tickets")
            _sequences(cursor)
        cursor.execute("DROP TABLE bulk_text, bulk_name, bulk_place, bulk_customer, bulk_owner")


# ── rows ───────────────────────────────────────────────────────────────────────────────────────
def _customers(cursor: Any, count: int) -> None:
    """Customers, each with a number, a place and a product."""
    customer, site, product = (_next_id(cursor, model) for model in (Customer, Site, Product))
    cursor.execute(
        f"""
        CREATE TEMP TABLE bulk_customer AS
        SELECT c, {customer} + c - 1 AS customer_id, {site} + c - 1 AS site_id, {product} + c - 1 AS product_id,
            CASE WHEN c %% 20 = 0 THEN partners.ids[1 + (c / 20) %% array_length(partners.ids, 1)] END AS partner_id,
            p.language, p.tongue, p.region_id, p.team_id, n.name, n.folded AS name_folded, n.terms AS name_terms,
            p.before || spot.number || p.after AS address, p.folded || spot.number || p.folded_after AS place_folded,
            p.terms || spot.number::text AS place_terms,
            p.dial || CASE WHEN c %% 100 = 7 THEN lpad((c * 7 %% (10^(p.digits - 4))::bigint)::text, p.digits - 4, '0')
                || '{BUSY_TAIL}' ELSE lpad((c * 7919 %% (10^p.digits)::bigint)::text, p.digits, '0') END AS e164,
            (c * 31 %% %(models)s)::int AS model,
            upper(substr(md5(c::text), 1, 2)) || '-' || upper(substr(md5(c::text), 3, 7)) AS serial
        FROM generate_series(1::bigint, %(count)s) c
        JOIN bulk_place p ON p.k = c %% (SELECT count(*) FROM bulk_place)
        JOIN (SELECT language, count(*) AS n FROM bulk_name GROUP BY 1) sizes ON sizes.language = p.language
        JOIN bulk_name n ON n.language = p.language AND n.k = (c * 7919 + c / 97) %% sizes.n
        CROSS JOIN LATERAL (SELECT 2 + c * 13 %% 1990 AS number) spot
        CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids FROM accounts_partner) partners
        """,
        {"count": count, "models": len(FAMILY_OF)},
    )
    cursor.execute("CREATE INDEX ON bulk_customer (c); ANALYZE bulk_customer")
    day = "now() - (1 - c / %(count)s::float) * interval '3 years'"
    given = {"count": count}
    columns = {"id": "customer_id", "name": "name", "language": "tongue", "vip": "c %% 17 = 3", "terms": "name_terms"}
    insert(cursor, Customer, {**columns, "partner_id": "partner_id", "created_at": day}, "bulk_customer", given)
    phone = {"customer_id": "customer_id", "raw": "e164", "e164": "e164", "tail": "reverse(substr(e164, 2))"}
    insert(cursor, CustomerPhone, {**phone, "created_at": day}, "bulk_customer", given)
    place = {"id": "site_id", "customer_id": "customer_id", "address": "address", "region_id": "region_id"}
    insert(cursor, Site, {**place, "created_at": day}, "bulk_customer", given)
    insert(
        cursor,
        Product,
        {
            "id": "product_id",
            "customer_id": "customer_id",
            "site_id": "site_id",
            "model_id": "model_id",
            "serial": "serial",
            "serial_key": "reverse(replace(lower(serial), '-', ''))",
            "purchased_on": "date '2024-01-01' + (c %% 900)::int",
            "voucher_number": "'FP' || c",
            "created_at": day,
        },
        "bulk_customer JOIN (SELECT DISTINCT model, model_id FROM bulk_text) m USING (model)",
        given,
    )


def _tickets(cursor: Any, low: int, high: int, *, total: int, customers: int, first: int, at: datetime) -> None:
    """Tickets low … high of `total`: a fifth open, nearly all of those among the newest."""
    source = f"""(
        SELECT i, {first} + i - 1 AS id, drawn.*, c.*, x.model_id, x.kind, x.grade, x.summary AS said,
            x.folded AS said_folded, x.terms AS said_terms, x.product, x.product_terms, o.user_id,
            i %% {RARE_EVERY} = 7 AS rare,
            CASE WHEN NOT drawn.opened THEN CASE WHEN chance < 0.92 THEN 'closed' WHEN chance < 0.96 THEN 'refused'
                ELSE 'cancelled' END
                WHEN chance < 0.10 THEN 'received' WHEN chance < 0.30 THEN 'in_progress'
                WHEN chance < 0.50 THEN 'visit_planned' WHEN chance < 0.51 THEN 'visiting'
                WHEN chance < 0.66 THEN 'waiting' WHEN chance < 0.985 THEN 'resolved' ELSE 'reopened' END AS state,
            CASE WHEN drawn.recent THEN %(at)s - interval '{OPEN_DAYS} days' * (%(total)s - i + 1) / (%(total)s * 0.25)
                ELSE %(at)s - interval '{OPEN_DAYS} days'
                    - interval '{OLDEST_DAYS} days' * (1 - i / (%(total)s * 0.75)) END AS received_at
        FROM (
            SELECT i, i > %(total)s * 0.75 AS recent, random() AS chance, random() AS due_chance,
                random() < CASE WHEN i > %(total)s * 0.75 THEN 0.78 ELSE 0.007 END AS opened,
                1 + floor(%(customers)s * CASE WHEN random() < 0.005 THEN 0 ELSE power(random(), 1.5) END)::bigint AS c,
                floor(random() * {bulk_texts.VARIANTS})::int AS variant,
                floor(random() * (SELECT count(*) FROM bulk_owner))::int AS owner
            FROM generate_series(%(low)s::bigint, %(high)s) i
        ) drawn
        JOIN bulk_customer c USING (c)
        JOIN bulk_text x ON (x.language, x.model, x.variant) = (c.language, c.model, drawn.variant)
        JOIN bulk_owner o ON o.k = drawn.owner
        ORDER BY i
    ) t CROSS JOIN LATERAL (
        SELECT state IN ('closed', 'refused', 'cancelled') AS ended,
            kind IN ('repair', 'installation', 'maintenance') AS visit,
            CASE WHEN rare THEN said || '，{RARE_WORD}响' ELSE said END AS summary
    ) more"""
    near = _NEAR.format(visit="visit", state="state")
    drawn = f"%(at)s + (due_chance - 0.08) * interval '{OPEN_DAYS} days'"
    due = _at_work(f"greatest({drawn}, received_at + interval '2 days')")
    repaired = "kind = 'repair' AND state IN ('in_progress', 'visiting')"
    columns = {
        "id": "id",
        "number": "'T' || to_char(received_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD') || '-' ||"
        " lpad(id::text, greatest(5, length(id::text)), '0')",
        "kind": "kind",
        "channel": "CASE WHEN partner_id IS NULL THEN 'hotline' ELSE 'partner' END",
        "grade": "grade",
        "state": "state",
        "version": "5",
        "summary": "summary",
        "visit_needed": "visit",
        "customer_id": "customer_id",
        "contact_phone": "e164",
        "site_id": "site_id",
        "product_id": "product_id",
        "region_id": "region_id",
        "team_id": "team_id",
        "owner_id": "CASE WHEN ended OR due_chance > 0.01 THEN user_id END",
        "registered_by_id": "CASE WHEN partner_id IS NULL THEN user_id END",
        "partner_id": "partner_id",
        "external_id": "CASE WHEN partner_id IS NULL THEN '' ELSE 'X' || id END",
        "waiting_for": "CASE WHEN state = 'waiting' THEN 'customer' ELSE '' END",
        "wake_at": f"CASE WHEN state = 'waiting' THEN %(at)s + due_chance * interval '{OPEN_DAYS} days' END",
        "received_at": "received_at",
        "resolved_at": "CASE WHEN state IN ('closed', 'resolved') THEN received_at + interval '20 hours' END",
        "ended_at": "CASE WHEN ended THEN received_at + interval '20 hours' + due_chance * interval '10 days' END",
        "updated_at": "CASE WHEN ended THEN received_at + interval '20 hours' + due_chance * interval '10 days'"
        " ELSE received_at + (%(at)s - received_at) * due_chance END",
        # One open promise in twelve is broken: it fell due in the last days.
        "next_due_at": f"CASE WHEN {near} THEN {due} WHEN {repaired} THEN {due} + {_REPAIR_LATER}"
        " ELSE timestamptz '9999-01-01 00:00:00+00' END",
        "search_text": f"said_folded || CASE WHEN rare THEN ',{fold(RARE_WORD)}响' ELSE '' END || ' ' || name_folded"
        " || ' ' || place_folded || ' ' || product || ' ' || lower(serial) || CASE WHEN partner_id IS NULL THEN ''"
        " ELSE ' x' || id END",
        "terms": "said_terms || CASE WHEN rare THEN %(rare)s ELSE '{}'::text[] END || name_terms || place_terms"
        " || product_terms || string_to_array(lower(serial), '-') || CASE WHEN partner_id IS NULL THEN"
        " '{}'::text[] ELSE ARRAY['x' || id] END",
    }
    given = {"low": low, "high": high, "total": total, "customers": customers, "at": at}
    insert(cursor, Ticket, columns, source, {**given, "rare": bigrams(RARE_WORD + "响")})


# Each open promise was moved by its customer to `due`, on some day between ten and eight: so far from closing time that
# every step of it lies in service hours, and its times are sums.
_BULK_CLOCK = """
    SELECT t.*, named.*, own.*,
        CASE WHEN NOT {open_now} THEN 'met' WHEN state = 'waiting' THEN 'paused' ELSE 'running' END AS stands,
        CASE WHEN target = 'response' AND {open_now} AND (t.received_at AT TIME ZONE '{zone}')::time
                NOT BETWEEN '08:30' AND '20:30'
            THEN (date_trunc('day', t.received_at AT TIME ZONE '{zone}') + interval '10 hours') AT TIME ZONE '{zone}'
            ELSE t.received_at END AS begun
    FROM tickets_ticket t
    CROSS JOIN (VALUES {targets}) named (target, policy_id, due_step, offsets, open_in, made_in)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT {open_now} THEN t.received_at + interval '1 hour'
            ELSE CASE WHEN t.state = 'waiting' THEN {at_work}
                WHEN {only_repair} THEN t.next_due_at - {repair_later} ELSE t.next_due_at END
                + CASE WHEN target = 'repair' THEN {repair_later} ELSE interval '0' END END AS due
    ) own
    WHERE t.id BETWEEN %(low)s AND %(high)s AND t.state = ANY(made_in)
        AND CASE target WHEN 'response' THEN true WHEN 'repair' THEN t.kind = 'repair' ELSE t.visit_needed END
"""
_DONE = ["resolved", "closed", "refused", "cancelled"]
_UNDER_WAY = ["in_progress", "visit_planned", "visiting", "waiting"]
# target: in which states it is open, in which it was made at all
_MADE: dict[Target, tuple[list[str], list[str]]] = {
    Target.RESPONSE: (["received", "reopened"], ["received", "reopened", *_UNDER_WAY, *_DONE]),
    Target.VISIT_ANSWER: ([], ["visit_planned", "visiting", *_DONE]),
    Target.ON_SITE: (
        ["received", "reopened", "in_progress", "visit_planned", "waiting"],
        ["received", "reopened", *_UNDER_WAY, *_DONE],
    ),
    Target.REPAIR: (_UNDER_WAY, [*_UNDER_WAY, *_DONE]),
}
_ANSWERED_AFTER = "interval '10 minutes'"  # of a broken promise: before anything is escalated


def _clocks(cursor: Any, low: int, high: int, at: datetime) -> None:
    """The promises of each ticket; those still open run or pause, and have their history."""
    rows: list[str] = []
    given: dict[str, Any] = {"low": low, "high": high, "at": at}
    for target, (open_in, made_in) in _MADE.items():
        policy = Policy.objects.filter(target=target, current=True).order_by("pk")[0]
        values = [str(target), policy.pk, policy.due_step, _offsets(policy), open_in, made_in]
        names = [f"{target}_{place}" for place in range(len(values))]
        casts = ("text", "bigint", "int", "interval[]", "text[]", "text[]")
        rows.append("(" + ", ".join(f"%({name})s::{cast}" for name, cast in zip(names, casts, strict=True)) + ")")
        given |= dict(zip(names, values, strict=True))
    source = _BULK_CLOCK.format(
        targets=", ".join(rows),
        open_now="(t.state = ANY(open_in))",
        at_work=_at_work("greatest(t.wake_at, t.received_at + interval '2 days')"),
        only_repair=f"NOT ({_NEAR.format(visit='t.visit_needed', state='t.state')})",
        repair_later=_REPAIR_LATER,
        zone=_ZONE,
    )
    late = f"(stands = 'running' AND due + {_ANSWERED_AFTER} < %(at)s)"
    broken = f"({late} OR (stands = 'met' AND id %% 12 = 0))"
    fires = "ARRAY(SELECT due + o FROM unnest(offsets) WITH ORDINALITY u (o, n) ORDER BY n)"
    insert(
        cursor,
        Clock,
        {
            "ticket_id": "id",
            "target": "target",
            "policy_id": "policy_id",
            "state": "stands",
            "started_at": "begun",
            "warn_at": "due + offsets[1]",
            "due_at": "due",
            "fire_times": fires,
            "due_step": "due_step",
            "step": f"CASE WHEN {broken} THEN due_step + 1 ELSE 0 END",
            "round": "CASE WHEN stands = 'met' THEN 1 ELSE 2 END",
            "next_fire_at": f"CASE WHEN stands = 'running' AND NOT {late} THEN due + offsets[1] END",
            "paused_at": "CASE WHEN stands = 'paused' THEN begun + interval '10 minutes' END",
            "pause_reason": "CASE WHEN stands = 'paused' THEN 'customer' ELSE '' END",
            "broken": broken,
            "breached_at": f"CASE WHEN {broken} THEN due END",
            "acknowledged_at": f"CASE WHEN {late} THEN due + {_ANSWERED_AFTER} END",
            "acknowledged_by_id": f"CASE WHEN {late} THEN owner_id END",
            "met_at": "CASE WHEN stands = 'met' THEN received_at + CASE WHEN id %% 12 = 0 THEN interval '3 hours'"
            " ELSE interval '20 minutes' END END",
        },
        f"({source}) b",
        given,
    )
    _history(cursor, low, high)


def _history(cursor: Any, low: int, high: int) -> None:
    """How the open clocks came to stand as they do: started, moved by the customer, paused; what was set off."""
    given = {"low": low, "high": high}
    mine = "sla_clock c WHERE c.ticket_id BETWEEN %(low)s AND %(high)s AND c.state <> 'met'"
    row = {"clock_id": "c.id", "door": "'system'", "policy_id": "c.policy_id"}
    moved = "jsonb_build_object('until', c.due_at, 'round', 2, 'step', 0)"
    insert(cursor, Segment, {**row, "kind": "'start'", "at": "c.started_at"}, mine, given)
    extended = {"kind": "'extend'", "at": "c.started_at + interval '1 minute'", "cause": "'customer_wish'"}
    insert(cursor, Segment, {**row, **extended, "data": moved}, mine, given)
    paused = {"kind": "'pause'", "at": "c.paused_at", "cause": "'customer'"}
    insert(cursor, Segment, {**row, **paused}, f"{mine} AND c.state = 'paused'", given)
    insert(
        cursor,
        Firing,
        {
            "clock_id": "c.id",
            "round": "c.round",
            "step": "CASE n WHEN c.due_step THEN 'due' ELSE 'warn-' || n + 1 END",
            "due_at": "c.fire_times[n + 1]",
            "fired_at": "c.fire_times[n + 1]",
        },
        "sla_clock c CROSS JOIN LATERAL generate_series(0, c.due_step) n"
        " WHERE c.ticket_id BETWEEN %(low)s AND %(high)s AND c.state = 'running' AND c.broken ORDER BY c.id, n",
        given,
    )


def _offsets(policy: Policy) -> list[timedelta]:
    """When each step of a policy comes, from its end on."""
    before = [
        policy.span * (step["percent"] / 100 - 1) if "percent" in step else -timedelta(seconds=step["before"])
        for step in policy.steps[: policy.due_step]
    ]
    after = [timedelta(seconds=step["after"]) for step in policy.steps[policy.due_step + 1 :]]
    return [*before, timedelta(0), *after]


def _events(cursor: Any, low: int, high: int, each: int) -> None:
    """A registration, a contact, and notes until there are `each`."""
    insert(
        cursor,
        Event,
        {
            "ticket_id": "t.id",
            "kind": "CASE n WHEN 1 THEN 'ticket.registered' WHEN 2 THEN 'ticket.contacted' ELSE 'ticket.noted' END",
            "at": "t.received_at + n * interval '7 minutes'",
            "recorded_at": "t.received_at + n * interval '7 minutes'",
            "door": "'page'",
            "user_id": "t.owner_id",
            "from_state": "CASE n WHEN 2 THEN 'received' ELSE '' END",
            "to_state": "CASE n WHEN 1 THEN 'received' WHEN 2 THEN 'in_progress' ELSE '' END",
            "version": "n",
        },
        "tickets_ticket t CROSS JOIN generate_series(1, %(each)s) n WHERE t.id BETWEEN %(low)s AND %(high)s"
        " ORDER BY t.id, n",
        {"low": low, "high": high, "each": min(each, MOST_EVENTS)},
    )


# ── tools ──────────────────────────────────────────────────────────────────────────────────────
def insert(cursor: Any, model: type[models.Model], columns: dict[str, str], source: str, given: dict[str, Any]) -> None:
    """INSERT … SELECT; columns that are not named get the default that the model would give them."""
    params, chosen = dict(given), dict(columns)
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column in chosen or field.null or field.primary_key or field.db_default is not NOT_PROVIDED:
            continue
        chosen[column] = f"%(default_{column})s"
        params[f"default_{column}"] = field.get_db_prep_save(field.get_default(), connection)
    names, values = ", ".join(f'"{name}"' for name in chosen), ", ".join(chosen.values())
    cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {source}", params)


def _next_id(cursor: Any, model: type[models.Model]) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {model._meta.db_table}")
    return int(cursor.fetchone()[0])


def _sequences(cursor: Any) -> None:
    """Real rows go on where these end."""
    for model in (Customer, Site, Product, Ticket):
        table = model._meta.db_table
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    cursor.execute(
        "SELECT setval('ticket_numbers', greatest((SELECT max(id) FROM tickets_ticket), nextval('ticket_numbers')))"
    )


@contextmanager
def _without_indexes(cursor: Any, tell: Callable[[str], None], began: float) -> Any:
    """Drop what slows inserting down and make it again from its own definition."""
    tables = [model._meta.db_table for model in REBUILT]
    cursor.execute(
        "SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " WHERE c.contype = 'f' AND c.conrelid = ANY(%s::regclass[]) ORDER BY 2",
        [tables],
    )
    keys = cursor.fetchall()
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT EXISTS"
        " (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 1",
        [tables],
    )
    indexes = cursor.fetchall()
    for table, name, _definition in keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cursor.execute(definition)
    tell(f"{monotonic() - began:6.1f} s  {len(indexes)} indexes made")
    for table, name, definition in keys:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    tell(f"{monotonic() - began:6.1f} s  {len(keys)} foreign keys checked")
