"""A report as PDF and XLSX; both are made of what was frozen, so that either can be made again."""

from __future__ import annotations

import base64
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from complaints.models import Report
from complaints.report_tables import Shape, Table, Value, tables
from complaints.states_report import FileFormat, ReportKind
from visits import printing

_FONTS = {"zh-hans": "'Papers SC', 'Noto Sans CJK SC'", "zh-hant": "'Papers TC', 'Noto Sans CJK TC'"}
_HTML_LANGUAGE = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}
# What a spreadsheet would take for a formula, at the beginning of a cell.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_767


def make(report: Report, language: str, file_format: str) -> bytes:
    """The file in one language."""
    with translation.override(language):
        return pdf(report, language) if file_format == FileFormat.PDF else xlsx(report)


# ── PDF ────────────────────────────────────────────────────────────────────────────────────────
def pdf(report: Report, language: str) -> bytes:
    return printing.to_pdf({"report": html(report, language)}).all_copies


def html(report: Report, language: str) -> str:
    made = tables(report)
    return render_to_string(
        "complaints/report_paper.html",
        {
            "report": report,
            "tables": [(table, plot(table, language) if table.pareto else "") for table in made],
            "wide": report.kind == ReportKind.EIGHT_D,
            "lang": _HTML_LANGUAGE.get(language, "en"),
            "company": settings.COMPANY,
            "contact": settings.COMPANY_CONTACT,
            "currency": settings.CURRENCY,
        },
    )


_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 680, 250, 44, 44, 14, 52


def plot(table: Table, language: str) -> str:
    """The causes as bars with the line of what share they make together, as an address of data.

    Drawn here: whoever prints runs no script.
    """
    rows = table.pareto
    most = max(count for _label, count, _share in rows)
    across, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    slot = across / len(rows)
    floor = _TOP + high
    points = [(_LEFT + slot * (place + 0.5), floor - high * row[2] / 100) for place, row in enumerate(rows)]
    parts = [
        format_html_join(
            "",
            '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#ccc" stroke-width="0.6"/>'
            '<text x="{}" y="{}" text-anchor="end">{}</text><text x="{}" y="{}">{} %</text>',
            (
                (_LEFT, _n(y), _WIDTH - _RIGHT, _n(y), _LEFT - 5, _n(y + 3), f"{most * share / 100:g}",
                 _WIDTH - _RIGHT + 5, _n(y + 3), share)
                for share in (0, 50, 100)
                for y in (floor - high * share / 100,)
            ),
        ),
        format_html_join(
            "",
            '<rect x="{}" y="{}" width="{}" height="{}" fill="#4a6fa5"/>'
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (_n(_LEFT + slot * (place + 0.2)), _n(floor - high * count / most), _n(slot * 0.6),
                 _n(high * count / most), _n(_LEFT + slot * (place + 0.5)), _n(floor - high * count / most - 3), count)
                for place, (_label, count, _share) in enumerate(rows)
            ),
        ),
        format_html(
            '<polyline points="{}" fill="none" stroke="#c2410c" stroke-width="1.6"/>',
            " ".join(f"{_n(x)},{_n(y)}" for x, y in points),
        ),
        format_html_join("", '<circle cx="{}" cy="{}" r="2.6" fill="#c2410c"/>', ((_n(x), _n(y)) for x, y in points)),
        # Two heights by turns: eleven causes in a row have no room for their names side by side.
        format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (_n(_LEFT + slot * (place + 0.5)), floor + (14 if place % 2 == 0 else 27), label)
                for place, (label, _count, _share) in enumerate(rows)
            ),
        ),
    ]  # fmt: skip
    drawn = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}"'
        ' font-family="{}, sans-serif" font-size="9.5" fill="#222">{}</svg>',
        _WIDTH,
        _HEIGHT,
        _WIDTH,
        _HEIGHT,
        _FONTS.get(language, _FONTS["zh-hans"]),
        format_html_join("", "{}", ((part,) for part in parts)),
    )
    return "data:image/svg+xml;base64," + base64.b64encode(str(drawn).encode()).decode()


def _n(value: float) -> str:
    return f"{value:.1f}"


