"""Visit reports, and the numbered forms of surveys, reports and complaints."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from archives import services_merge
from complaints import form_papers
from complaints.models import Complaint, PastCycle, Survey, VisitReport
from complaints.services import form_paper, visit_report
from complaints.services import survey as surveys
from tests.people import Cast
from tests.visits.test_papers import make, pages
from tickets.models import Event, Ticket
from visits import papers, printing
from visits.models import Paper
from visits.paper_words import Labels
from visits.selectors import readable_papers, registers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def kept(paper: Paper) -> list[str]:
    """Its pages as text; its file is kept where PAPERS names a folder, to be looked at."""
    made = make(paper)
    if folder := os.environ.get("PAPERS"):
        with made.pdf.open("rb") as file:
            Path(folder, f"{made.kind}-{made.version}.pdf").write_bytes(file.read())
    return pages(made)


def signed_in(cast: Cast, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(cast.actor(role).user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    return client


def told(cast: Cast, **changed: Any) -> dict[str, Any]:
    """A report as it is entered."""
    return {
        "purpose": "inspection", "visited_at": cast.at, "visited_by": cast.technician, "place": "浦东大道1号",
        "met": "王秀英", "seen": "运行正常，滤网较脏。\n=HYPERLINK(\"http://x\")", "wishes": "希望夏天前再来一次",
        "next_steps": "五月清洗滤网", "follow_up_on": date(2026, 5, 4), "product": None, **changed,
    }  # fmt: skip


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    return cast.visited()


def written(cast: Cast, ticket: Ticket, **changed: Any) -> VisitReport:
    at = cast.at + timedelta(hours=5)
    return visit_report.write(ticket.customer_id, by=cast.actor("clerk"), at=at, **told(cast, **changed))


# ── visit reports ──────────────────────────────────────────────────────────────────────────────
def test_is_written_corrected_and_followed_up(cast: Cast, ticket: Ticket) -> None:
    report = written(cast, ticket, product=ticket.product)
    assert report.number == f"V20260304-{report.pk:05d}"
    assert (report.visited_by, report.follow_up_on, report.product) == (
        cast.technician, date(2026, 5, 4), ticket.product,
    )  # fmt: skip
    by, at = cast.actor("officer"), cast.at + timedelta(days=1)
    corrected = visit_report.correct(report.pk, version=1, by=by, at=at, **told(cast, seen="噪音偏大"))
    assert (corrected.seen, corrected.version) == ("噪音偏大", 2)
    with pytest.raises(Stale):
        visit_report.correct(report.pk, version=1, by=by, at=at, **told(cast, seen="x"))
    assert visit_report.follow_up(report.pk, by=by, at=at).followed_up_at == at
    with pytest.raises(NotAllowed):
        visit_report.follow_up(report.pk, by=by, at=at)
    # Another day to follow up is open again.
    again = visit_report.correct(report.pk, version=3, by=by, at=at, **told(cast, follow_up_on=date(2026, 6, 1)))
    assert again.followed_up_at is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"met": " "}, "met"),
        ({"met": "长" * 121}, "met"),
        ({"seen": ""}, "seen"),
        ({"wishes": "x" * 4001}, "wishes"),
        ({"purpose": "espionage"}, "purpose"),
        ({"visited_at": None}, "visited_at"),
        ({"visited_by": None}, "visited_by"),
        ({"follow_up_on": date(2026, 3, 3)}, "follow_up_on"),
    ],
)
def test_refuses_a_report_and_names_the_field(cast: Cast, ticket: Ticket, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        written(cast, ticket, **changed)
    assert ([error[0] for error in refused.value.errors], VisitReport.objects.count()) == ([field], 0)


def test_refuses_a_future_visit_a_foreign_product_and_who_may_not(cast: Cast, ticket: Ticket) -> None:
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="Z")
    for changed in ({"visited_at": cast.at + timedelta(days=1)}, {"product": other.product}):
        with pytest.raises(Invalid):
            written(cast, ticket, **changed)
    for role in ("technician", "archivist"):
        with pytest.raises(Forbidden):
            visit_report.write(ticket.customer_id, by=cast.actor(role), at=cast.at, **told(cast))
    with pytest.raises(Missing):
        visit_report.write(0, by=cast.actor("clerk"), at=cast.at, **told(cast))
    assert VisitReport.objects.count() == 0


def test_goes_with_the_file_when_two_are_merged(cast: Cast, ticket: Ticket) -> None:
    report = written(cast, ticket)
    survivor = cast.ticket(phone="139 0000 0001", customer_name="王秀英", serial="Z").customer
    services_merge.merge(ticket.customer_id, into_id=survivor.pk, by=cast.actor("archivist"), at=cast.at)
    report.refresh_from_db()
    assert report.customer_id == survivor.pk


def test_is_written_from_the_customers_file(cast: Cast, ticket: Ticket) -> None:
    client = signed_in(cast, "clerk")
    file = client.get(f"/customers/{ticket.customer_id}/").content.decode()
    assert f"/customers/{ticket.customer_id}/visit-reports/" in file
    new = f"/customers/{ticket.customer_id}/visit-reports/new/"
    assert client.get(new).context["form"].initial["place"] == "浦东大道1号"
    data = {"purpose": "courtesy", "visited_at": "2026-03-04T10:00", "visited_by": "technician", "met": "王秀英",
            "seen": "<b>fine</b>", "follow_up_on": "2026-05-04"}  # fmt: skip
    assert client.post(new, {**data, "seen": ""}).status_code == 422
    sent = client.post(new, data)
    report = VisitReport.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, f"/visit-reports/{report.pk}/")
    page = client.get(sent["Location"]).content.decode()
    assert "&lt;b&gt;fine&lt;/b&gt;" in page
    correct = f"/visit-reports/{report.pk}/correct/"
    assert client.post(correct, {**data, "met": "李", "version": 9}).status_code == 409
    assert client.post(correct, {**data, "met": "李", "version": 1}).status_code == 302
    assert client.post(f"/visit-reports/{report.pk}/follow-up/").status_code == 302
    assert [row.met for row in client.get("/visit-reports/").context["page"].rows] == ["李"]
    assert client.get("/visit-reports/?show=open").context["page"].rows == []
    assert client.get(f"/visit-reports/?customer={ticket.customer_id}").status_code == 200
    assert client.get("/visit-reports/?customer=x").status_code == 404
    assert report.number in client.get(f"/customers/{ticket.customer_id}/visit-reports/").content.decode()


@pytest.mark.rule("R71")
def test_prints_a_visit_report_and_lists_what_a_correction_changed(cast: Cast, ticket: Ticket) -> None:
    report = written(cast, ticket)
    paper = form_paper.issue("report", report.pk, by=cast.actor("clerk"), at=cast.at)
    assert (paper.number, paper.version, paper.ticket, paper.subject) == (report.number, 1, None, report.pk)
    (text,) = kept(paper)
    for said in ("走访报告", "Li Ming", "滤网较脏", '=HYPERLINK("http://x")', "五月清洗滤网", "2026-05-04", "巡检"):
        assert said in text
    assert form_paper.issue("report", report.pk, by=cast.actor("clerk"), at=cast.at) == paper
    visit_report.correct(report.pk, version=1, by=cast.actor("clerk"), at=cast.at, **told(cast, purpose="courtesy"))
    second = form_paper.issue("report", report.pk, by=cast.actor("clerk"), at=cast.at)
    assert (second.version, [change["path"] for change in second.changes]) == (2, ["purpose"])
    assert papers.changes_of(second)[0].new == ("courtesy visit", "礼节性走访", "禮貌性走訪")


# ── the survey of the desk ─────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R63")
@pytest.mark.rule("R71")
def test_prints_a_survey_to_be_filled_in_and_as_it_was_filled(cast: Cast, ticket: Ticket, settings: Any) -> None:
    settings.PUBLIC_URL = "https://service.example"
    survey = Survey.objects.get()
    paper = form_paper.issue("survey", survey.pk, by=cast.actor("clerk"), at=cast.at)
    token = surveys.secret_of(survey)
    assert token
    assert token not in papers.canonical(paper.content)
    html = printing.copies_html(paper)["customer_copy"]
    assert html.count("data:image/svg+xml") >= 2  # the page that verifies it, and the link
    (text,) = kept(paper)
    for said in ("满意度调查表", "服务态度如何", "是否按约定时间到达", "扫描二维码", "Li Ming"):
        assert said in text
    surveys.record_answers(
        survey.pk, how="letter", by=cast.actor("clerk"), at=cast.at, attitude=2, recommend=0, solved=False, words="太吵"
    )
    filled = form_paper.issue("survey", survey.pk, by=cast.actor("clerk"), at=cast.at)
    assert (filled.number, filled.version) == (paper.number, 2)
    text = "\n".join(kept(filled))
    assert "太吵" in text
    assert "信函" in text
    assert "扫描二维码" not in text
    # A link that was renewed, or answered, is not printed again from an old version.
    labels = Labels(False, False, papers.words_of("survey_form"))
    assert "link_code" not in form_papers._link(paper.content, labels)


@pytest.mark.rule("R75")
def test_keeps_forms_from_technicians_and_out_of_the_registers(cast: Cast, ticket: Ticket) -> None:
    paper = form_paper.issue("survey", Survey.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    for role, reads in (
        ("clerk", True),
        ("archivist", True),
        ("manager", True),
        ("technician", False),
        ("admin", False),
    ):
        assert readable_papers(cast.actor(role)).filter(pk=paper.pk).exists() is reads, role
    assert registers(cast.actor("manager")) == []
    with pytest.raises(Forbidden):
        form_paper.issue("survey", Survey.objects.get().pk, by=cast.actor("technician"), at=cast.at)
    client = signed_in(cast, "technician")
    assert client.get(f"/forms/survey/{Survey.objects.get().pk}/").status_code == 403
    assert client.get(f"/papers/{paper.pk}.pdf").status_code == 404


def test_makes_forms_from_their_page(cast: Cast, ticket: Ticket) -> None:
    client, survey = signed_in(cast, "officer"), Survey.objects.get()
    here = f"/forms/survey/{survey.pk}/"
    assert client.get(here).context["may_issue"] is True
    assert client.post(here).status_code == 302
    page = client.get(here)
    assert (page.context["may_issue"], page.context["waiting"]) == (False, True)
    paper = Paper.objects.get(kind="survey_form")
    make(paper)
    assert client.get(f"/papers/{paper.pk}.pdf")["Content-Type"] == "application/pdf"
    Paper.objects.filter(pk=paper.pk).update(state="failed")
    assert client.post(f"/papers/{paper.pk}/again/")["Location"] == f"/tickets/{ticket.number}/"
    for wrong in ("/forms/survey/0/", "/forms/poem/1/", "/forms/complaint/0/"):
        assert client.get(wrong).status_code == 404
        assert client.post(wrong).status_code == 404


# ── the complaint form ─────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R44")
@pytest.mark.rule("R71")
def test_prints_the_complaint_form_with_earlier_cycles(cast: Cast, ticket: Ticket) -> None:
    at, officer = cast.at + timedelta(days=1), cast.user("officer")
    complaint = Complaint.objects.create(
        ticket=ticket, visit=ticket.visits.get(), channel="hotline", words="修了两次还漏水！<script>", sought="refund",
        against="visit", complaint_class=2, proposed_class=3, class_reason="第二次投诉", classed_by=officer,
        signals=[{"signal": "repeated", "detail": "K20260101-00001"}, {"signal": "threat", "detail": "打12315"}],
        registered_by=cast.user("clerk"), registered_at=at, cycle_at=at, updated_at=at, team=cast.team, cycle=2,
        finding="接头未拧紧", cause="workmanship", cause_note="赶时间", verdict="upheld", remedy="voucher",
        remedy_note="代金券 200 元", cost=200, decided_at=at, decided_by=cast.user("manager"), informed_at=at,
        owner=cast.user("officer"),
    )  # fmt: skip
    Event.objects.create(
        ticket=ticket, kind="complaint.informed", at=at, door="page", user=cast.user("officer"), version=99
    )
    PastCycle.objects.create(
        complaint=complaint, cycle=1, began_at=cast.at, ended_at=at,
        outcome={"finding": "未发现问题", "verdict": "not_upheld", "remedy": "none", "cost": "0.00"},
    )  # fmt: skip
    paper = form_paper.issue("complaint", complaint.pk, by=cast.actor("officer"), at=at)
    assert (paper.number, paper.ticket_id) == (complaint.number, ticket.pk)
    text = "\n".join(kept(paper))
    for said in (
        "用户投诉处理单", "修了两次还漏水！<script>", "退款", "上门服务", "Li Ming", "第二次投诉", "重复投诉",
        "打12315", "接头未拧紧", "维修质量", "成立", "代金券 200 元", "200.00", "Max Huang", "Olga Wu", "未发现问题",
        "不成立",
    ):  # fmt: skip
        assert said in text, said
    bare = Complaint(
        ticket=ticket, channel="hotline", words="x", against="service", complaint_class=1, proposed_class=1,
        registered_at=at, cycle_at=at, updated_at=at,
    )  # fmt: skip
    Complaint.objects.filter(pk=complaint.pk).update(ticket=cast.ticket(serial="other", phone="139 0000 0001"))
    bare.save()
    assert form_paper.issue("complaint", bare.pk, by=cast.actor("officer"), at=at).content["decision"] == ""
