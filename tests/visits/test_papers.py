"""Papers: numbered, frozen, verified; a later change makes the next version and says what it changed."""

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from aftersales.core.errors import Invalid, Missing, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete, plan
from tickets.models import OutboxMessage
from visits import fonts, paper_facts, papers, printing, tasks
from visits.models import Paper, Visit
from visits.papers import Picture, Section
from visits.services import dispatch
from visits.services import paper as services
from visits.states import PaperKind
from visits.views import verify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    verify.forget_looks()
    return tmp_path


def make(paper: Paper) -> Paper:
    """Run the task as a worker does."""
    message = OutboxMessage.objects.filter(task=services.RENDER_TASK, args=[paper.pk]).latest("pk")
    tasks.render_paper(message.pk, *message.args)
    paper.refresh_from_db()
    return paper


def pages(paper: Paper, *, customer: bool = False) -> list[str]:
    with (paper.customer_pdf if customer else paper.pdf).open("rb") as file:
        found = [page.extract_text() for page in PdfReader(io.BytesIO(file.read())).pages]
    return [text.replace("\0", "") for text in found]  # pypdf stumbles over letters beyond the first plane


def ended(cast: Cast, **changed: Any) -> Visit:
    ticket = cast.ticket_in("visiting", **{key: changed.pop(key) for key in ("summary", "language") if key in changed})
    return complete(cast, ticket, **changed)


def sheet_of(visit: Visit) -> Paper:
    return Paper.objects.get(visit=visit, kind=PaperKind.SERVICE_SHEET, current=True)


def correct(cast: Cast, visit: Visit, **changed: Any) -> Visit:
    known = {"finding": "压缩机损坏", "work_done": visit.work_done, "reason": "看错了", "by": cast.actor("technician")}
    return services.correct(visit.pk, **{**known, "at": cast.at + timedelta(hours=4), **changed})


# ── versions ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R71")
def test_a_correction_makes_version_2_that_lists_what_changed_and_keeps_the_first(cast: Cast) -> None:
    visit = ended(cast)
    first = make(sheet_of(visit))
    correct(cast, visit)
    second = make(sheet_of(visit))
    first.refresh_from_db()
    assert (first.version, first.current, second.version, second.number) == (1, False, 2, first.number)
    assert second.changes == [{"path": "finding", "old": "冷媒泄漏", "new": "压缩机损坏"}]
    assert "冷媒泄漏" in pages(first)[0]
    assert "压缩机损坏" not in pages(first)[0]
    text = pages(second)[0].replace("\n", "")
    for words in ("Changed since version", "冷媒泄漏", "压缩机损坏", "客户签字所签为较早版本"):
        assert words in text
    event = visit.ticket.events.get(kind="ticket.sheet_corrected")
    assert (event.data["version"], event.data["note"], event.user) == (2, "看错了", cast.technician)


def test_a_correction_needs_a_reason_a_change_and_a_visit_that_has_ended(cast: Cast) -> None:
    visit = ended(cast)
    for changed, field in (
        ({"reason": " "}, "reason"),
        ({"finding": "x" * 4001}, "finding"),
        ({"finding": visit.finding}, "finding"),
    ):
        with pytest.raises(Invalid) as refusal:
            correct(cast, visit, **changed)
        assert refusal.value.errors[0][0] == field
    with pytest.raises(NotAllowed):
        correct(cast, visit, by=cast.actor("technician", "other"))
    assert Paper.objects.filter(visit=visit).count() == 1
    assert not visit.ticket.events.filter(kind="ticket.sheet_corrected").exists()
    planned = plan(cast, cast.ticket(phone="138 0000 4413", serial="X-2"), hours=30)
    with pytest.raises(NotAllowed) as refused:
        correct(cast, planned, finding="x", work_done="y")
    assert refused.value.code == "visit_not_ended"


