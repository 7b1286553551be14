"""Reading the dates of a calendar from a CSV file: `date,name,periods`, as a spreadsheet saves it.

Periods are empty (closed all day) or `08:30-12:00;13:00-17:30`. The heading may be left out, blank lines do not count.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line
from aftersales.core.working_time import BadCalendar, Fault, check_periods

MAX_BYTES = 200_000
MAX_ROWS = 2_000
MAX_ERRORS = 50  # more are counted, not listed
MAX_NAME = 80  # characters, as the column holds
FIELD = "csv"
HEADINGS = {"date", "日期"}

_DATE = re.compile(r"(2[01][0-9]{2})([-/])([0-9]{1,2})\2([0-9]{1,2})")
_SEPARATOR = re.compile(r"[;,、]")
_PERIOD = re.compile(r"([0-9]{1,2}:[0-9]{2})\s*[-–—~]\s*([0-9]{1,2}:[0-9]{2})")


@dataclass(frozen=True)
class Row:
    """One date of the file; `periods` is what a calendar day stores: pairs of "HH:MM", none when closed."""

    line: int
    date: date
    name: str
    periods: tuple[tuple[str, str], ...]


def read_csv(data: bytes) -> list[Row]:
    """Read the dates of a file, in its order. Raises Invalid with every wrong line at once (field "csv")."""
    if len(data) > MAX_BYTES:
        raise _refusal("too_large", _("The file is larger than 200 kB."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal("encoding", _("The file is not UTF-8. Save it as “CSV UTF-8” and upload it again.")) from error
    rows: list[Row] = []
    errors: list[tuple[str, str]] = []
    lines: dict[date, int] = {}
    found = _lines(text)
    if len(found) > MAX_ROWS:
        raise _refusal("too_many", _("The file has more than 2,000 dates."))
    for line, cells in found:
        row, wrong = _read(line, cells)
        if row and row.date in lines:
            first = lines[row.date]
            wrong = [("twice", _("The date stands in line %(line)s already.") % {"line": first})]
        elif row:
            lines[row.date] = line
            rows.append(row)
        errors += [(code, _at(line, message)) for code, message in wrong]
    if errors:
        raise _all(errors)
    if not rows:
        raise _refusal("empty", _("The file has no dates."))
    return rows


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Split the text into (line number, cells), without the heading and blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            cells = [clean_line(cell) for cell in cells]
            heading = not found and cells and cells[0].lower() in HEADINGS
            if any(cells) and not heading:
                found.append((line, cells))
            line = reader.line_num + 1  # a quoted cell may run over several lines
    except csv.Error as error:
        message = _("The quotation marks do not match, or a cell is too long.")
        raise _refusal("quoting", _at(line, message)) from error
    return found


def _read(line: int, cells: list[str]) -> tuple[Row | None, list[tuple[str, str]]]:
    """Read one line: a row, or all that is wrong with it as (code, message)."""
    wrong: list[tuple[str, str]] = []
    written, name, hours = [*cells, "", ""][:3]
    if any(cells[3:]):
        wrong.append(("columns", _("There are more than three columns: put names with a comma in quotation marks.")))
    day = _read_date(written)
    if day is None:
        wrong.append(
            ("date", _("“%(text)s” is not a date such as 2027-01-01 or 2027/1/1.") % {"text": _short(written)})
        )
    if len(name) > MAX_NAME:
        wrong.append(("name", _("The name is longer than 80 characters.")))
    periods: tuple[tuple[str, str], ...] = ()
    try:
        periods = read_periods(hours)
    except BadCalendar as error:
        if error.flaws[0].fault is Fault.OVERLAP:
            wrong.append(("periods", _("The periods overlap.")))
        else:
            message = _("“%(text)s” are not periods such as 08:30-12:00;13:00-17:30.") % {"text": _short(hours)}
            wrong.append(("periods", message))
    row = None if wrong or day is None else Row(line, day, name, periods)
    return row, wrong


def _read_date(written: str) -> date | None:
    match = _DATE.fullmatch(_plain(written))
    if match is None:
        return None
    year, _separator, month, day = match.groups()
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def read_periods(written: str) -> tuple[tuple[str, str], ...]:
    """Read `8:30-12:00;13:00-17:30` (or with commas) as pairs of "HH:MM"; 24:00 is midnight. Raises BadCalendar."""
    periods = check_periods(split_periods(written))
    return tuple((f"{opens:%H:%M}", f"{closes:%H:%M}") for opens, closes in periods)


def split_periods(written: str) -> list[list[str]]:
    """Take periods apart without a check: what is none stays as it was written, for whoever checks a whole calendar."""
    pairs: list[list[str]] = []
    for part in filter(None, (part.strip() for part in _SEPARATOR.split(_plain(written)))):
        match = _PERIOD.fullmatch(part)
        pairs.append([_midnight(clock.zfill(5)) for clock in match.groups()] if match else [part])
    return pairs


def _midnight(clock: str) -> str:
    return "00:00" if clock == "24:00" else clock


def _plain(written: str) -> str:
    """Write full-width digits and signs (：；－～) as their plain ones."""
    return unicodedata.normalize("NFKC", written)


def _short(written: str) -> str:
    return written if len(written) <= 40 else written[:39] + "…"


def _at(line: int, message: str) -> str:
    return _("Line %(line)s: %(message)s") % {"line": line, "message": message}


def _refusal(code: str, message: str) -> Invalid:
    return _all([(code, message)])


def _all(errors: list[tuple[str, str]]) -> Invalid:
    listed = [(FIELD, code, message) for code, message in errors[:MAX_ERRORS]]
    if more := len(errors) - len(listed):
        message = ngettext("And %(count)s more.", "And %(count)s more.", more) % {"count": more}
        listed.append((FIELD, "more", message))
    return Invalid(errors=listed, field=FIELD)
