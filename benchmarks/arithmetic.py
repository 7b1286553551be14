"""Figures without a web server, printed as JSON: [[name, value, unit], …], with the goal where there is one."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import django

django.setup()

from aftersales.core.working_time import WorkCalendar, add_working_time  # noqa: E402
from tickets.services import desk  # noqa: E402
from tickets.sla import sweep  # noqa: E402
from tickets.sla.defaults import SERVICE_HOURS  # noqa: E402


def a_second(work: Callable[[int], object], seconds: float = 2.0) -> float:
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        work(done)
        done += 1
    return done / (time.perf_counter() - began)


def milliseconds(work: Callable[[], object], times: int = 200) -> float:
    work()
    began = time.perf_counter()
    for _time in range(times):
        work()
    return (time.perf_counter() - began) * 1000 / times


def main() -> None:
    from datetime import time as clock

    hours = tuple((clock.fromisoformat(a), clock.fromisoformat(b)) for a, b in SERVICE_HOURS)
    calendar = WorkCalendar("Asia/Shanghai", (hours,) * 7)
    rng = random.Random(1)
    starts = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(10**7)) for _i in range(1000)]
    hour, week = timedelta(hours=1), timedelta(hours=94.5)
    # Closed every seventh date, so that each span meets a holiday.
    holidays = {date(2026, 1, 1) + timedelta(weeks=n): () for n in range(20)}
    with_holidays = WorkCalendar("Asia/Shanghai", (hours,) * 7, holidays)
    figures: list[tuple[str, float, str] | tuple[str, float, str, float]] = [
        (
            "working time: add one hour",
            a_second(lambda n: add_working_time(starts[n % 1000], hour, calendar)),
            "a second",
        ),
        (
            "working time: add a week",
            a_second(lambda n: add_working_time(starts[n % 1000], week, calendar)),
            "a second",
        ),
        (
            "working time: add a week over a holiday",
            a_second(lambda n: add_working_time(starts[n % 1000], week, with_holidays)),
            "a second",
            20_000,
        ),
        ("sweep that finds nothing", milliseconds(sweep.sweep), "ms"),
        ("waking that finds nothing", milliseconds(desk.wake_due), "ms"),
    ]
    print(json.dumps(figures))


main()
