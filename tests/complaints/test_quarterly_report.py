"""The quarterly report of a simulated year, each of its numbers computed once more from the raw rows.

Nothing here shares code with the figures: rows are read as they lie in the tables and counted in plain Python.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings
from pypdf import PdfReader

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import Region, Team, User
from aftersales.core import remembered
from aftersales.customers.models import Product, ProductModel
from archives.simulation import bulk, bulk_complaints, people
from complaints import tasks
from complaints.models import Callback, Complaint, Report
from complaints.services import report as services
from tickets.models import OutboxMessage, Ticket
from tickets.sla import defaults, policies
from tickets.sla.models import Calendar, Policy
from visits.models import Part, Visit

UNTIL = datetime(2027, 1, 5, 2, tzinfo=UTC)
QUARTERS = [date(2026, 2, 1), date(2026, 5, 1), date(2026, 8, 1), date(2026, 11, 1)]
TICKETS, VISITS, COMPLAINTS = 3000, 1500, 400
STEPS = ["acknowledged", "investigated", "decided", "informed", "remedied", "closed"]
CAUSES = {  # as they are printed, in the order in which equal ones stand
    "late": "late or not there", "conduct": "conduct", "workmanship": "workmanship", "product": "fault of the product",
    "part": "faulty part", "charge": "charge", "information": "wrong or missing information",
    "unreachable": "we could not be reached", "logistics": "parts or delivery", "customer": "use or expectation",
    "other": "other",
}  # fmt: skip


@pytest.fixture(scope="module")
def year(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A year of complaints, known by its seed; written once for all questions."""
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media), transaction.atomic():
        defaults.install(Calendar, Policy)
        policies.forget()
        remembered.forget_all()
        cache.clear()
        cast = people.install()
        bulk.write(cast, TICKETS, events=1, at=UNTIL, tell=lambda _line: None)
        bulk_complaints.fill(
            cast, visits=VISITS, complaints=COMPLAINTS, seed=11, at=UNTIL, days=380, tell=lambda _line: None
        )
        yield media
        transaction.set_rollback(True)
    cache.clear()


# ── plain arithmetic over raw rows ─────────────────────────────────────────────────────────────
def bounds(day: date) -> tuple[datetime, datetime]:
    """A quarter in Shanghai, which has no summer time."""
    first = (day.month - 1) // 3 * 3 + 1
    year, following = (day.year, first + 3) if first < 10 else (day.year + 1, 1)
    eight = timedelta(hours=8)
    return datetime(day.year, first, 1, tzinfo=UTC) - eight, datetime(year, following, 1, tzinfo=UTC) - eight


def raw(start: datetime, end: datetime) -> list[dict[str, Any]]:
    return [row for row in Complaint.objects.values() if start <= row["registered_at"] < end]


def at_share(values: list[float], share: float) -> int | None:
    """Between two ranks, in a straight line."""
    if not values:
        return None
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return round(ranked[low] + (ranked[high] - ranked[low]) * (place - low))


def summary(start: datetime, end: datetime, at: datetime) -> dict[str, Any]:
    rows = raw(start, end)
    verdicts = Counter(row["verdict"] for row in rows)
    classes = Counter(row["complaint_class"] for row in rows)
    calls = [
        row for row in Callback.objects.values()
        if start <= row["due_at"] < min(end, at) and row["state"] != "withdrawn"
    ]  # fmt: skip
    handled = [row for row in calls if row["state"] != "owed"]
    return {
        "complaints": len(rows),
        "upheld": verdicts["upheld"],
        "partly": verdicts["partly"],
        "not_upheld": verdicts["not_upheld"],
        "undecided": verdicts[""],
        "classes": [classes[1], classes[2], classes[3]],
        "cost": str(sum((row["cost"] for row in rows), Decimal(0))),
        "visits": len(visits(start, end)),
        "callbacks_owed": len(calls),
        "callbacks_handled": len(handled),
        "callbacks_in_time": sum(1 for row in handled if row["ended_at"] <= row["due_at"]),
    }


