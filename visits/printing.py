"""Printing: a paper as PDF, each copy with its own page numbers, Chinese and English side by side.

Nothing outside the page is read: pictures come along as data, fonts are the two or four files that `fonts` made.
"""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import io
from dataclasses import dataclass
from typing import Any

import segno
from celery.signals import worker_process_shutdown
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from PIL import Image

from visits import fonts, papers
from visits.models import Paper
from visits.paper_words import Labels
from visits.papers import Content, Kind
from visits.selectors import visit_with_facts

CUSTOMER_COPY = "customer_copy"
MOST_PRINTED = 30  # changes listed on paper; the page of the papers has them all
PRINTED_SIDE = 660  # pixels: 56 mm at 300 dots per inch
_PICTURE_TYPES = frozenset({"image/png", "image/jpeg"})


@dataclass(frozen=True)
class Printed:
    """The file with every copy, and the customer's alone where the form has several."""

    all_copies: bytes
    customer_copy: bytes = b""


def paper_pdf(paper_id: int) -> Printed:
    """Render a version of a paper from what was frozen with it."""
    paper = Paper.objects.select_related("visit").get(pk=paper_id)
    return to_pdf(copies_html(paper), customer=CUSTOMER_COPY)


def copies_html(paper: Paper) -> dict[str, str]:
    """The pages of each copy; customers' words enter as escaped text alone."""
    form = papers.kinds.get(paper.kind)
    if form is None:
        raise LookupError(f"no form {paper.kind}")
    context = _context(form, paper)
    return {copy: render_to_string(form.template, {**context, "copy": copy}) for copy in form.copies}


def _context(form: Kind, paper: Paper) -> dict[str, Any]:
    content: Content = paper.content
    english_first = content.get("language", "").startswith("en")
    traditional = content.get("language", "").endswith("Hant")
    labels = Labels(traditional, english_first, papers.words_of(paper.kind))
    changes = [_printed(labels, change) for change in papers.changes_of(paper)]
    visit = paper.visit
    signature = bytes(visit.signature) if visit is not None and visit.signature else b""
    shown = content.get("signature") and hashlib.sha256(signature).hexdigest() == content["signature"]
    address = verify_address(paper)
    return {
        **form.beside(content, labels),
        "paper": paper,
        "c": content,
        "w": labels,
        "title": labels.side_by_side(form.title),
        "rule": labels[form.rule] if form.rule else "",
        "form": form.form,
        "lang": labels.lang,
        "chinese": labels.chinese,
        "marks": range(1, 6),
        "signature": _data_uri("image/png", signature) if shown else "",
        "sections": _sections(paper, content),
        "changes": changes[:MOST_PRINTED],
        "more_changes": max(0, len(changes) - MOST_PRINTED),
        "qr": segno.make(address, error="m").svg_data_uri(border=1),
        "address": address,
        "mark": _mark(),
        "company": settings.COMPANY,
        "contact": settings.COMPANY_CONTACT,
    }


def verify_address(paper: Paper) -> str:
    """What the QR code says: the page that verifies the paper where the installation knows its own address, else the
    path on whatever address it is reached by."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('verify_paper', args=[paper.code])}"


def _printed(labels: Labels, change: papers.Change) -> dict[str, Any]:
    return {
        "name": labels.side_by_side(change.name) if len(set(change.name)) > 1 else change.name[0],
        "where": change.where,
        "old": labels.first(change.old),
        "new": labels.first(change.new),
    }


def _sections(paper: Paper, content: Content) -> list[dict[str, Any]]:
    """The paragraphs of other nouns, as they were frozen; a photograph that is gone or was changed is left out."""
    found = []
    for section in papers.sections.of(paper.kind):
        data = content.get("sections", {}).get(section.name)
        if data is None:
            continue
        pictures = []
        if data.get("pictures") and section.pictures and paper.visit_id:
            visit = visit_with_facts(paper.visit_id)
            kept = {one.sha256: one for one in section.pictures(visit)} if visit else {}
            pictures = [_picture(kept[one["sha256"]]) for one in data["pictures"] if one["sha256"] in kept]
        found.append({"template": section.template, "data": data, "pictures": [one for one in pictures if one]})
    return found


def _picture(picture: papers.Picture) -> dict[str, str] | None:
    try:
        content = picture.read()
    except OSError:
        return None
    if picture.media_type not in _PICTURE_TYPES or hashlib.sha256(content).hexdigest() != picture.sha256:
        return None
    return {"caption": picture.caption, "uri": _data_uri("image/jpeg", _small(content))}


def _small(content: bytes) -> bytes:
    """The picture in as many pixels as paper shows: twelve as a camera takes them make ten megabytes."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as picture:
        picture.draft("RGB", (PRINTED_SIDE, PRINTED_SIDE))
        plain = picture.convert("RGB")
    plain.thumbnail((PRINTED_SIDE, PRINTED_SIDE))
    plain.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@functools.cache
def _mark() -> str:
    path = settings.BASE_DIR / "static" / "favicon.svg"
    return _data_uri("image/svg+xml", path.read_bytes()) if path.exists() else ""


# ── WeasyPrint ─────────────────────────────────────────────────────────────────────────────────
def to_pdf(copies: dict[str, str], *, customer: str = "") -> Printed:
    """Render pages that carry everything they show; any address in them but data: is left unread."""
    # WeasyPrint loads Pango; a web process never prints, and one machine without Pango must still take calls.
    from weasyprint import HTML

    press = _press()
    documents = {
        copy: HTML(string=html, url_fetcher=press.data_only).render(
            font_config=press.fonts, stylesheets=[press.style], presentational_hints=False
        )
        for copy, html in copies.items()
    }
    first = next(iter(documents.values()))
    whole = first.copy([page for document in documents.values() for page in document.pages]).write_pdf()
    alone = documents[customer].write_pdf() if customer in documents and len(documents) > 1 else b""
    return Printed(whole, alone)


@dataclass
class Press:
    """The style sheet with its fonts, read once a process: reading them for each paper doubles its time."""

    data_only: Any
    fonts: Any
    style: Any


_presses: list[Press] = []


def _press() -> Press:
    if not _presses:
        _presses.append(_make_press())
    return _presses[0]


def _make_press() -> Press:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class DataOnly(URLFetcher):
        """Reads data: addresses; files and the network are out of reach, redirects too."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols={"data"}, allow_redirects=False)

    cuts = {cut.path.as_uri(): cut for cut in fonts.ready()}

    class OurFonts(DataOnly):
        """For our own style sheet: the font files that we made, and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url in cuts:
                return URLFetcherResponse(url, cuts[url].path.read_bytes(), {"Content-Type": "font/otf"})
            return super().fetch(url, headers)

    configuration = FontConfiguration()
    faces = "".join(
        f'@font-face {{ font-family: "{cut.family}"; font-weight: {cut.weight}; src: url("{uri}"); }}\n'
        for uri, cut in cuts.items()
    )
    style = faces + render_to_string("visits/papers/paper.css")
    return Press(DataOnly(), configuration, CSS(string=style, url_fetcher=OurFonts(), font_config=configuration))


@atexit.register
@worker_process_shutdown.connect
def forget_press(**_signal: Any) -> None:
    """Let go of the fonts, which lie in a temporary folder as long as they are used."""
    _presses.clear()
