"""Dates of a calendar from a CSV file: what a spreadsheet saves is read, and what is wrong is named by its line."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.core.errors import Invalid
from tickets.sla.calendar_csv import MAX_BYTES, Row, read_csv


def errors_of(data: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read_csv(data.encode() if isinstance(data, str) else data)
    assert {field for field, _code, _message in caught.value.errors} == {"csv"}
    return [(code, message) for _field, code, message in caught.value.errors]


def test_reads_holidays_half_days_and_names_with_commas() -> None:
    text = 'date,name,periods\n2027-01-01,New Year,\n\n2027/2/5,"Eve, half a day",8:30-12:00; 13:00-17:30\n'
    assert read_csv(text.encode()) == [
        Row(2, date(2027, 1, 1), "New Year", ()),
        Row(4, date(2027, 2, 5), "Eve, half a day", (("08:30", "12:00"), ("13:00", "17:30"))),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("heading", ["", "date,name,periods", "日期,名称,时段", "Date"])
def test_reads_what_spreadsheets_save(encoding: str, newline: str, heading: str) -> None:
    text = newline.join(filter(None, [heading, "2027-10-01,国庆节,", ",,", "2027-10-09,调休,08:30-22:00,,"]))
    rows = read_csv(text.encode(encoding))
    assert [(row.date.day, row.name, row.periods) for row in rows] == [
        (1, "国庆节", ()),
        (9, "调休", (("08:30", "22:00"),)),
    ]


def test_reads_full_width_signs_and_a_date_alone() -> None:
    text = "２０２７／５／１\n2027-05-02,,０８：３０－１２：００；22:00～06:00\n"
    assert [row.periods for row in read_csv(text.encode())] == [(), (("08:30", "12:00"), ("22:00", "06:00"))]


def test_names_every_wrong_line_at_once() -> None:
    text = "2027-02-29,x,\n2027-03-01,ok,\n2027-03-02,late,8:30-25:00\nsoon,x,never,more\n2027/3/1,again,\n"
    assert errors_of(text) == [
        ("date", "Line 1: “2027-02-29” is not a date such as 2027-01-01 or 2027/1/1."),
        ("periods", "Line 3: “8:30-25:00” are not periods such as 08:30-12:00;13:00-17:30."),
        ("columns", "Line 4: There are more than three columns: put names with a comma in quotation marks."),
        ("date", "Line 4: “soon” is not a date such as 2027-01-01 or 2027/1/1."),
        ("periods", "Line 4: “never” are not periods such as 08:30-12:00;13:00-17:30."),
        ("twice", "Line 5: The date stands in line 2 already."),
    ]


@pytest.mark.parametrize("written", ["27-1-1", "2027-1/1", "1/1/2027", "0227-01-01", "2027-13-01", "", "=1+1", "date"])
def test_refuses_what_is_no_date(written: str) -> None:
    assert [code for code, _message in errors_of(f"2027-01-01,a,\n{written},b,\n")] == ["date"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("08:30-12:00;11:59-13:00", "Line 1: The periods overlap."),
        ("22:00-06:00;23:00-23:30", "Line 1: The periods overlap."),
        ("08:30", "Line 1: “08:30” are not periods such as 08:30-12:00;13:00-17:30."),
        ("closed", "Line 1: “closed” are not periods such as 08:30-12:00;13:00-17:30."),
    ],
)
def test_refuses_wrong_periods(written: str, message: str) -> None:
    assert errors_of(f"2027-01-01,a,{written}") == [("periods", message)]


def test_refuses_a_name_that_does_not_fit() -> None:
    assert len(read_csv(f"2027-01-01,{'节' * 80},".encode())) == 1
    assert errors_of(f"2027-01-01,{'节' * 81},") == [("name", "Line 1: The name is longer than 80 characters.")]


def test_line_numbers_count_lines_within_quotation_marks() -> None:
    rows = read_csv(b'2027-01-01,"New\nYear",\n2027-01-02,b,\n')
    assert [(row.line, row.name) for row in rows] == [(1, "New Year"), (3, "b")]


def test_refuses_files_that_are_none() -> None:
    assert errors_of("2027-10-01,國慶".encode("big5"))[0][0] == "encoding"
    assert errors_of(b"PK\x03\x04\xff\xfe")[0][0] == "encoding"
    assert errors_of(b"")[0][0] == "empty"
    assert errors_of("\ufeffdate,name,periods\n\n,,\n") == [("empty", "The file has no dates.")]
    assert errors_of('2027-01-01,a,\n2027-01-02,"b"c,\n')[0] == (
        "quoting",
        "Line 2: The quotation marks do not match, or a cell is too long.",
    )


def test_is_bounded() -> None:
    days = [date.fromordinal(date(2027, 1, 1).toordinal() + n).isoformat() for n in range(2001)]
    assert len(read_csv("\n".join(days[:2000]).encode())) == 2000
    assert errors_of("\n".join(days)) == [("too_many", "The file has more than 2,000 dates.")]
    assert errors_of(b" " * (MAX_BYTES + 1)) == [("too_large", "The file is larger than 200 kB.")]
    found = errors_of("x,y,z\n" * 1000)
    assert len(found) == 51
    assert found[-1] == ("more", "And 1950 more.")


@given(st.one_of(st.binary(max_size=300), st.text(alphabet='20271-/,;:"\n\r \0x０；日', max_size=200).map(str.encode)))
def test_never_fails_otherwise(data: bytes) -> None:
    with suppress(Invalid):
        assert read_csv(data) != []
