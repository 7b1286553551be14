"""How the house is: `/livez` for whoever restarts processes, `/readyz` for whoever is called at night, `/metrics`.

Nothing secret and nobody's data: names of checks, ages in seconds, counts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from aftersales.core.time import now
from tickets.sla import calendars
from tickets.sla.states import Target
from tickets.states import OPEN, State

SWEEP_SECONDS = 30.0
HEARTBEAT_SECONDS = 30.0
COUNT_CAP = 10_000  # an alarm needs no exact number beyond it, and the database need not count on
log = structlog.get_logger(__name__)

# The broker's answer decides nothing but this page: one second, no second try.
_broker = redis.Redis.from_url(
    settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5, retry=None, health_check_interval=0
)


@require_safe
def livez(_request: HttpRequest) -> JsonResponse:
    """Answer that the process answers; asks nobody else, so that a database that is away restarts nothing."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Name what works and what does not; 503 when a check failed.

    Beat is shown and fails nothing: without it others sweep, and the age of the last sweep is what counts.
    """
    checks: dict[str, dict[str, Any]] = {"broker": _checked(_check_broker)}
    checks["database"] = _checked(_check_database)
    if checks["database"]["ok"]:
        checks |= _check_signs_of_life()
        checks["migrations"] = _checked(_check_migrations)
        if checks["migrations"]["ok"]:
            checks["holidays"] = holidays(now())
    failed = sorted(name for name, check in checks.items() if not check["ok"] and not check.get("optional"))
    status = "ok" if all(check["ok"] for check in checks.values()) else "failed" if failed else "degraded"
    return JsonResponse({"status": status, "failed": failed, "checks": checks}, status=503 if failed else 200)


def _checked(check: Callable[[], None]) -> dict[str, Any]:
    try:
        check()
    except (DatabaseError, redis.RedisError, LookupError) as error:
        log.warning("readyz.failed", check=check.__name__, error=repr(error))
        return {"ok": False, "error": type(error).__name__}  # its text may name hosts and users
    return {"ok": True}


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_broker() -> None:
    _broker.ping()


class NotMigrated(LookupError):
    """The tables are older than the code."""


def _check_migrations() -> None:
    if not _migrated():
        _migrated.cache_clear()
        raise NotMigrated


@cache
def _migrated() -> bool:
    """Whether every migration of this code is applied; once true it stays true for the life of the process."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def holidays(at: datetime) -> dict[str, Any]:
    """Name the calendars whose coming year nobody has confirmed; a person's work, so that it fails nothing."""
    return {"ok": True, "unconfirmed": [f"{calendar.code} {year}" for calendar, year in calendars.unconfirmed(at)]}


