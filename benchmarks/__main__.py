"""`make bench`: build the databases, measure, compare with the goals; a table here, JSON in var/bench/results.json.

BENCH_ROWS      tickets in the large database (1,000,000); the small one has a hundredth of it, at least 10,000
BENCH_SECONDS   length of one round under load (5)
BENCH_ONLY      parts to run: create,pages,search,sweep,arithmetic,papers,suggest,complaints
DATABASE_URL    a server to use instead of the embedded one; the role needs CREATEDB
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from aftersales.embedded import places
from benchmarks import load, servers

ROWS = int(os.environ.get("BENCH_ROWS", 1_000_000))
SMALL = min(ROWS, max(10_000, ROWS // 100))
SECONDS = float(os.environ.get("BENCH_SECONDS", 5))
ONLY = set(filter(None, os.environ.get("BENCH_ONLY", "").split(",")))
ROUNDS, CLIENTS, EVENTS = 5, 8, 3
PAGE_ROUNDS, PAGE_REQUESTS = 3, 25
FIRING_ROUNDS = 4
VIEWS = ("mine", "unowned", "follow_up", "waiting", "clock", "closed")


@dataclass
class Row:
    """One figure beside its goal; `good` is None where there is no goal."""

    name: str
    value: float
    unit: str
    goal: str = ""
    good: bool | None = None
    note: str = ""


def main() -> int:
    rows: list[Row] = []
    busy = os.getloadavg()[0]
    with servers.running() as environ:
        small = servers.database(environ, SMALL, events=EVENTS) if not ONLY or ONLY & {"create", "pages"} else {}
        parts: dict[str, Callable[[], Iterator[Row]]] = {
            "create": lambda: create(small),
            "pages": lambda: pages(small, servers.database(environ, ROWS, events=EVENTS)),
            "search": lambda: search(servers.database(environ, ROWS, events=EVENTS)),
            "sweep": lambda: sweeping(environ),
            "arithmetic": lambda: arithmetic(servers.database(environ, ROWS, events=EVENTS)),
            "papers": lambda: papers(environ),
            "suggest": lambda: suggest(servers.empty(environ, "planning")),
            "complaints": lambda: complaints(servers.database(environ, ROWS, events=EVENTS)),
        }
        for name, part in parts.items():
            if ONLY and name not in ONLY:
                continue
            for row in part():
                rows.append(row)
                print(line(row), flush=True)
    report = {
        "rows": ROWS,
        "small": SMALL,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": busy},
        "results": [asdict(row) for row in rows],
    }
    (servers.HOME / "results.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    if busy > 0.5 * (os.cpu_count() or 1):
        print(f"\nThe machine was busy before (load {busy:.1f}): times are too long; only ratios tell something.")
    missed = [row for row in rows if row.good is False]
    print(f"\n{len(rows)} figures, {len(missed)} short of their goal; {servers.HOME / 'results.json'}")
    return 1 if missed else 0


def line(row: Row) -> str:
    verdict = {True: "reached", False: "MISSED", None: ""}[row.good]
    return f"{row.name:<46}{row.value:>12,.2f} {row.unit:<10}{row.goal:<26}{verdict:<9}{row.note}"


# ── creating ───────────────────────────────────────────────────────────────────────────────────
def create(environ: dict[str, str]) -> Iterator[Row]:
    """POST /api/v1/tickets against the barest view that inserts five rows, in rounds by turns."""
    known = samples(environ, 1)
    ours: list[load.Result] = []
    bare: list[load.Result] = []
    with web(environ) as port, web({**environ, "BENCH_URLS": "benchmarks.baseline.urls"}) as bare_port:
        asked = {"Authorization": f"Bearer {known['key']}", "Content-Type": "application/json"}

        def post(number: int) -> load.Request:
            body = json.dumps(new_ticket(number)).encode()
            return "POST", "/api/v1/tickets", body, {**asked, "Idempotency-Key": uuid.uuid4().hex}

        def post_bare(number: int) -> load.Request:
            return "POST", "/tickets", json.dumps(new_ticket(number)).encode(), {"Content-Type": "application/json"}

        load.run(port, post, clients=CLIENTS, seconds=2)
        load.run(bare_port, post_bare, clients=CLIENTS, seconds=2)
        for _round in range(ROUNDS):
            ours.append(load.run(port, post, clients=CLIENTS, seconds=SECONDS))
            bare.append(load.run(bare_port, post_bare, clients=CLIENTS, seconds=SECONDS))
        alone = load.run(port, post, count=100)
    for result, name in ((ours, "POST /api/v1/tickets"), (bare, "bare view, five rows by the ORM")):
        demand(result, {201}, name)
        yield Row(f"{name}, {CLIENTS} clients", statistics.median(one.rate for one in result), "a second")
        yield Row("  p95", statistics.median(one.percentile(0.95) for one in result), "ms")
    ratios = [one.rate / other.rate for one, other in zip(ours, bare, strict=True)]
    ratio = statistics.median(ratios)
    note = f"rounds {min(ratios):.2f}–{max(ratios):.2f}"
    yield Row("create: share of the bare view", ratio, "", "≥ 0.50 (aim 0.70)", ratio >= 0.5, note)
    yield Row("POST /api/v1/tickets, 1 client, p95", alone.percentile(0.95), "ms")


def new_ticket(number: int) -> dict[str, Any]:
    """Everything that the contract names."""
    unique = uuid.uuid4().int
    return {
        "external_id": f"B{unique % 10**18}",
        "kind": "repair",
        "channel": "partner",
        "customer": {
            "name": f"王秀英{unique % 1000}",
            "phone": f"138{unique % 10**8:08d}",
            "email": f"b{unique % 10**6}@example.com",
            "language": "zh-hans",
            "vip": False,
        },
        "site": {"address": f"上海市浦东新区张杨路{number % 2000}号", "region": "cn-shanghai"},
        "product": {
            "model": "kfr-35gw",
            "serial": f"KF-{unique % 16**7:07X}",
            "purchased_on": "2025-05-01",
            "voucher_number": f"FP{unique % 10**8}",
        },
        "fault_grade": 2,
        "visit_needed": True,
        "summary": "空调不制冷，吹出来是热风",
        "description": "昨天晚上开始的，之前没有修过。客户已经自己断电重启过，没有用。",
        "wished_windows": [
            {"start": "2099-01-04T09:00:00+08:00", "end": "2099-01-04T12:00:00+08:00"},
            {"start": "2099-01-05T09:00:00+08:00", "end": "2099-01-05T12:00:00+08:00"},
        ],
    }


# ── pages ──────────────────────────────────────────────────────────────────────────────────────
def pages(small: dict[str, str], large: dict[str, str]) -> Iterator[Row]:
    """First pages and ticket pages at both sizes, by turns."""
    known = {name: samples(environ, PAGE_REQUESTS) for name, environ in (("small", small), ("large", large))}
    with web(small) as small_port, web(large) as large_port:
        ports = {"small": small_port, "large": large_port}

        def measure(path: Callable[[dict[str, Any], int], str], headers: Callable[[dict[str, Any]], dict[str, str]]):  # type: ignore[no-untyped-def]
            found = {name: load.Result() for name in ports}
            for round_ in range(PAGE_ROUNDS + 1):
                for name, port in ports.items():
                    one = known[name]

                    def get(number: int, one: dict[str, Any] = one) -> load.Request:
                        return "GET", path(one, number), None, headers(one)

                    result = load.run(port, get, count=PAGE_REQUESTS)
                    if round_:  # the first round warms up
                        found[name].add(result)
            return found

        lists = [(f"desk {view}, {who}", f"/desk/?view={view}&who={who}") for view in VIEWS for who in ("me", "all")]
        lists.append(("GET /api/v1/tickets", "/api/v1/tickets"))
        lists.append(("GET /api/v1/tickets?state=closed", "/api/v1/tickets?state=closed"))
        for name, path in lists:
            found = measure(lambda _one, _number, path=path: path, as_partner if path.startswith("/api") else as_clerk)
            demand(found.values(), {200}, name)
            before, after = (found[size].percentile(0.95) for size in ("small", "large"))
            good = after <= 1.3 * before and after <= 60
            middle = [found[size].percentile(0.5) for size in ("small", "large")]
            note = f"{after / before:.2f} × {before:.1f} ms; p50 {middle[1]:.1f} = {middle[1] / middle[0]:.2f} × small"
            yield Row(f"{name}, p95", after, "ms", "≤ 60, ≤ 1.3 × small", good, note)
        found = measure(lambda one, number: f"/tickets/{one['numbers'][number % len(one['numbers'])]}/", as_clerk)
        demand(found.values(), {200}, "ticket page")
        after = found["large"].percentile(0.95)
        yield Row(
            "ticket page, p95", after, "ms", "≤ 80", after <= 80, f"small {found['small'].percentile(0.95):.1f} ms"
        )
        found = measure(lambda _one, _number: "/dashboard/", lambda one: {"Cookie": one["supervisor"]})
        after = found["large"].percentile(0.95)
        yield Row("dashboard, p95", after, "ms", note=f"small {found['small'].percentile(0.95):.1f} ms")


def as_clerk(known: dict[str, Any]) -> dict[str, str]:
    return {"Cookie": known["clerk"]}


def as_partner(known: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {known['key']}"}


# ── search ─────────────────────────────────────────────────────────────────────────────────────
def search(large: dict[str, str]) -> Iterator[Row]:
    """What clerks type, at the large size."""
    known = samples(large, PAGE_REQUESTS)
    wanted = {
        "telephone tail, 6 digits": known["tails"],
        "telephone tail, 4 digits": [tail[-4:] for tail in known["tails"]],
        "telephone tail of thousands (8888)": ["8888"],
        "serial number, last 5": known["serials"],
        "name": known["names"],
        "subject": known["subjects"],
        "two characters, common (空调)": ["空调"],
        "two characters, traditional (空調)": ["空調"],
        "two characters, rare (蜂鸣)": ["蜂鸣"],
        "two characters, absent (鲸鱼)": ["鲸鱼"],
        "two words (空调 张伟)": ["空调 张伟"],
        "one character (冷)": ["冷"],
        "Latin word, common (air)": ["air"],
        "Latin word, absent (zeppelin)": ["zeppelin"],
    }
    with web(large) as port:
        for name, values in wanted.items():

            def get(number: int, values: list[str] = values) -> load.Request:
                return "GET", f"/search/?q={quote(values[number % len(values)])}", None, as_clerk(known)

            load.run(port, get, count=5)
            result = load.run(port, get, count=PAGE_REQUESTS * 2)
            demand([result], {200}, name)
            value = result.percentile(0.95)
            note = f"p50 {result.percentile(0.5):.1f} ms"
            yield Row(f"search: {name}, p95", value, "ms", "≤ 100", value <= 100, note)
        for text in ("空调", "鲸鱼"):
            path = f"/api/v1/tickets?q={quote(text)}"
            result = load.run(port, lambda _n, path=path: ("GET", path, None, as_partner(known)), count=PAGE_REQUESTS)
            demand([result], {200}, path)
            value = result.percentile(0.95)
            yield Row(f"GET /api/v1/tickets?q={text}, p95", value, "ms", "≤ 100", value <= 100)


# ── the sweep ──────────────────────────────────────────────────────────────────────────────────
def sweeping(environ: dict[str, str]) -> Iterator[Row]:
    """What the sweep costs among few and among very many running clocks; databases of its own, used up and refilled."""
    small, large = (servers.empty(environ, f"sweep_{rows}") for rows in (SMALL, ROWS))
    for found, rows in ((small, SMALL), (large, ROWS)):
        _sweeping(found, "fill", str(rows))
    turns = [[float(_sweeping(found, "firing")) for found in (small, large)] for _round in range(FIRING_ROUNDS)]
    few, many = (statistics.median(turn[place] for turn in turns) for place in (0, 1))
    ratio = statistics.median(turn[1] / turn[0] for turn in turns)
    note = f"{ratio:.2f} × {few:.2f} ms among {SMALL:,}"
    yield Row("a firing with event and notices", many, "ms", "≤ 1.3 × small", ratio <= 1.3, note)
    for name, value, unit, goal, good, note in json.loads(_sweeping(large, "all")):
        yield Row(name, value, unit, goal, good, note)


def _sweeping(environ: dict[str, str], *words: str) -> str:
    argv = [sys.executable, "-m", "benchmarks.sweeping", *words]
    return subprocess.run(argv, cwd=servers.CHECKOUT, env=environ, stdout=subprocess.PIPE, text=True, check=True).stdout


# ── papers ─────────────────────────────────────────────────────────────────────────────────────
def papers(environ: dict[str, str]) -> Iterator[Row]:
    """What a service sheet costs with the fonts of the system and with the subset; no database is asked."""
    argv = [sys.executable, "-m", "benchmarks.papers"]
    done = subprocess.run(argv, cwd=servers.CHECKOUT, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    for name, value, unit, goal, good, note in json.loads(done.stdout):
        yield Row(name, value, unit, goal, good, note)


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────
def arithmetic(large: dict[str, str]) -> Iterator[Row]:
    """How fast due times are computed, and what a sweep costs that finds nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.arithmetic"],
        cwd=servers.CHECKOUT,
        env=large,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for name, value, unit, *goal in json.loads(done.stdout):
        if goal:
            fast = unit == "a second"
            good = value >= goal[0] if fast else value <= goal[0]
            yield Row(name, value, unit, f"{'≥' if fast else '≤'} {goal[0]:,}", good)
        else:
            yield Row(name, value, unit)