def visits(start: datetime, end: datetime) -> list[dict[str, Any]]:
    return [
        row for row in Visit.objects.values("id", "ticket_id", "state", "ended_at")
        if row["state"] == "completed" and start <= row["ended_at"] < end
    ]  # fmt: skip


def repeats(start: datetime, end: datetime) -> Counter[str]:
    """By cause: those whose cause the same customer, or product, had complained of in the ninety days before."""
    tickets = {row["id"]: row for row in Ticket.objects.values("id", "customer_id", "product_id")}
    known = [(row, tickets[row["ticket_id"]]) for row in Complaint.objects.values() if row["cause"]]
    found: Counter[str] = Counter()
    for row, of in known:
        if not start <= row["registered_at"] < end:
            continue
        for other, theirs in known:
            same = of["customer_id"] == theirs["customer_id"] or (
                of["product_id"] is not None and of["product_id"] == theirs["product_id"]
            )
            ago = row["registered_at"] - other["registered_at"]
            if same and other["cause"] == row["cause"] and timedelta(0) < ago <= timedelta(days=90):
                found[row["cause"]] += 1
                break
    return found


def group_of(dimension: str) -> Any:
    """How a complaint's row is put under a model, part, batch, region or team: its three names."""
    tickets = {row["id"]: row for row in Ticket.objects.values("id", "product_id", "region_id", "team_id")}
    products = dict(Product.objects.values_list("id", "model_id"))
    sources: dict[str, Any] = {"model": ProductModel, "region": Region, "team": Team}
    if dimension in sources:
        names = {row.pk: (row.name_en, row.name_zh_hans, row.name_zh_hant) for row in sources[dimension].objects.all()}
    parts = {row.pk: f"{row.number} {row.name}" for row in Part.objects.all()}

    def find(row: dict[str, Any], *, of_visit: bool = False) -> tuple[str, str, str] | None:
        ticket = tickets[row["ticket_id"]]
        if dimension == "part":
            return (parts[row["part_id"]],) * 3 if row["part_id"] else None
        if dimension == "batch":
            return (row["part_batch"],) * 3 if row["part_batch"] else None
        if dimension == "model":
            return names[products[ticket["product_id"]]] if ticket["product_id"] else None
        if dimension == "region":
            return names[ticket["region_id"]] if ticket["region_id"] else None
        key = ticket["team_id"] if of_visit else row["team_id"]
        return names[key] if key else None

    return find


def rounded(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 2) if whole else None


# ── the report ─────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(params=QUARTERS, ids=["Q1", "Q2", "Q3", "Q4"])
def told(request: pytest.FixtureRequest, year: Path) -> tuple[Report, datetime, datetime]:
    """A quarter's report, and where the quarter begins and ends."""
    start, end = bounds(request.param)
    manager = User.objects.filter(role="manager").order_by("pk")[0]
    by = Actor(Door.PAGE, user=manager)
    return services.generate("quarterly", request.param, by=by, at=UNTIL), start, end


