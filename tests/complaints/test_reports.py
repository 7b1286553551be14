"""Reports: generated once a period, frozen, signed off by the manager, filed; as PDF and XLSX in three languages."""

import io
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import Error, transaction
from django.test import Client
from pypdf import PdfReader

from aftersales.accounts.actors import SYSTEM
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from complaints import report_content, report_files, tasks
from complaints.models import Report, ReportFile
from complaints.report_content import Section, digest
from complaints.report_tables import Column, Shape, Table, tables
from complaints.services import report as services
from tests.complaints.helpers_figures import complaint
from tests.people import Cast
from tickets.models import OutboxMessage
from tickets.sla.models import Calendar, CalendarDay
from visits.models import Part

pytestmark = pytest.mark.django_db

APRIL = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)  # a Wednesday, 09:00 in Shanghai: the service day has begun


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def generate(cast: Cast, kind: str = "quarterly", day: date = date(2026, 3, 4), **more: Any) -> Report:
    given = {"by": cast.actor("supervisor"), "at": APRIL, **more}
    return services.generate(kind, day, **given)


def make_files(report: Report) -> dict[tuple[str, str], ReportFile]:
    """Run the task as a worker does."""
    message = OutboxMessage.objects.filter(task=services.RENDER_TASK, args=[report.pk]).latest("pk")
    tasks.render_report(message.pk, *message.args)
    return {(row.language, row.format): row for row in report.files.all()}


