"""What the sweep costs among very many running clocks, printed as JSON: [[name, value, unit, goal, good, note], …].

    python -m benchmarks.sweeping fill ROWS     a database of that many tickets, each with one running clock
    python -m benchmarks.sweeping firing        the cost of a firing among as many clocks as there are (milliseconds)
    python -m benchmarks.sweeping all           everything else

Each clock is far from due at first; a measurement draws as many of them near as it wants to see fire.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import django

django.setup()

import psycopg2  # noqa: E402
from django.db import connection  # noqa: E402

from aftersales.accounts.models import Team, User  # noqa: E402
from aftersales.customers.models import Customer  # noqa: E402
from aftersales.embedded import run  # noqa: E402
from tickets.sla import sweep  # noqa: E402
from tickets.sla.models import Policy  # noqa: E402

DUE = 100_000  # clocks that fall due in one measurement
OVER_SECONDS = 60
FIRINGS = 800  # to tell the cost of one

_TICKETS = """
INSERT INTO tickets_ticket (number, kind, channel, grade, state, version, cycle, summary, description, visit_needed,
    wished_windows, customer_id, contact_phone, owner_id, team_id, external_id, waiting_for, reason, resolution,
    callback_owed, received_at, updated_at, next_due_at, search_text, terms, goods, collection_notices,
    charge_due, interrupted, complaint_class)
SELECT 'S' || n, 'repair', 'hotline', 3, 'received', 1, 1, 'sweep', '', false, '[]', %(customer)s, '',
    (%(owners)s::bigint[])[1 + n %% 20], %(team)s, '', '', '', '', false, now(), now(), now() + interval '30 days',
    '', '{}', '', 0, false, false, 0
FROM generate_series(%(low)s, %(high)s) n
"""
_CLOCKS = """
INSERT INTO sla_clock (ticket_id, target, cycle, occurrence, policy_id, state, started_at, warn_at, due_at, fire_times,
    due_step, step, round, next_fire_at, failures, last_error, pause_reason, broken)
SELECT t.id, 'response', 1, 1, %(policy)s, 'running', now(), now() + interval '30 days', now() + interval '31 days',
    ARRAY[now() + interval '30 days', now() + interval '31 days', now() + interval '32 days',
        now() + interval '33 days'],
    1, 0, 1, now() + interval '30 days' + t.id * interval '1 ms', 0, '', '', false
FROM tickets_ticket t WHERE NOT EXISTS (SELECT 1 FROM sla_clock c WHERE c.ticket_id = t.id)
"""
# Clocks that were not drawn near before: their end comes between two moments, their escalation a month later.
_DRAW_NEAR = """
WITH chosen AS (
    SELECT id, row_number() OVER () - 1 AS n FROM sla_clock WHERE step = 0 ORDER BY id %(order)s LIMIT %%(count)s
)
UPDATE sla_clock c SET step = 1, due_at = w.due, next_fire_at = w.due,
    fire_times = ARRAY[w.due, w.due, w.due + interval '30 days', w.due + interval '60 days']