def test_asking_again_gives_the_same_paper_until_something_changed(cast: Cast) -> None:
    visit = ended(cast)
    by = cast.actor("dispatcher")
    first = services.issue(visit.pk, "service_sheet", by=by)
    assert services.issue(visit.pk, "service_sheet", by=by).pk == first.pk
    customer = visit.ticket.customer
    customer.name = "王秀兰"
    customer.save()
    second = services.issue(visit.pk, "service_sheet", by=by)
    assert (second.version, second.changes) == (2, [{"path": "customer", "old": "王秀英", "new": "王秀兰"}])
    assert second.content_sha256 != first.content_sha256


def test_the_hash_is_of_what_the_paper_says(cast: Cast) -> None:
    sheet = sheet_of(ended(cast))
    assert sheet.content_sha256 == papers.digest("service_sheet", sheet.number, sheet.content)
    changed = {**sheet.content, "finding": "冷媒泄漏。"}
    assert papers.digest("service_sheet", sheet.number, changed) != sheet.content_sha256
    assert papers.canonical({"b": 1, "a": "𠮷"}) == '{"a":"𠮷","b":1}'


@pytest.mark.rule("R20")
def test_a_moved_appointment_makes_version_2_of_a_dispatch_order_that_was_printed(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    order = make(services.issue(visit.pk, "dispatch_order", by=cast.actor("dispatcher"), at=cast.at))
    assert order.number == visit.order_number
    text = pages(order)[0]
    for words in (
        "派工单",
        "Dispatch order",
        visit.order_number,
        "王秀英",
        "Li Ming",
        "R20",
        "Before leaving",
        "badge",
    ):
        assert words in text, words
    dispatch.move_visit(
        visit.ticket_id,
        technician=cast.technician,
        window_start=cast.at + timedelta(hours=5),
        window_end=cast.at + timedelta(hours=6),
        reason="traffic",
        customer_wish=True,
        by=cast.actor("dispatcher"),
        at=cast.at + timedelta(minutes=40),
    )
    second = Paper.objects.get(visit=visit, kind="dispatch_order", current=True)
    assert second.version == 2
    assert second.changes == [
        {"path": "promised", "old": "2026-03-04 12:00 – 14:00", "new": "2026-03-04 15:00 – 16:00"}
    ]


def test_a_sheet_from_before_versions_is_taken_as_it_is(cast: Cast) -> None:
    visit = ended(cast)
    Paper.objects.filter(visit=visit).update(content={}, content_sha256="", code="")
    sheet = make(sheet_of(visit))
    assert sheet.state == "ready"
    assert sheet.content["finding"] == "冷媒泄漏"
    assert len(sheet.code) == 16
    assert services.issue(visit.pk, "service_sheet", by=cast.actor("dispatcher")).version == 1


# ── the forms ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R32")
def test_the_customers_copy_has_a_contact_card_and_no_company_copy(cast: Cast, settings: Any) -> None:
    settings.COMPANY_CONTACT = "400-800-1234"
    sheet = make(sheet_of(ended(cast)))
    (page,) = pages(sheet, customer=True)
    for words in ("Customer copy", "Contact card", "400-800-1234", sheet.visit.ticket.number, "3 to 7 days", "1 / 1"):
        assert words in page, words
    assert "Company copy" not in page
    company, customer = pages(sheet)
    assert "Company copy" in company
    assert "Contact card" not in company
    assert "Contact card" in customer
    assert all("1 / 1" in text for text in (company, customer))


@pytest.mark.rule("R32")
def test_a_survey_is_a_blank_form_with_the_tickets_data(cast: Cast) -> None:
    visit = plan(cast, cast.ticket(language="zh-hant"))
    survey = make(services.issue(visit.pk, "survey", by=cast.actor("clerk"), at=cast.at))
    (page,) = pages(survey)
    assert survey.number.startswith("Q20260304-")
    for words in (
        "滿意度調查表",
        "Satisfaction survey",
        "王秀英",
        visit.ticket.number,
        "came on time",
        "would recommend us",
        "Is the problem solved?",
        "R32",
    ):
        assert words in page, words


def test_an_installation_has_its_own_sheet_and_a_repair_has_none(cast: Cast, settings: Any) -> None:
    settings.COMPANY_CONTACT = "400-800-1234"
    ticket = cast.ticket(kind="installation")
    dispatch.approve_dispatch(ticket.pk, by=cast.actor("manager"), at=cast.at)
    visit = plan(cast, ticket)
    sheet = make(services.issue(visit.pk, "installation", by=cast.actor("technician"), at=cast.at))
    assert all("1 / 1" in text for text in pages(sheet))
    for words in ("安装调试单", "test run", "goods complete", "AB-124A7F9"):
        assert words in pages(sheet)[0], words
    repair = plan(cast, cast.ticket(phone="138 0000 4413", serial="X-2"), hours=30)
    with pytest.raises(NotAllowed) as refusal:
        services.issue(repair.pk, "installation", by=cast.actor("technician"))
    assert refusal.value.code == "paper_not_now"
    with pytest.raises(NotAllowed):
        services.issue(repair.pk, "service_sheet", by=cast.actor("technician"))
    for kind in ("visit_register", "nonsense"):
        with pytest.raises(Missing):
            services.issue(repair.pk, kind, by=cast.actor("technician"))
    assert not Paper.objects.filter(visit=repair).exists()


def test_a_register_holds_the_visits_of_its_days_and_of_nobody_else(cast: Cast) -> None:
    visit = ended(cast)
    other = plan(cast, cast.ticket(phone="138 0000 4413", serial="X-2", customer_name="李雷"), hours=30)
    by, day = cast.actor("dispatcher"), date(2026, 3, 4)
    register = services.issue_register(technician=cast.technician, first_day=day, last_day=day, by=by, at=cast.at)
    assert list(register.content["rows"]) == [visit.order_number]
    again = services.issue_register(technician=cast.technician, first_day=day, last_day=day, by=by, at=cast.at)
    assert again.pk == register.pk
    text = pages(make(register))[0].replace("\n", "")
    for words in ("上门服务登记表", visit.order_number, "王秀英", "已解决", "更换接头"):
        assert words in text, words
    both = services.issue_register(technician=None, first_day=day, last_day=date(2026, 3, 5), by=by, at=cast.at)
    assert list(both.content["rows"]) == [visit.order_number, other.order_number]
    correct(cast, visit, work_done="更换压缩机")
    second = services.issue_register(technician=cast.technician, first_day=day, last_day=day, by=by, at=cast.at)
    (change,) = papers.changes_of(second)
    assert (second.version, change.where, change.name[0], change.new[0]) == (
        2,
        visit.order_number,
        "Work done",
        "更换压缩机",
    )


def test_a_register_is_bounded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(cast)
    by, day = cast.actor("dispatcher"), date(2026, 3, 4)
    monkeypatch.setattr(paper_facts, "MOST_ROWS", 0)
    for last, code in ((day - timedelta(days=1), "order"), (day + timedelta(days=31), "too_long"), (day, "too_many")):
        with pytest.raises(Invalid) as refusal:
            services.issue_register(technician=None, first_day=day, last_day=last, by=by)
        assert refusal.value.errors[0][:2] == ("last_day", code)
    assert not Paper.objects.filter(kind="visit_register").exists()


def test_a_noun_brings_its_paragraph_with_photographs(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    picture = Picture("漏点", hashlib.sha256(out.getvalue()).hexdigest(), "image/png", out.getvalue)
    section = Section(
        "leak",
        30,
        "visits/papers/_pictures.html",
        lambda visit: {"verdict": "free"} if visit.finding else None,
        pictures=lambda _visit: [picture],
    )
    monkeypatch.setattr(papers, "sections", papers.Sections())
    papers.sections.add(section)
    sheet = make(sheet_of(ended(cast)))
    assert sheet.content["sections"]["leak"] == {
        "verdict": "free",
        "pictures": [{"caption": "漏点", "sha256": picture.sha256}],
    }
    assert "漏点" in pages(sheet)[0]
    with sheet.pdf.open("rb") as file:
        assert len(PdfReader(io.BytesIO(file.read())).pages[0].images) >= 2  # the signature is the other one


# ── characters ─────────────────────────────────────────────────────────────────────────────────
def test_the_subset_has_common_characters_and_the_whole_font_the_rare_ones(cast: Cast) -> None:
    assert {ord(letter) for letter in "維修维修服務服务單单Aé–，Ⅳ①"} <= fonts.characters()
    assert ord("𠮷") not in fonts.characters()
    assert len(fonts.characters()) < 11_000
    sheet = make(sheet_of(ended(cast, signer_name="𠮷田喆", finding="刘喆称漏水")))
    assert "𠮷田喆" in pages(sheet)[0]
    with sheet.pdf.open("rb") as file:
        reader = PdfReader(io.BytesIO(file.read()))
    fonts_used = {str(font.get_object()["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].values()}
    assert any("Papers-SC" in name for name in fonts_used)
    assert any("Noto-Sans-CJK-SC" in name for name in fonts_used)


def test_a_sheet_is_small(cast: Cast) -> None:
    sheet = make(sheet_of(ended(cast)))
    assert sheet.pdf.size <= 150_000
    assert sheet.customer_pdf.size <= 150_000


def test_without_a_subset_the_whole_fonts_serve(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "find", lambda _family, _weight: None)
    monkeypatch.setattr(printing, "_presses", [])
    assert fonts.ready() == ()
    assert "冷媒泄漏" in pages(make(sheet_of(ended(cast))))[0]


def test_the_subset_is_made_once_and_whole(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path
    cuts = fonts.ready()
    assert len(cuts) == 4
    assert all(cut.path.read_bytes().startswith(b"OTTO") for cut in cuts)
    monkeypatch.setattr(fonts, "subset", lambda *_source: pytest.fail("made twice"))
    assert fonts.ready() == cuts


@pytest.mark.parametrize(
    "words",
    [
        "很" * 3900,
        "word " * 780,
        "x" * 3900,
        "😀🎉" * 200,
        "שלום مرحبا " * 100,
        "<script>alert(1)</script>=1+1",
        "行\n" * 1500,
    ],
    ids=["chinese", "latin", "unbroken", "emoji", "right-to-left", "markup", "lines"],
)
def test_prints_whatever_was_typed(cast: Cast, words: str) -> None:
    sheet = make(sheet_of(ended(cast, finding=words, work_done=words, customer_comment=words)))
    assert sheet.state == "ready"
    text = pages(sheet, customer=True)
    assert f"1 / {len(text)}" in text[0]
    assert f"{len(text)} / {len(text)}" in text[-1]
    if len(text) > 1:
        assert sheet.number in text[1]


# ── verifying ──────────────────────────────────────────────────────────────────────────────────
def test_anybody_with_the_code_sees_that_it_is_valid_and_nothing_of_the_customer(cast: Cast, client: Client) -> None:
    sheet = sheet_of(ended(cast))
    answer = client.get(f"/verify/{sheet.code}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    for words in ("Valid", sheet.number, sheet.short_hash, "Service sheet"):
        assert words in page, words
    for secret in ("王秀英", "浦东大道", "4412", "Li Ming", "冷媒", "AB-124A7F9", sheet.visit.ticket.number):
        assert secret not in page, secret


def test_an_old_version_is_superseded_and_another_code_unknown(cast: Cast, client: Client) -> None:
    visit = ended(cast)
    first = sheet_of(visit)
    correct(cast, visit)
    assert "Superseded by version 2" in client.get(f"/verify/{first.code}/").content.decode()
    for code in ("A" * 16, "1", "x" * 300, "%00", "' OR 1=1"):
        answer = client.get(f"/verify/{code}/")
        assert answer.status_code == 404, code
        assert "Unknown" in answer.content.decode() or "not found" in answer.content.decode().lower()


def test_a_code_may_be_typed_from_paper(cast: Cast, client: Client) -> None:
    sheet = sheet_of(ended(cast))
    assert client.get("/verify/", {"code": sheet.shown_code.lower()})["Location"] == f"/verify/{sheet.code}/"
    assert client.get("/verify/", {"code": "abc"}).status_code == 422
    assert "code" in client.get("/verify/").content.decode()


def test_looking_up_many_papers_is_slowed_down(cast: Cast, client: Client) -> None:
    sheet = sheet_of(ended(cast))
    for _look in range(verify.PER_MINUTE):
        assert client.get(f"/verify/{sheet.code}/").status_code == 200
    answer = client.get(f"/verify/{sheet.code}/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert sheet.number not in answer.content.decode()
    assert client.get(f"/verify/{sheet.code}/", REMOTE_ADDR="10.9.8.7").status_code == 200


def test_the_mark_leads_to_the_page_that_verifies(cast: Cast, settings: Any) -> None:
    settings.PUBLIC_URL = "https://service.example.com/"
    sheet = sheet_of(ended(cast))
    assert printing.verify_address(sheet) == f"https://service.example.com/verify/{sheet.code}/"


# ── pages ──────────────────────────────────────────────────────────────────────────────────────
def test_the_page_of_papers_lists_versions_makes_and_corrects(cast: Cast, client: Client) -> None:
    visit = ended(cast)
    client.force_login(cast.technician)
    answer = client.post(
        f"/visits/{visit.pk}/correct/", {"finding": "压缩机损坏", "work_done": "更换接头", "reason": "看错了"}
    )
    assert answer.status_code == 302
    assert client.post(f"/visits/{visit.pk}/papers/survey/").status_code == 302
    page = client.get(f"/visits/{visit.pk}/papers/").content.decode()
    for words in ("version 2", "superseded", "<del>冷媒泄漏</del>", "<ins>压缩机损坏</ins>", "Satisfaction survey"):
        assert words in page, words
    old = Paper.objects.get(visit=visit, kind="service_sheet", version=1)
    make(old)
    assert client.get(f"/papers/{old.pk}.pdf")["Content-Type"] == "application/pdf"
    assert client.get(f"/papers/{old.pk}.pdf?copy=customer").content != client.get(f"/papers/{old.pk}.pdf").content
    answer = client.post(f"/visits/{visit.pk}/correct/", {"finding": "另一种", "work_done": "更换接头", "reason": ""})
    assert answer.status_code == 422
    assert "另一种" in answer.content.decode()


def test_a_technician_prints_his_own_register_and_sees_no_others(cast: Cast, client: Client) -> None:
    ended(cast)
    other = services.issue_register(
        technician=None, first_day=date(2026, 3, 4), last_day=date(2026, 3, 4), by=cast.actor("dispatcher")
    )
    client.force_login(cast.technician)
    asked = {"first_day": "2026-03-04", "last_day": "2026-03-04", "technician": ""}
    assert client.post("/registers/", asked).status_code == 302
    own = Paper.objects.get(kind="visit_register", technician=cast.technician)
    page = client.get("/registers/").content.decode()
    assert own.number in page
    assert other.number not in page
    make(other)
    assert client.get(f"/papers/{other.pk}.pdf").status_code == 404
    assert client.post("/registers/", {**asked, "last_day": "2026-09-04"}).status_code == 422


def test_the_page_of_papers_costs_the_same_however_many_versions(
    cast: Cast, client: Client, django_assert_max_num_queries: Any
) -> None:
    visit = ended(cast)
    for number in range(4):
        correct(cast, visit, finding=f"again {number}")
    client.force_login(cast.user("dispatcher"))
    with django_assert_max_num_queries(14):
        assert client.get(f"/visits/{visit.pk}/papers/").status_code == 200