def cells(data: bytes) -> list[list[list[tuple[str, str]]]]:
    """The sheets of a workbook: rows of (type, value), read without a spreadsheet."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        words = ["".join(one.itertext()) for one in root.findall("m:si", space)]
        found = []
        names = sorted(
            (name for name in book.namelist() if name.startswith("xl/worksheets/sheet")),
            key=lambda name: int(re.sub(r"\D", "", name)),
        )
        for name in names:
            sheet = ElementTree.fromstring(book.read(name))
            rows = []
            for row in sheet.iterfind(".//m:row", space):
                line = []
                for cell in row.findall("m:c", space):
                    assert cell.find("m:f", space) is None, "a formula"
                    value = cell.findtext("m:v", "", space)
                    kind = cell.get("t", "n")
                    line.append((kind, words[int(value)] if kind == "s" else value))
                rows.append(line)
            found.append(rows)
    return found


# ── generating ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R49")
def test_freezes_what_the_figures_were(cast: Cast) -> None:
    complaint(cast, cast.at, cost=Decimal("12.50"))
    made = generate(cast)
    assert (made.state, made.version, made.first_day, made.last_day) == (
        "generated", 1, date(2026, 1, 1), date(2026, 3, 31),
    )  # fmt: skip
    assert re.fullmatch(r"Q20260401-\d{5}", made.number)
    assert made.content["summary"]["complaints"] == 1
    assert made.content_sha256 == digest("quarterly", made.number, made.content)
    complaint(cast, cast.at + timedelta(days=1))
    made.refresh_from_db()
    assert made.content["summary"]["complaints"] == 1


@pytest.mark.rule("R49")
def test_is_made_by_the_house_on_the_first_service_day_after_the_period_and_once(cast: Cast) -> None:
    cast.ticket()
    assert services.generate_due(at=APRIL - timedelta(hours=1)) == []  # 08:00: not open yet
    made = services.generate_due(at=APRIL)
    assert [(one.kind, one.first_day, one.generated_by) for one in made] == [
        ("quarterly", date(2026, 1, 1), None),
        ("eight_d", date(2026, 3, 1), None),
    ]
    assert services.generate_due(at=APRIL + timedelta(hours=1)) == []
    may = services.generate_due(at=datetime(2026, 5, 6, 1, tzinfo=UTC))
    assert [(one.kind, one.first_day) for one in may] == [("eight_d", date(2026, 4, 1))]
    assert Report.objects.count() == 3


@pytest.mark.rule("R49")
def test_waits_while_the_house_is_closed(cast: Cast) -> None:
    cast.ticket()
    calendar = Calendar.objects.get(code="service-hours", current=True)
    CalendarDay.objects.update_or_create(calendar=calendar, date=date(2026, 4, 1), defaults={"periods": []})
    assert services.generate_due(at=APRIL) == []
    assert len(services.generate_due(at=APRIL + timedelta(days=1))) == 2


def test_is_not_made_for_a_time_before_the_house(cast: Cast) -> None:
    cast.ticket(at=APRIL)
    assert services.generate_due(at=APRIL + timedelta(hours=1)) == []


def test_leaves_a_report_alone_that_a_leader_had_made(cast: Cast) -> None:
    cast.ticket()
    made = generate(cast)
    assert [one.kind for one in services.generate_due(at=APRIL)] == ["eight_d"]
    assert Report.objects.filter(kind="quarterly").get() == made


def test_is_the_same_while_nothing_changed_and_the_next_version_afterwards(cast: Cast) -> None:
    first = generate(cast)
    assert generate(cast) == first
    complaint(cast, cast.at)
    second = generate(cast, at=APRIL + timedelta(hours=1))
    first.refresh_from_db()
    assert (second.number, second.version, second.current, first.current) == (first.number, 2, True, False)
    assert str(second) == f"{first.number} v2"


@pytest.mark.parametrize(
    ("kind", "day", "field"),
    [
        ("yearly", date(2026, 3, 4), "kind"),
        ("quarterly", date(2026, 4, 1), "day"),
        ("eight_d", date(2026, 4, 30), "day"),
        ("eight_d", date(1999, 4, 30), "day"),
        ("eight_d", date(9999, 12, 31), "day"),
    ],
)
def test_is_refused_for_a_period_that_is_not_over(cast: Cast, kind: str, day: date, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        generate(cast, kind, day)
    assert refused.value.field == field
    assert not Report.objects.exists()
    assert not OutboxMessage.objects.filter(task=services.RENDER_TASK).exists()


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "technician", "officer", "archivist", "admin"])
def test_is_generated_by_leaders(cast: Cast, role: str) -> None:
    with pytest.raises(Forbidden):
        generate(cast, by=cast.actor(role))
    assert not Report.objects.exists()


# ── signing off and filing ─────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R49")
def test_is_signed_off_by_the_manager_with_a_remark_and_filed(cast: Cast) -> None:
    made = generate(cast)
    services.sign_off(made.pk, remark=" 继续改进 ", by=cast.actor("manager"), at=APRIL + timedelta(hours=2))
    made.refresh_from_db()
    assert (made.state, made.signed_by, made.signed_at, made.remark) == (
        "signed", cast.user("manager"), APRIL + timedelta(hours=2), "继续改进",
    )  # fmt: skip
    services.file(made.pk, by=cast.actor("archivist"), at=APRIL + timedelta(hours=3))
    made.refresh_from_db()
    assert (made.state, made.filed_by, made.filed_at) == ("filed", cast.user("archivist"), APRIL + timedelta(hours=3))


@pytest.mark.rule("R49")
def test_never_changes_once_it_is_signed_off(cast: Cast) -> None:
    made = generate(cast)
    services.sign_off(made.pk, by=cast.actor("manager"), at=APRIL)
    complaint(cast, cast.at)
    with pytest.raises(NotAllowed) as refused:
        generate(cast)
    assert (refused.value.code, refused.value.rule) == ("signed", "R49")
    with pytest.raises(NotAllowed):
        services.sign_off(made.pk, by=cast.actor("manager"), at=APRIL)
    assert Report.objects.count() == 1
    changes: list[dict[str, Any]] = [
        {"content": {}}, {"number": "Q1"}, {"version": 2}, {"last_day": date(2027, 1, 1)},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(Error, match="pgtrigger"), transaction.atomic():
            Report.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(Error, match="pgtrigger"), transaction.atomic():
        Report.objects.filter(pk=made.pk)._raw_delete("default")


@pytest.mark.parametrize("role", ["supervisor", "officer", "archivist", "clerk"])
def test_is_signed_off_by_nobody_else(cast: Cast, role: str) -> None:
    made = generate(cast)
    with pytest.raises(Forbidden):
        services.sign_off(made.pk, by=cast.actor(role), at=APRIL)
    made.refresh_from_db()
    assert (made.state, made.signed_at) == ("generated", None)


def test_is_not_signed_off_where_a_newer_one_is_there(cast: Cast) -> None:
    first = generate(cast)
    complaint(cast, cast.at)
    generate(cast)
    with pytest.raises(NotAllowed) as refused:
        services.sign_off(first.pk, by=cast.actor("manager"), at=APRIL)
    assert refused.value.code == "superseded"


def test_is_not_filed_before_it_is_signed_off(cast: Cast) -> None:
    made = generate(cast)
    with pytest.raises(NotAllowed):
        services.file(made.pk, by=cast.actor("manager"), at=APRIL)
    made.refresh_from_db()
    assert (made.state, made.filed_at) == ("generated", None)


def test_refuses_a_remark_that_is_too_long(cast: Cast) -> None:
    made = generate(cast)
    with pytest.raises(Invalid) as refused:
        services.sign_off(made.pk, remark="好" * 2001, by=cast.actor("manager"), at=APRIL)
    assert refused.value.field == "remark"


# ── files ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R49")
def test_makes_six_files_and_makes_them_anew_with_the_signature(cast: Cast) -> None:
    complaint(cast, cast.at)
    report = generate(cast)
    files = make_files(report)
    assert len(files) == 6
    assert {row.state for row in files.values()} == {"ready"}
    text = "".join(page.extract_text() for page in PdfReader(files["en", "pdf"].file).pages)
    assert report.number in text
    assert "not signed off yet" in text
    before = files["en", "xlsx"].sha256
    services.sign_off(report.pk, remark="well done", by=cast.actor("manager"), at=APRIL)
    assert {row.state for row in report.files.all()} == {"queued"}
    files = make_files(report)
    text = "".join(page.extract_text() for page in PdfReader(files["en", "pdf"].file).pages)
    assert "well done" in text
    assert files["en", "xlsx"].sha256 != before


def test_throws_a_file_away_that_was_made_before_the_signature(cast: Cast) -> None:
    report = generate(cast)
    row = report.files.get(language="en", format="pdf")
    services.sign_off(report.pk, by=cast.actor("manager"), at=APRIL)
    services.keep(row.pk, b"old", signed_at=None)
    row.refresh_from_db()
    assert (row.state, row.sha256) == ("queued", "")


def test_shows_that_making_a_file_failed_and_makes_it_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    report = generate(cast)
    with monkeypatch.context() as broken:
        broken.setattr(report_files, "pdf", lambda *_given: 1 / 0)
        make_files(report)
    assert report.files.filter(state="failed").exists()
    services.remake(report.pk, by=cast.actor("supervisor"))
    assert {row.state for row in make_files(report).values()} == {"ready"}
    with pytest.raises(NotAllowed):
        services.remake(report.pk, by=cast.actor("supervisor"))


@pytest.mark.rule("R85")
@pytest.mark.rule("R49")
def test_gives_the_factory_one_row_for_each_fault_of_product_or_part(cast: Cast) -> None:
    part = Part.objects.create(number="P-200", name="board")
    made = complaint(
        cast, cast.at, cause="part", part=part, part_batch="B7", finding="裂纹", remedy="exchange",
        cost=Decimal("99.90"), remedy_note="new board",
    )  # fmt: skip
    complaint(cast, cast.at, made.ticket, cause="late")
    complaint(cast, cast.at, made.ticket, verdict="not_upheld")
    complaint(cast, datetime(2026, 2, 28, 15, tzinfo=UTC), made.ticket, cause="product")  # decided on 1 March
    complaint(cast, datetime(2026, 3, 31, 15, tzinfo=UTC), made.ticket, cause="product")  # decided in April
    rows = generate(cast, "eight_d").content["rows"]
    assert [row["cause"] for row in rows] == ["product", "part"]
    assert rows[1] == {
        "complaint": made.number, "model": "kfr-35gw", "serial": "AB-124A7F9", "purchased": "", "part": "P-200",
        "batch": "B7", "class": 1, "cause": "part", "cause_note": "", "finding": "裂纹", "verdict": "upheld",
        "remedy": "exchange", "remedy_note": "new board", "cost": "99.90",
        "registered": "2026-03-04T02:00:00+00:00", "decided": "2026-03-05T02:00:00+00:00",
        "remedied": "2026-03-05T18:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_writes_what_looks_like_a_formula_as_text(cast: Cast, evil: str) -> None:
    complaint(cast, cast.at, cause="product", finding=evil, cause_note=evil, part_batch=evil[:40], remedy_note=evil)
    report = generate(cast, "eight_d")
    data = report_files.make(report, "en", "xlsx")
    sheet = cells(data)[1]  # fails where there is a formula
    kept = [(kind, value.replace("_x000D_", "\r")) for kind, value in sheet[1] if value[:1] in "=+-@\t_"]
    assert kept == [("s", evil)] * 4
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b'quotePrefix="1"' in book.read("xl/styles.xml")


def test_writes_numbers_as_numbers_and_times_as_times_of_the_house(cast: Cast) -> None:
    complaint(cast, cast.at, cause="product", cost=Decimal("99.90"))
    row = cells(report_files.make(generate(cast, "eight_d"), "en", "xlsx"))[1][1]
    numbers = [float(value) for kind, value in row if kind == "n"]
    day = (datetime(2026, 3, 4, 10) - datetime(1899, 12, 30)).total_seconds() / 86400  # 10:00 in Shanghai
    assert numbers == pytest.approx([1, 99.9, day, day + 1, day + 40 / 24])


def test_shows_customers_words_as_text_on_paper(cast: Cast) -> None:
    complaint(cast, cast.at, cause="product", finding="<script>alert(1)</script><img src=x>")
    html = report_files.html(generate(cast, "eight_d"), "en")
    assert "&lt;script&gt;" in html
    assert "<script" not in html


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_draws_the_causes(cast: Cast, language: str) -> None:
    complaint(cast, cast.at)
    assert 'src="data:image/svg+xml;base64,' in report_files.html(generate(cast), language)


def test_takes_in_what_another_noun_brings(cast: Cast) -> None:
    def shown(data: dict[str, Any]) -> list[Table]:
        return [Table("marks", "Marks", [Column("average", Shape.PERCENT)], [[data["average"]]])]

    report_content.sections.add(Section("marks", 60, lambda _period, _at: {"average": 4.5}, shown))
    report_content.sections.add(Section("nothing", 50, lambda _period, _at: None, shown))
    try:
        made = generate(cast)
        assert made.content["sections"] == {"marks": {"average": 4.5}}
        assert [row[0].text for row in tables(made)[-1].shown] == ["4.50"]
    finally:
        report_content.sections.remove("marks")
        report_content.sections.remove("nothing")
    assert [table.name for table in tables(made)][-1] != "marks"  # the noun is gone: what is left is still read


# ── pages ──────────────────────────────────────────────────────────────────────────────────────
def sign_in(client: Client, cast: Cast, role: str) -> Client:
    client.force_login(cast.actor(role).user)  # type: ignore[arg-type]
    return client


def test_walks_from_the_form_to_the_file(cast: Cast, client: Client) -> None:
    complaint(cast, cast.at)
    sign_in(client, cast, "manager")
    made = client.post("/reports/", {"kind": "quarterly", "day": "2026-02-01"})
    report = Report.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, f"/reports/{report.pk}/")
    assert "being made" in client.get(f"/reports/{report.pk}/").content.decode()
    make_files(report)
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert f"/reports/{report.pk}/zh-hant.pdf" in page
    pdf = client.get(f"/reports/{report.pk}/zh-hant.pdf")
    assert (pdf.status_code, pdf.headers["Content-Type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    xlsx = client.get(f"/reports/{report.pk}/en.xlsx")
    assert xlsx.headers["Content-Disposition"] == f'attachment; filename="{report.number}-en.xlsx"'
    assert client.post(f"/reports/{report.pk}/sign/", {"remark": "ok"}).status_code == 302
    assert client.post(f"/reports/{report.pk}/file/").status_code == 302
    report.refresh_from_db()
    assert (report.state, report.remark) == ("filed", "ok")
    assert report.number in client.get("/reports/?kind=quarterly").content.decode()
    assert report.number not in client.get("/reports/?kind=eight_d").content.decode()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "weekly", "day": "2026-02-01"}, "kind"),
        ({"kind": "quarterly", "day": "x"}, "day"),
        ({"kind": "quarterly", "day": "2099-02-01"}, "day"),
        ({"kind": "quarterly"}, "day"),
    ],
)
def test_says_what_is_wrong(cast: Cast, client: Client, sent: dict[str, str], field: str) -> None:
    answer = sign_in(client, cast, "supervisor").post("/reports/", sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Report.objects.exists()


def test_answers_404_for_what_is_not_there(cast: Cast, client: Client) -> None:
    report = generate(cast)
    sign_in(client, cast, "manager")
    for path in ("999999/", f"{report.pk}/en.pdf", f"{report.pk}/xx.pdf", f"{report.pk}/en.exe", "999999/en.pdf"):
        assert client.get(f"/reports/{path}").status_code == 404
    assert client.post("/reports/999999/file/").status_code == 404


def test_is_generated_by_the_house_through_the_bell(cast: Cast, settings: Any) -> None:
    ringing = settings.CELERY["beat_schedule"]["generate_reports"]["task"]
    assert ringing == tasks.generate_reports.name
    assert SYSTEM.is_system
    tasks.generate_reports()
    assert not Report.objects.exists()  # a new house has nothing to report