FROM (SELECT id, now() + %%(first)s * interval '1 s' + n * %%(over)s / %%(count)s * interval '1 s' AS due FROM chosen) w
WHERE c.id = w.id
"""


def fill(rows: int) -> None:
    sql("SET statement_timeout = 0")
    if not User.objects.filter(username="sweep-lead").exists():
        lead = User.objects.create(username="sweep-lead", name="Lead", role="supervisor", password="!")
        team = Team.objects.create(code="sweep", name_en="Sweep", supervisor=lead)
        for number in range(20):
            User.objects.create(username=f"sweep-{number}", name="Owner", role="clerk", team=team, password="!")
        Customer.objects.create(name="Sweep", created_at="2026-01-01T00:00Z")
    team = Team.objects.get(code="sweep")
    owners = list(User.objects.filter(team=team).values_list("pk", flat=True))
    there = one("SELECT count(*) FROM tickets_ticket")
    customer = Customer.objects.latest("pk").pk
    for low in range(there + 1, rows + 1, 100_000):
        values = {"customer": customer, "owners": owners, "team": team.pk}
        sql(_TICKETS, {**values, "low": low, "high": min(rows, low + 99_999)})
    policy = Policy.objects.get(target="response", current=True, vip=None)
    sql(_CLOCKS, {"policy": policy.pk})
    sql("VACUUM ANALYZE sla_clock, tickets_ticket")


def sql(text: str, values: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def one(text: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchone()[0]


def draw_near(count: int, *, first: float, over: float = 0.0, last: bool = False) -> None:
    sql(_DRAW_NEAR % {"order": "DESC" if last else ""}, {"count": count, "first": first, "over": over})


def measure_firing() -> float:
    """Milliseconds a firing."""
    draw_near(FIRINGS, first=-3600, over=1800)
    began = time.perf_counter()
    assert sweep.sweep() == FIRINGS
    return (time.perf_counter() - began) * 1000 / FIRINGS


def idle(times: int = 300) -> list[float]:
    """Milliseconds of each of so many sweeps that find nothing, as one process does them."""
    horizon, found = sweep.Horizon(), []
    sweep.sweep(horizon=horizon)
    for _time in range(times):
        began = time.perf_counter()
        assert sweep.sweep(horizon=horizon) == 0
        found.append((time.perf_counter() - began) * 1000)
    return sorted(found)


def row(name: str, value: float, unit: str, goal: str = "", good: bool | None = None, note: str = "") -> list[Any]:
    return [name, value, unit, goal, good, note]


def measure_all() -> Iterator[list[Any]]:
    clocks = one("SELECT count(*) FROM sla_clock WHERE state = 'running'")
    found = idle()
    value = statistics.median(found)
    yield row(f"idle sweep among {clocks:,} clocks, p50", value, "ms", "≤ 2", value <= 2, f"p95 {found[284]:.2f} ms")
    yield from _evenly()  # meanwhile the server has cleared up after the filling
    yield from _outage()


@contextmanager
def old_snapshot() -> Iterator[None]:
    """Somebody's dump, or a forgotten transaction: nothing that is dead now can be cleared away."""
    other = psycopg2.connect(os.environ["DATABASE_URL"], options="-c idle_in_transaction_session_timeout=0")
    try:
        other.set_session(isolation_level="REPEATABLE READ")
        other.cursor().execute("SELECT count(*) FROM sla_policy")
        yield
    finally:
        other.close()


def _outage() -> Iterator[list[Any]]:
    with old_snapshot():
        draw_near(DUE, first=-3600, over=3000)
        began = time.perf_counter()
        fired = sweep.sweep()
        rate = fired / (time.perf_counter() - began)
        yield row(f"{fired:,} due at once (after an outage)", rate, "a second", "≥ 6,000", rate >= 6000)
        found = idle()
        value = found[284]
        note = f"p50 {found[150]:.2f} ms, the whole look twice a minute {found[-1]:.0f} ms"
        yield row("idle sweep under an old snapshot, p95", value, "ms", "≤ 10", value <= 10, note)
    sql("VACUUM sla_clock")


def _evenly() -> Iterator[list[Any]]:
    """By beat and a worker, as `make run` starts them."""
    before = one("SELECT count(*) FROM sla_firing")
    with ExitStack() as stack:
        for name in ("worker-sla", "beat"):
            argv = run.command(
                run.PROCESSES[name], schedule=os.path.join(os.environ["AFTERSALES_HOME"], "beat"), grace=3
            )
            process = subprocess.Popen(argv, stdout=sys.stderr, stderr=sys.stderr)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        time.sleep(8)  # until both are at work
        draw_near(DUE, first=5, over=OVER_SECONDS)
        until = time.monotonic() + OVER_SECONDS + 60
        while one("SELECT count(*) FROM sla_firing") - before < DUE and time.monotonic() < until:
            time.sleep(0.5)
        time.sleep(2)
    fired, twice = one("SELECT count(*) FROM sla_firing") - before, one(_TWICE)
    p50, p99, most = one(_LATENESS.format(count=DUE))
    good = fired == DUE and twice == 0 and p99 <= 1.2
    note = f"p50 {p50:.2f} s, at most {most:.2f} s; {fired:,} of {DUE:,} fired, {twice} twice"
    yield row(f"lateness, {DUE:,} over {OVER_SECONDS} s, p99", p99, "s", "≤ 1.2 (aim 0.4)", good, note)


_TWICE = "SELECT count(*) FROM (SELECT 1 FROM sla_firing GROUP BY clock_id, round, step HAVING count(*) > 1) f"
_LATENESS = """
SELECT percentile_cont(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM fired_at - due_at)::float)
FROM (SELECT fired_at, due_at FROM sla_firing ORDER BY id DESC LIMIT {count}) f
"""


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "fill":
        fill(int(rest[0]))
        return
    sql("SET statement_timeout = 0")
    if what == "firing":
        measure_firing()
        print(json.dumps(statistics.median(measure_firing() for _round in range(2))))
    else:
        print(json.dumps(list(measure_all())))


if __name__ == "__main__":
    main()