@pytest.mark.usefixtures("db")
@pytest.mark.rule("R49")
class TestYear:
    @pytest.fixture(autouse=True)
    def _unblocked(self, year: Path, django_db_blocker: Any, settings: Any) -> Iterator[None]:
        settings.MEDIA_ROOT = year
        with django_db_blocker.unblock():
            yield

    def test_has_something_to_tell_in_each_quarter(self) -> None:
        counts = [len(raw(*bounds(day))) for day in QUARTERS]
        assert min(counts) > 40
        assert 380 < Complaint.objects.count() <= 400
        assert len(Counter(row["cause"] for row in Complaint.objects.values("cause"))) > 9
        assert sum(sum(repeats(*bounds(day)).values()) for day in QUARTERS) > 3

    @pytest.mark.rule("R50")
    def test_counts_as_the_rows_do(self, told: tuple[Report, datetime, datetime]) -> None:
        report, start, end = told
        content = report.content
        now = summary(start, end, UNTIL)
        before = summary(bounds((start - timedelta(days=30)).date())[0], start, UNTIL)
        assert content["summary"] == now
        assert content["before"] == before
        right = now["upheld"] + now["partly"]
        assert content["aims"] == [
            {
                "name": "upheld", "done": right, "of": now["visits"], "value": rounded(right, now["visits"]),
                "aim": 1.0, "most": True, "kept": 100 * right < now["visits"],
            },
            {
                "name": "callbacks", "done": now["callbacks_handled"], "of": now["callbacks_owed"],
                "value": rounded(now["callbacks_handled"], now["callbacks_owed"]), "aim": 100.0, "most": False,
                "kept": now["callbacks_handled"] == now["callbacks_owed"],
            },
        ]  # fmt: skip

    def test_ranks_causes_as_the_rows_do(self, told: tuple[Report, datetime, datetime]) -> None:
        report, start, end = told
        rows = raw(start, end)
        counts = Counter(row["cause"] for row in rows if row["cause"])
        money: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            money[row["cause"]] += row["cost"]
        again, whole, running, expected = repeats(start, end), sum(counts.values()), 0, []
        for cause in sorted(counts, key=lambda one: (-counts[one], list(CAUSES).index(one))):
            running += counts[cause]
            expected.append(
                {
                    "cause": cause, "count": counts[cause], "share": rounded(counts[cause], whole),
                    "cumulative": rounded(running, whole), "repeats": again[cause], "cost": str(money[cause]),
                }
            )  # fmt: skip
        assert report.content["causes"] == expected
        assert report.content["without_cause"] == len(rows) - whole
        assert report.content["repeats"] == sum(again.values())

    def test_times_steps_and_adds_remedies_as_the_rows_do(self, told: tuple[Report, datetime, datetime]) -> None:
        report, start, end = told
        rows = raw(start, end)
        expected = []
        for step in STEPS:
            taken = [
                (row[f"{step}_at"] - row["registered_at"]).total_seconds() for row in rows if row[f"{step}_at"]
            ]  # fmt: skip
            expected.append(
                {"step": step, "count": len(taken), "median": at_share(taken, 0.5), "ninetieth": at_share(taken, 0.9)}
            )
        for found, wanted in zip(report.content["steps"], expected, strict=True):
            assert (found["step"], found["count"]) == (wanted["step"], wanted["count"])
            for name in ("median", "ninetieth"):  # a second of rounding
                assert found[name] == pytest.approx(wanted[name], abs=1)
        remedies: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
        for row in rows:
            if row["remedy"]:
                remedies[row["remedy"]][0] += 1
                remedies[row["remedy"]][1] += row["cost"]
        shown = {row["remedy"]: [row["count"], Decimal(row["cost"])] for row in report.content["remedies"]}
        assert shown == remedies

    @pytest.mark.parametrize("dimension", ["model", "part", "batch", "region", "team"])
    def test_tells_apart_as_the_rows_do(self, told: tuple[Report, datetime, datetime], dimension: str) -> None:
        report, start, end = told
        find = group_of(dimension)
        groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in raw(start, end):
            groups[find(row)].append(row)
        came: Counter[Any] = Counter()
        if dimension in ("model", "region", "team"):
            came = Counter(find(row, of_visit=True) for row in visits(start, end))
        installed = Counter(
            (row.model.name_en, row.model.name_zh_hans, row.model.name_zh_hant)
            for row in Product.objects.select_related("model")
        )
        found = report.content["groups"][dimension]
        for shown in found:
            names = tuple(shown["names"])
            rows = groups[names if any(names) else None]
            verdicts = Counter(row["verdict"] for row in rows)
            classes = Counter(row["complaint_class"] for row in rows)
            right = verdicts["upheld"] + verdicts["partly"]
            measured = dimension in ("model", "region", "team")
            of_visits = came[names if any(names) else None] if measured else None
            products = installed[names] if dimension == "model" else None
            assert shown == {
                "names": list(names), "complaints": len(rows), "upheld": verdicts["upheld"],
                "partly": verdicts["partly"], "not_upheld": verdicts["not_upheld"],
                "classes": [classes[1], classes[2], classes[3]],
                "cost": str(sum((row["cost"] for row in rows), Decimal(0))),
                "visits": of_visits, "per_visits": rounded(right, of_visits) if of_visits else None,
                "installed": products,
                "per_installed": round(1000 * len(rows) / products, 2) if products else None,
            }  # fmt: skip
        everything = sorted((len(rows) for key, rows in groups.items() if key or dimension not in ("part", "batch")))
        assert sorted(shown["complaints"] for shown in found) == everything[-50:]

    def test_lists_each_complaint_of_class_3(self, told: tuple[Report, datetime, datetime]) -> None:
        report, start, end = told
        grave = sorted((row["registered_at"], row["id"]) for row in raw(start, end) if row["complaint_class"] == 3)
        numbers = [f"K{at + timedelta(hours=8):%Y%m%d}-{pk:05d}" for at, pk in grave]
        assert [row["number"] for row in report.content["grave"]] == numbers

    def test_prints_what_it_counted(self, year: Path) -> None:
        """The PDF and not the content: each number of the summary and of the causes stands in its row."""
        start, end = bounds(QUARTERS[2])
        manager = User.objects.filter(role="manager").order_by("pk")[0]
        report = services.generate("quarterly", QUARTERS[2], by=Actor(Door.PAGE, user=manager), at=UNTIL)
        message = OutboxMessage.objects.filter(task=services.RENDER_TASK, args=[report.pk]).latest("pk")
        tasks.render_report(message.pk, *message.args)
        pages = PdfReader(report.files.get(language="en", format="pdf").file).pages
        text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))

        def stands(*cells: Any) -> None:
            assert re.sub(r"\s+", "", "".join(str(cell) for cell in cells)) in text, cells

        now, before = summary(start, end, UNTIL), summary(*bounds(QUARTERS[1]), UNTIL)
        for label, name in (
            ("complaints registered", "complaints"), ("upheld", "upheld"), ("partly upheld", "partly"),
            ("not upheld", "not_upheld"), ("not decided yet", "undecided"), ("completed visits", "visits"),
            ("callbacks due", "callbacks_owed"), ("callbacks handled", "callbacks_handled"),
            ("callbacks in time", "callbacks_in_time"),
        ):  # fmt: skip
            stands(label, f"{now[name]:,}", f"{before[name]:,}", f"{now[name] - before[name]:,}")
        costs = Decimal(now["cost"]), Decimal(before["cost"])
        stands("cost of remedies", f"{costs[0]:,.2f}", f"{costs[1]:,.2f}", f"{costs[0] - costs[1]:,.2f}")
        rows = raw(start, end)
        counts = Counter(row["cause"] for row in rows if row["cause"])
        again, whole, running = repeats(start, end), sum(counts.values()), 0
        for cause in sorted(counts, key=lambda one: (-counts[one], list(CAUSES).index(one))):
            running += counts[cause]
            money = sum((row["cost"] for row in rows if row["cause"] == cause), Decimal(0))
            share, cumulative = 100 * counts[cause] / whole, 100 * running / whole
            stands(CAUSES[cause], counts[cause], f"{share:.2f}", f"{cumulative:.2f}", again[cause], f"{money:,.2f}")
        right = now["upheld"] + now["partly"]
        stands("upheld complaints, of visits", right, now["visits"], f"{100 * right / now['visits']:.2f}", "<1%")
        assert report.number in text

    def test_is_the_same_year_for_the_same_seed(self) -> None:
        """What was drawn is known; another seed draws another year."""
        one, other = (
            [bulk_complaints.lives(*given) for given in _twice(seed)] for seed in (11, 12)
        )  # fmt: skip
        assert list(one[0]) == list(one[1])
        assert list(other[0]) != list(bulk_complaints.lives(*_twice(11)[0]))


def _twice(seed: int) -> list[Any]:
    from random import Random

    subject = bulk_complaints.Subject(1, 2, 3, 4, 5, datetime(2026, 3, 4, tzinfo=UTC), "hotline")
    house = bulk_complaints.House([1, 2], [3], [4], [(1, "P-1"), (2, "P-2")])
    return [(Random(seed), subject, house, UNTIL) for _time in range(2)]