# ── suggestions and plans ──────────────────────────────────────────────────────────────────────
def suggest(environ: dict[str, str]) -> Iterator[Row]:
    """Who had best go when, for one visit and for many; a database of its own, which it fills."""
    argv = [sys.executable, "-m", "benchmarks.planning"]
    done = subprocess.run(argv, cwd=servers.CHECKOUT, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    for name, value, unit, goal, good, note in json.loads(done.stdout):
        yield Row(name, value, unit, goal, good, note)


# ── complaints ─────────────────────────────────────────────────────────────────────────────────
def complaints(large: dict[str, str]) -> Iterator[Row]:
    """The figures of complaints by each thing they are told apart by, and the callback desk's next customer."""
    known = samples(large, 1)
    headers = {"Cookie": known["officer"]}
    quarters = [f"{year}-{month:02}-01" for year in (2025, 2026) for month in (1, 4, 7, 10)]
    with web(large) as port:
        for period in ("quarter", "year"):
            for by in ("model", "part", "batch", "region", "team", "technician"):

                def get(number: int, by: str = by, period: str = period) -> load.Request:
                    first = quarters[number % len(quarters)]
                    return "GET", f"/figures/complaints/?period={period}&first={first}&by={by}", None, headers

                load.run(
                    port, get, count=PAGE_REQUESTS * 2
                )  # each web process keeps the visits of periods that are over
                result = load.run(port, get, count=PAGE_REQUESTS * 2)
                demand([result], {200}, f"figures by {by}")
                value = result.percentile(0.95)
                note = f"p50 {result.percentile(0.5):.1f} ms"
                yield Row(f"complaint figures, {period} by {by}, p95", value, "ms", "≤ 300", value <= 300, note)
        load.run(port, lambda _n: ("GET", "/callbacks/desk/", None, headers), count=5)
        result = load.run(port, lambda _n: ("GET", "/callbacks/desk/", None, headers), count=PAGE_REQUESTS * 2)
        demand([result], {200}, "callback desk")
        value = result.percentile(0.95)
        yield Row("callback desk, next customer, p95", value, "ms", "≤ 80", value <= 80)


# ── tools ──────────────────────────────────────────────────────────────────────────────────────
def samples(environ: dict[str, str], count: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.samples", str(count)],
        cwd=servers.CHECKOUT,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


@contextmanager
def web(environ: dict[str, str]) -> Iterator[int]:
    """The web process as `make run` starts it, on a free port."""
    port = places.free_port()
    argv = [sys.executable, "-m", "gunicorn", "aftersales.wsgi:application", "--worker-class", "gthread"]
    argv += ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    with ExitStack() as stack:
        log = stack.enter_context(open(servers.HOME / "web.log", "ab"))
        process = subprocess.Popen(argv, cwd=servers.CHECKOUT, env=environ, stdout=log, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        until = time.monotonic() + 60
        while 0 in load.run(port, lambda _n: ("GET", "/livez", None, {}), count=1).statuses:
            if time.monotonic() > until or process.poll() is not None:
                raise SystemExit(f"The web process does not answer; see {servers.HOME / 'web.log'}")
            time.sleep(0.2)
        yield port


def demand(results: Any, statuses: set[int], name: str) -> None:
    """A fast error is no result."""
    for result in results:
        if set(result.statuses) - statuses:
            raise SystemExit(f"{name}: unexpected answers {dict(result.statuses)}; see {servers.HOME / 'web.log'}")


if __name__ == "__main__":
    sys.exit(main())
