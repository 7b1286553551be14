"""The service sheet: it is made once, shows what was said, fetches nothing, and tells when it could not be made."""

import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from aftersales.core.errors import NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete
from tickets.models import OutboxMessage
from visits import printing, tasks
from visits.models import Paper
from visits.services import paper as sheets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def sheet_of(cast: Cast, **changed: Any) -> Paper:
    ticket = cast.ticket_in("visiting", **{key: changed.pop(key) for key in ("summary", "language") if key in changed})
    return complete(cast, ticket, **changed).sheet  # type: ignore[attr-defined]


def make(sheet: Paper) -> Paper:
    """Run the task as a worker does."""
    message = OutboxMessage.objects.filter(task=sheets.RENDER_TASK, done_at=None).latest("pk")
    tasks.render_paper(message.pk, *message.args)
    sheet.refresh_from_db()
    return sheet


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.rule("R32")
def test_prints_a_company_copy_and_a_customer_copy(cast: Cast) -> None:
    sheet = make(sheet_of(cast, customer_comment="服务很好", satisfaction=4))
    with sheet.pdf.open("rb") as file:
        content = file.read()
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(pages) == 2
    assert "公司联" in pages[0]
    assert "Customer copy" in pages[1]
    for page in pages:
        for text in (sheet.number, sheet.visit.order_number, sheet.visit.ticket.number, "王秀英", "浦东大道1号",
                     "AB-124A7F9", "冷媒泄漏", "更换接头", "服务很好", "Li Ming", "R32", "已解决", "solved",
                     "2026-03-04 12:00", "2026-03-04 13:00"):  # fmt: skip
            assert text in page, text


def test_keeps_the_file_with_its_hash_and_tells_the_timeline_once(cast: Cast, media: Path) -> None:
    import hashlib

    sheet = make(sheet_of(cast))
    with sheet.pdf.open("rb") as file:
        assert sheet.sha256 == hashlib.sha256(file.read()).hexdigest()
    sheets.keep(sheet.pk, b"another")
    message = OutboxMessage.objects.get(task=sheets.RENDER_TASK)
    tasks.render_paper(message.pk, *message.args)
    assert sorted(path.name for path in media.rglob("*.pdf")) == [f"{sheet.number}-customer.pdf", f"{sheet.number}.pdf"]
    assert sheet.visit.ticket.events.filter(kind="ticket.sheet_ready").count() == 1
    assert message.done_at is not None


@pytest.mark.rule("R32")
def test_says_why_nobody_signed(cast: Cast) -> None:
    sheet = sheet_of(cast, signature="", signer_name="", unsigned_reason="手受伤")
    text = words(printing.paper_pdf(sheet.pk).all_copies)
    assert "手受伤" in text
    assert "Not signed because" in text


@pytest.mark.rule("R32")
def test_shows_a_typed_signature_as_typed_with_the_reason(cast: Cast) -> None:
    sheet = sheet_of(cast, signature="", signer_name="", typed_signature="𠮷田喆", unsigned_reason="屏幕损坏")
    assert sheet.content["typed"] == "𠮷田喆"
    text = words(printing.paper_pdf(sheet.pk).all_copies).replace("\0", "")
    for said in ("𠮷田喆", "屏幕损坏", "Signature, typed", "客户签字（键入）", "未手写原因", "2026-03-04 13:00"):
        assert said in text, said
    assert "Not signed because" not in text


