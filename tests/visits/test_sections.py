"""What stands on the service sheet beside the report, the charge receipt and the failure analysis."""

import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from pypdf import PdfReader

from aftersales.core.errors import Forbidden, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete, signature
from tests.visits.stock import CONDUCT, board, in_van, part, prices
from tests.visits.test_charges import announce, collect
from tests.visits.test_failure import WHOLE, report
from tests.visits.test_papers import make, pages, sheet_of
from tests.visits.test_photograph import add as photograph
from tests.visits.test_warranty import decide
from tests.visits.test_workshop import take
from tickets.models import Ticket
from visits import papers, printing
from visits.models import Paper, Photograph, Visit
from visits.services import checklist, consent, failure, plan, warranty
from visits.services import paper as services
from visits.services import part as parts
from visits.states import PaperKind

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def red(size: tuple[int, int] = (1600, 1200)) -> io.BytesIO:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", quality=85)
    return io.BytesIO(out.getvalue())


def whole(cast: Cast, **changed: Any) -> Visit:
    """A visit at which everything was done that a sheet can tell."""
    prices()
    valve, main = part(), board()
    in_van(cast, valve)
    in_van(cast, main)
    asked = {key: changed.pop(key) for key in ("summary", "language", "customer_name") if key in changed}
    ticket = cast.ticket_in("visiting", purchased_on=date(2025, 6, 1), voucher_number="FP-0001", **asked)
    by, at = cast.actor("technician"), cast.at + 2 * HOUR
    consent.record_consent(
        ticket.pk, voucher_seen=True, parts_complete=True, human_damage=True, mismatch="外壳有裂纹", agreed=True,
        signer_name="王秀英", signature=signature(), by=by, at=at,
    )  # fmt: skip
    photograph(cast, ticket, file=red(), caption="外壳裂纹", at=at)
    photograph(cast, ticket, file=red((900, 1200)), purpose="after", at=at)
    decide(
        cast, ticket, human_damage=True, human_damage_reason="外壳有裂纹", explanation="外壳损坏不在保修范围，需收费",
        signer_name="王秀英", signature=signature(), at=at,
    )  # fmt: skip
    plan.propose_plan(ticket.pk, what="更换主板与阀门", estimate=Decimal("371.00"), by=by, at=at)
    plan.confirm_plan(ticket.pk, signer_name="王秀英", signature=signature(), by=by, at=at)
    announce(cast, ticket)
    parts.use_part(ticket.pk, part=valve, by=by, at=at)
    parts.use_part(ticket.pk, part=main, old_serial="OLD-1", new_serial="NEW-1", old_left="客户要求留下", by=by, at=at)
    take(cast, ticket)
    checklist.check_conduct(
        ticket.pk, **{**CONDUCT, "cleaned_up": False, "cleaned_up_reason": "客户自理"}, by=by, at=at
    )
    return complete(cast, ticket, **changed)


def section(paper: Paper, name: str) -> dict[str, Any]:
    found: dict[str, Any] = paper.content["sections"][name]
    return found


# ── the sections ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R11", "R15", "R27", "R28", "R29", "R30", "R31", "R32", "R35")
def test_the_sheet_says_what_was_agreed_decided_used_and_charged(cast: Cast) -> None:
    sheet = make(sheet_of(whole(cast)))
    assert set(sheet.content["sections"]) == {
        "consent", "warranty", "plan", "parts", "workshop", "charges", "conduct", "photographs",
    }  # fmt: skip
    decision = section(sheet, "warranty")
    assert (decision["verdict"], decision["labour"], decision["decided_by"]) == ("charged", "charged", "Li Ming")
    assert decision["exclusions"] == {"human_damage": "外壳有裂纹"}
    valve, main = section(sheet, "parts")["parts_used"]
    assert (valve["part"], valve["old_part"]) == ("P-100 valve", "owed")
    assert (main["old_serial"], main["new_serial"], main["old_part"]) == ("OLD-1", "NEW-1", "left")
    charged = section(sheet, "charges")
    assert (charged["announced"], charged["agreed_by"], len(charged["lines"])) == ("371.00", "王秀英", 3)
    text = "".join(pages(sheet)).replace("\n", "")
    for words in ("保修判定", "Warranty decision", "人为损坏", "外壳损坏不在保修范围", "更换主板与阀门", "CNY 371.00",
                  "NEW-1", "客户要求留下", "scratched, with remote control", "客户自理", "尚未付款",
                  "客户已确认"):  # fmt: skip
        assert words in text, words