# ── XLSX ───────────────────────────────────────────────────────────────────────────────────────
_PATTERNS = {
    Shape.COUNT: "#,##0",
    Shape.PERCENT: "#,##0.00",
    Shape.MONEY: "#,##0.00",
    Shape.SPAN: "[h]:mm",
    Shape.DAY: "yyyy-mm-dd",
    Shape.MOMENT: "yyyy-mm-dd hh:mm",
}


def xlsx(report: Report) -> bytes:
    """A sheet for each table: numbers as numbers, times as times of the house, and text as text, whatever it says."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    ) as book:
        # The moment of the report and not of the file: the same report makes the same file.
        book.set_properties(
            {
                "title": f"{report.kind_word.label} {report}",
                "company": settings.COMPANY,
                "created": timezone.localtime(report.generated_at).replace(tzinfo=None),
            }
        )
        styles = _Styles(book)
        _cover(book.add_worksheet(_("Report")), report, styles)
        for table in tables(report):
            _sheet(book.add_worksheet(_sheet_name(table.title)), table, styles)
    return out.getvalue()


class _Styles:
    def __init__(self, book: Any) -> None:
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.plain = book.add_format({"valign": "top"})
        self.words = book.add_format({"text_wrap": True, "valign": "top"})
        # Excel keeps such a cell as text when somebody edits it, as if it began with an apostrophe.
        self.quoted = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        self.shaped = {
            shape: book.add_format({"num_format": pattern, "valign": "top"}) for shape, pattern in _PATTERNS.items()
        }
        self.decimal = self.shaped[Shape.MONEY]


def _cover(sheet: Any, report: Report, styles: _Styles) -> None:
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 60)
    _write(sheet, 0, 0, f"{settings.COMPANY} · {report.kind_word.label}", Shape.TEXT, styles, styles.title)
    rows: list[tuple[str, Value, Shape]] = [
        (_("Number"), report.number, Shape.TEXT),
        (_("Version"), report.version, Shape.COUNT),
        (_("Period"), report.period.label, Shape.TEXT),
        (_("First day"), report.first_day, Shape.DAY),
        (_("Last day"), report.last_day, Shape.DAY),
        (_("Generated"), report.generated_at, Shape.MOMENT),
        (_("State"), str(report.state_word.label), Shape.TEXT),
        (_("Signed off by"), report.signed_by.name if report.signed_by else "", Shape.TEXT),
        (_("Signed off"), report.signed_at, Shape.MOMENT),
        (_("Remark"), report.remark, Shape.WORDS),
        ("SHA-256", report.content_sha256, Shape.TEXT),
    ]
    for place, (label, value, shape) in enumerate(rows, start=2):
        sheet.write_string(place, 0, label, styles.head)
        _write(sheet, place, 1, value, shape, styles)


def _sheet(sheet: Any, table: Table, styles: _Styles) -> None:
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, {Shape.WORDS: 40, Shape.TEXT: 20, Shape.MOMENT: 17}.get(column.shape, 12))
        sheet.write_string(0, place, column.label, styles.head)
    for number, row in enumerate(table.rows, start=1):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write(sheet, number, place, value, column.shape, styles)
    if table.note:
        _write(sheet, len(table.rows) + 2, 0, table.note, Shape.TEXT, styles, styles.plain)


def _write(sheet: Any, row: int, place: int, value: Value, shape: Shape, styles: _Styles, style: Any = None) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        text = value[:LONGEST_CELL]
        if text.startswith(FORMULA):
            style = styles.quoted
        sheet.write_string(row, place, text, style or (styles.words if shape == Shape.WORDS else styles.plain))
    elif isinstance(value, datetime):
        sheet.write_datetime(row, place, timezone.localtime(value).replace(tzinfo=None), styles.shaped[Shape.MOMENT])
    elif isinstance(value, date):
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), styles.shaped[Shape.DAY])
    elif isinstance(value, timedelta):
        sheet.write_number(row, place, value.total_seconds() / 86_400, styles.shaped[Shape.SPAN])
    elif isinstance(value, Decimal | float):
        sheet.write_number(
            row, place, float(value), styles.shaped.get(shape) if shape != Shape.COUNT else styles.decimal
        )
    else:
        sheet.write_number(row, place, value, styles.shaped[Shape.COUNT])


def _sheet_name(title: str) -> str:
    """At most 31 characters, without those that Excel refuses in the name of a sheet."""
    return "".join(letter for letter in title if letter not in "[]:*?/\\")[:31].strip("'") or "-"