@pytest.mark.parametrize(
    ("language", "first", "glyphs"),
    [
        ("zh-hans", "维修服务单", "PapersSC"),
        ("zh-hant", "維修服務單", "PapersTC"),
        ("en", "Service sheet", "PapersSC"),
    ],
)
def test_puts_the_customers_language_first(cast: Cast, language: str, first: str, glyphs: str) -> None:
    sheet = sheet_of(cast, language=language)
    html = printing.copies_html(Paper.objects.get(pk=sheet.pk))["company_copy"]
    title = html[html.index("<h1>") : html.index("</h1>")]
    assert title.index(first) == min(title.index(word) for word in ("Service sheet", first))
    reader = PdfReader(io.BytesIO(printing.paper_pdf(sheet.pk).all_copies))
    fonts = {str(font.get_object()["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].values()}
    assert any(glyphs.lower() in font.lower().replace("-", "") for font in fonts)


# ── nothing outside the page is read ───────────────────────────────────────────────────────────
class Listener(http.server.BaseHTTPRequestHandler):
    hits: list[str] = []

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    Listener.hits = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Listener.hits
    server.shutdown()
    server.server_close()


def hostile(file: str, web: str) -> str:
    return (
        f'</td><img src="{file}"><img src="{web}/a"><link rel=attachment href="{file}">'
        f"<style>@import url({web}/b); td {{ background: url({file}) }}</style>"
        f'<object data="{file}"></object><iframe src="{web}/c"></iframe><a rel=attachment href="{file}">x</a>'
    )


def test_prints_what_looks_like_a_page_as_text_and_fetches_nothing(
    cast: Cast, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("secret-of-the-machine")
    web, hits = listener
    evil = hostile(canary.as_uri(), web)
    sheet = sheet_of(cast, finding=evil, work_done=evil, customer_comment=evil, signer_name="<b>王</b>")
    pdf = printing.paper_pdf(sheet.pk).all_copies
    text = words(pdf).replace("\n", "")
    assert "file://" in text
    assert "<b>王</b>" in text
    assert "secret-of-the-machine" not in text
    assert b"secret-of-the-machine" not in pdf
    assert PdfReader(io.BytesIO(pdf)).attachments == {}
    assert hits == []


def test_reads_no_file_and_no_address_even_from_its_own_page(tmp_path: Path, listener: tuple[str, list[str]]) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("secret-of-the-machine")
    web, hits = listener
    page = f"<html><body><p>here</p><table><tr><td>{hostile(canary.as_uri(), web)}</table></body></html>"
    pdf = printing.to_pdf({"company_copy": page}).all_copies
    assert "here" in words(pdf)
    assert b"secret-of-the-machine" not in pdf
    assert PdfReader(io.BytesIO(pdf)).attachments == {}
    assert hits == []


# ── when it fails ──────────────────────────────────────────────────────────────────────────────
def test_shows_that_it_failed_is_tried_again_and_then_ready(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = sheet_of(cast)

    def broken(_sheet_id: int) -> printing.Printed:
        raise RuntimeError("no fonts")

    with monkeypatch.context() as patch:
        patch.setattr(printing, "paper_pdf", broken)
        make(sheet)
    message = OutboxMessage.objects.get(task=sheets.RENDER_TASK)
    assert (sheet.state, sheet.last_error) == ("failed", "RuntimeError: no fonts")
    assert message.failures == 1
    assert message.publish_at is not None
    client.force_login(cast.technician)
    page = client.get(f"/visits/{sheet.visit_id}/").content.decode()
    assert "could not be made" in page
    assert client.get(f"/visits/{sheet.visit_id}/sheet.pdf").status_code == 404
    assert make(sheet).state == "ready"
    assert client.get(f"/visits/{sheet.visit_id}/sheet.pdf")["Content-Type"] == "application/pdf"


def test_is_made_again_on_request_when_it_failed_only(cast: Cast, client: Client) -> None:
    sheet = sheet_of(cast)
    with pytest.raises(NotAllowed):
        sheets.remake(sheet.pk, by=cast.actor("technician"))
    sheets.fail(sheet.pk, "no fonts")
    client.force_login(cast.technician)
    assert client.post(f"/visits/{sheet.visit_id}/sheet/again/").status_code == 302
    assert OutboxMessage.objects.filter(task=sheets.RENDER_TASK).count() == 2
    assert make(sheet).state == "ready"
    sheets.fail(sheet.pk, "late")
    sheet.refresh_from_db()
    assert sheet.state == "ready"