def test_a_visit_without_them_has_no_empty_sections(cast: Cast) -> None:
    assert "sections" not in sheet_of(complete(cast, cast.ticket_in("visiting"))).content


@pytest.mark.rule("R71")
def test_a_later_approval_makes_the_next_version_that_says_so_in_words(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting", purchased_on=date(2025, 6, 1), voucher_number="FP-0001")
    decide(cast, ticket, labour="charged", differs_reason="老客户", explanation="x", signer_name="王秀英")
    visit = complete(cast, ticket)
    first = sheet_of(visit)
    assert section(first, "warranty")["approval"] == "waits"
    warranty.approve_warranty(
        ticket.pk, approve=False, note="条款优先", by=cast.actor("supervisor"), at=cast.at + 5 * HOUR
    )
    second = make(sheet_of(visit))
    assert (second.version, second.content_sha256 != first.content_sha256) == (2, True)
    said = {change.name[0]: (change.where, change.old[1], change.new[1]) for change in papers.changes_of(second)}
    assert said["Labour"] == ("", "收费", "保修内")
    assert said["Approval"] == ("", "待审批，尚未最终确定", "未批准，按条款执行")
    assert "条款优先" in pages(second)[0]


# ── photographs ────────────────────────────────────────────────────────────────────────────────
def test_photographs_are_printed_small_with_their_captions(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    for _number in range(13):
        photograph(cast, ticket, file=red(), caption="外壳裂纹")
    sheet = make(sheet_of(complete(cast, ticket)))
    told = section(sheet, "photographs")
    assert (len(told["pictures"]), told["more_pictures"]) == (papers.MOST_PICTURES, 1)
    assert told["pictures"][0]["sha256"] == Photograph.objects.earliest("pk").sha256
    text = "".join(pages(sheet, customer=True))
    for words in ("损坏 · 外壳裂纹", "现场照片", "further photographs are kept"):
        assert words in text, words
    with sheet.customer_pdf.open("rb") as file:
        images = [image for page in PdfReader(io.BytesIO(file.read())).pages for image in page.images]
    assert max(max(image.image.size) for image in images if image.image) <= max(printing.PRINTED_SIDE, 600)
    assert sheet.customer_pdf.size < 3_000_000


def test_a_photograph_that_is_gone_or_another_one_is_left_out(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    gone, other, kept = (photograph(cast, ticket, file=red(), caption=caption) for caption in ("甲", "乙", "丙"))
    sheet = sheet_of(complete(cast, ticket))
    Path(gone.file.path).unlink()
    Path(other.file.path).write_bytes(Path(kept.file.path).read_bytes()[:-2] + b"\0\0")
    text = pages(make(sheet))[0]
    assert "丙" in text
    assert "甲" not in text
    assert "乙" not in text


# ── charge receipt ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R15")
def test_a_payment_leaves_a_receipt_and_the_next_version_of_the_sheet(cast: Cast, client: Client) -> None:
    visit = whole(cast)
    with pytest.raises(NotAllowed):
        services.issue(visit.pk, "receipt", by=cast.actor("technician"))
    money = collect(cast, visit.ticket, "300", explanation="少用一小时", method="transfer", at=cast.at + 4 * HOUR)
    paper = make(Paper.objects.get(visit=visit, kind=PaperKind.RECEIPT))
    assert (paper.number, paper.version) == (money.number, 1)
    (company, customer) = pages(paper)
    for text in (company, customer):
        for words in ("收费凭证", "Charge receipt", money.number, "王秀英", "CNY 241.00", "CNY 371.00", "CNY 300.00",
                      "少用一小时", "转账或微信", "Li Ming", "R15"):  # fmt: skip
            assert words in text, words
    sheet = sheet_of(visit)
    assert sheet.version == 2
    said = {change.name[0]: change.new[0] for change in papers.changes_of(sheet)}
    assert (said["Amount received"], said["Paid by"], said["Charge receipt"]) == (
        "300.00",
        "transfer or WeChat",
        money.number,
    )
    client.force_login(cast.technician)
    assert client.get(f"/receipts/{money.number}/")["Location"] == f"/papers/{paper.pk}.pdf"
    assert client.get(f"/papers/{paper.pk}.pdf")["Content-Type"] == "application/pdf"
    assert client.get(f"/verify/{paper.code}/").status_code == 200


@pytest.mark.rule("R15")
def test_a_receipt_that_is_being_made_leads_to_the_papers(cast: Cast, client: Client) -> None:
    prices()
    part()
    ticket = cast.ticket_in("visiting")
    announce(cast, ticket)
    visit = complete(cast, ticket)
    money = collect(cast, ticket, at=cast.at + 4 * HOUR)
    client.force_login(cast.technician)
    assert client.get(f"/receipts/{money.number}/")["Location"] == f"/visits/{visit.pk}/papers/"
    Paper.objects.filter(kind=PaperKind.RECEIPT).delete()  # a payment from before receipts were papers
    assert "Charge receipt" in client.get(f"/visits/{visit.pk}/papers/").content.decode()
    made = services.issue(visit.pk, "receipt", by=cast.actor("technician"))
    assert (made.number, made.content["received"]) == (money.number, "371.00")


# ── failure analysis ───────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R34")
def test_a_complete_analysis_is_a_paper_and_a_report_can_be_one_before(cast: Cast, client: Client) -> None:
    ticket = cast.ticket()
    found = report(cast, ticket, by=cast.actor("clerk"))
    client.force_login(cast.user("manager"))
    page = f"/warranty/failures/{found.pk}/"
    assert "Make this paper" in client.get(page).content.decode()
    assert client.post(f"{page}paper/").status_code == 302
    first = make(Paper.objects.get(failure=found))
    assert (first.number, first.version, first.content["cause"]) == (found.number, 1, "")
    text = pages(first)[0]
    for words in ("故障分析报告", "Failure analysis", "smoke", "cut the power", "机房", "not complete yet", "R34"):
        assert words in text, words
    failure.analyse_failure(found.pk, **WHOLE, complete=True, by=cast.actor("manager"), at=cast.at + 6 * HOUR)
    second = make(Paper.objects.get(failure=found, current=True))
    assert (second.version, second.content["corrective_on"]) == (2, "2026-03-10")
    text = pages(second)[0]
    for words in ("wrong fuse", "check at delivery", "Clara Zhao", "2026-04-01"):
        assert words in text, words
    shown = client.get(page).content.decode()
    assert f"/papers/{second.pk}.pdf" in shown
    assert "Make the next version" not in shown
    assert client.get(f"/papers/{second.pk}.pdf").status_code == 200


@pytest.mark.rule("R34", "R75")
def test_an_analysis_is_for_leaders_alone(cast: Cast, client: Client) -> None:
    found = report(cast, cast.ticket_in("visiting"))
    with pytest.raises(Forbidden):
        services.issue_analysis(found.pk, by=cast.actor("dispatcher"))
    paper = make(services.issue_analysis(found.pk, by=cast.actor("supervisor")))
    for role in ("clerk", "dispatcher", "technician", "archivist"):
        client.force_login(cast.user(role))
        assert client.get(f"/papers/{paper.pk}.pdf").status_code == 404, role
        if role != "clerk":
            assert paper.number not in client.get("/registers/").content.decode()
    assert not Paper.objects.filter(visit__ticket=found.ticket).exists()


@pytest.mark.rule("R34")
def test_two_failures_of_a_visit_have_two_papers(cast: Cast) -> None:
    ticket: Ticket = cast.ticket_in("visiting")
    first = report(cast, ticket)
    failure.analyse_failure(first.pk, **WHOLE, complete=True, by=cast.actor("manager"))
    second = report(cast, ticket, what="fire")
    failure.analyse_failure(second.pk, **WHOLE, complete=True, by=cast.actor("manager"))
    assert set(Paper.objects.filter(current=True).values_list("number", flat=True)) == {first.number, second.number}