def _check_signs_of_life() -> dict[str, dict[str, Any]]:
    """Ages of the sweep, the relay, beat, and of the youngest sign of a worker for each queue."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, EXTRACT(EPOCH FROM clock_timestamp() - at)::float8 FROM tickets_heartbeat")
        ages = dict(cursor.fetchall())
    checks = {
        "sweep": _young(ages.get("sweep"), SWEEP_SECONDS),
        "relay": _young(ages.get("relay"), HEARTBEAT_SECONDS),
        "beat": {**_young(ages.get("beat"), HEARTBEAT_SECONDS), "optional": True},
    }
    for queue in settings.CELERY["task_queues"]:
        living = min((age for name, age in ages.items() if name.startswith(f"worker:{queue}@")), default=None)
        check = _young(living, HEARTBEAT_SECONDS)
        # A worker may live and be deaf; that shows only while beat sends something through its queue.
        served = ages.get(f"queue:{queue}")
        if check["ok"] and checks["beat"]["ok"] and served is not None and served > 2 * HEARTBEAT_SECONDS:
            check = {"ok": False, "error": "does not serve its queue", "age_seconds": round(served, 1)}
        checks[f"worker:{queue}"] = check
    return checks


def silent() -> list[str]:
    """What has not shown a sign of life lately: names of checks, for the warning on the dashboard."""
    return [name for name, check in _check_signs_of_life().items() if not check["ok"]]


def _young(age: float | None, most: float) -> dict[str, Any]:
    if age is None:
        return {"ok": False, "error": "never seen"}
    return {"ok": age <= most, "age_seconds": round(age, 1)}


# ── figures ────────────────────────────────────────────────────────────────────────────────────
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, asked of the database at each scrape: with METRICS_TOKEN, else from this machine only."""
    if not _may_read_metrics(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(House())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    # Behind a proxy of this machine everybody comes from the loopback.
    if settings.PROXY_COUNT or "X-Forwarded-For" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


_CAPPED = "(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where} LIMIT %s) AS rows)"


class House(Collector):
    """Counts of open things by their partial indexes, each up to COUNT_CAP; a handful of queries."""

    def describe(self) -> list[Metric]:
        return []  # or the registry would ask the database when this is entered

    def collect(self) -> Iterator[Metric]:
        yield self._tickets()
        yield from self._clocks()
        yield from self._queues()
        yield self._heartbeats()
        yield GaugeMetricFamily(
            "aftersales_holidays_unconfirmed",
            "Calendars whose coming year is not confirmed although it is December.",
            value=len(calendars.unconfirmed(now())),
        )

    @staticmethod
    def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def _tickets(self) -> Metric:
        family = GaugeMetricFamily(
            "aftersales_tickets_open", f"Open tickets by state, counted up to {COUNT_CAP}.", labels=["state"]
        )
        where = "ended_at IS NULL AND state = wanted.state"
        rows = self._rows(
            f"SELECT state, {_CAPPED.format(table='tickets_ticket', where=where)} "  # noqa: S608  our own words
            "FROM unnest(%s) AS wanted(state)",
            [COUNT_CAP, sorted(state.value for state in State if state in OPEN)],
        )
        for state, number in rows:
            family.add_metric([state], number)
        return family

    def _clocks(self) -> Iterator[Metric]:
        """Running by target, overdue, and how late the sweep is with the oldest that it has not broken yet."""
        running = GaugeMetricFamily(
            "aftersales_clocks_running", f"Running promises, counted up to {COUNT_CAP}.", labels=["target"]
        )
        overdue = GaugeMetricFamily(
            "aftersales_clocks_overdue", f"Running promises past due, counted up to {COUNT_CAP}.", labels=["target"]
        )
        where = "state = 'running' AND target = wanted.target"
        rows = self._rows(
            f"SELECT target, {_CAPPED.format(table='sla_clock', where=where)}, "  # noqa: S608  our own words
            f"{_CAPPED.format(table='sla_clock', where=where + ' AND due_at <= statement_timestamp()')} "
            "FROM unnest(%s) AS wanted(target)",
            [COUNT_CAP, COUNT_CAP, sorted(Target.values)],
        )
        for target, running_now, overdue_now in rows:
            running.add_metric([target], running_now)
            overdue.add_metric([target], overdue_now)
        yield running
        yield overdue
        due_where = "next_fire_at <= statement_timestamp()"
        ((late, unfired),) = self._rows(
            "SELECT GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - min(next_fire_at)))::float8, "  # noqa: S608
            f"{_CAPPED.format(table='sla_clock', where=due_where)} FROM sla_clock "
            "WHERE next_fire_at IS NOT NULL",
            [COUNT_CAP],
        )
        yield GaugeMetricFamily(
            "aftersales_sweep_lateness_seconds",
            "How long the oldest promise that is due waits for the sweep; 0 when none does.",
            value=late or 0.0,
        )
        yield GaugeMetricFamily(
            "aftersales_clocks_unfired", "Promises that are due and not yet called broken.", value=unfired
        )

    def _queues(self) -> Iterator[Metric]:
        waiting = _CAPPED.format(table="tickets_outboxmessage", where="publish_at IS NOT NULL")
        # By their partial indexes. Those that wait for the end of quiet hours are not late.
        pending = "state = 'queued' AND next_attempt_at IS NOT NULL"
        due = f"{pending} AND next_attempt_at <= statement_timestamp()"
        late = f"{pending} AND (last_error <> '' OR next_attempt_at <= statement_timestamp())"
        states = {
            "due": _CAPPED.format(table="tickets_notice", where=due),
            "in_flight": _CAPPED.format(
                table="tickets_notice", where="state = 'in_flight' AND next_attempt_at IS NOT NULL"
            ),
            "failed": _CAPPED.format(table="tickets_notice", where="state = 'failed' AND channel <> 'inbox'"),
        }
        ((messages, age, notices, in_flight, failed, notice_age),) = self._rows(
            f"SELECT {waiting}, "  # noqa: S608  our own words
            "(SELECT EXTRACT(EPOCH FROM clock_timestamp() - min(created_at))::float8 FROM "
            "(SELECT created_at FROM tickets_outboxmessage WHERE publish_at IS NOT NULL LIMIT %s) AS rows), "
            f"{states['due']}, {states['in_flight']}, {states['failed']}, "
            "(SELECT EXTRACT(EPOCH FROM clock_timestamp() - min(since))::float8 FROM (SELECT CASE WHEN last_error = '' "
            f"THEN next_attempt_at ELSE created_at END AS since FROM tickets_notice WHERE {late} LIMIT %s) AS rows)",
            [COUNT_CAP] * 6,
        )
        yield GaugeMetricFamily("aftersales_outbox_waiting", "Tasks that no worker has done yet.", value=messages)
        yield GaugeMetricFamily(
            "aftersales_outbox_oldest_seconds", "Age of the oldest of them; 0 when there is none.", value=age or 0.0
        )
        yield GaugeMetricFamily("aftersales_notices_queued", "Notices that are to be sent now.", value=notices)
        yield GaugeMetricFamily("aftersales_notices_in_flight", "Notices that are being sent.", value=in_flight)
        yield GaugeMetricFamily("aftersales_notices_failed", "Notices that nobody could be sent.", value=failed)
        yield GaugeMetricFamily(
            "aftersales_notices_oldest_seconds",
            "How long the oldest notice waits to be sent, quiet hours aside; 0 when none does.",
            value=max(0.0, notice_age or 0.0),
        )

    def _heartbeats(self) -> Metric:
        family = GaugeMetricFamily(
            "aftersales_heartbeat_age_seconds", "Seconds since each process showed that it works.", labels=["name"]
        )
        rows = self._rows(
            "SELECT name, EXTRACT(EPOCH FROM clock_timestamp() - at)::float8 FROM tickets_heartbeat ORDER BY name", []
        )
        for name, age in rows:
            family.add_metric([name], age)
        return family
