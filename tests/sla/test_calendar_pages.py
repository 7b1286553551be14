"""The pages of calendars: what one reads, what a change is shown to do before it is saved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from aftersales.core.time import now
from aftersales.dashboard import health
from tickets.services import calendar as service
from tickets.sla.models import Calendar

pytestmark = pytest.mark.django_db
PAGE = "/calendars/working-days/"
DECEMBER = datetime(2026, 12, 3, 4, tzinfo=UTC)


def browser(cast, role: str = "supervisor", language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(cast.actor(role).user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def hours_form(**changed) -> dict[str, str]:
    written = {f"day_{day}": "08:30-12:00, 13:00-17:30" for day in range(5)}
    names = {"name_en": "Working days", "name_zh_hans": "工作日", "name_zh_hant": "工作日"}
    return {"version": "1", "zone": "Asia/Shanghai", "country": "CN", **names, **written, **changed}


def day_form(on: date, **changed) -> dict[str, str]:
    return {"version": "1", "date": on.isoformat(), "name": "", "periods": "", "confirmed": "on", **changed}


@pytest.fixture
def waits(cast):
    """An application of this moment, and a weekday on which it might be answered: the calendar has no other dates."""
    Calendar.objects.get(code="working-days").days.all().delete()
    ticket = cast.ticket(at=now())
    return ticket.clocks.get(target="visit_answer")


def page_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


# ── reading ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R09")
def test_list_tells_hours_and_special_dates_in_words(cast):
    text = browser(cast, "clerk").get("/calendars/").content.decode()
    for words in (
        "Working days (Hong Kong)",
        "Mon–Fri",
        "08:30–12:00, 13:00–17:30",
        "Sat–Sun",
        "closed",
        "open all the same",
    ):
        assert words in text
    assert reverse("calendar_new") not in text


def test_page_shows_the_dates_of_a_year_in_the_language_of_the_reader(cast):
    answer = browser(cast, language="zh-TW").get(f"{PAGE}?year=2026&month=2026-10")
    text = answer.content.decode()
    assert len(answer.context["days"]) == 28
    assert "國慶節" in text
    cells = {cell.date.day: cell for week in answer.context["month"].weeks for cell in week if cell.inside}
    assert [day for day, cell in cells.items() if not cell.open] == [1, 2, 3, 4, 5, 6, 7, 11, 17, 18, 24, 25, 31]
    assert cells[10].special.periods == [["08:30", "12:00"], ["13:00", "17:30"]]


def test_desk_reads_without_forms(cast):
    text = browser(cast, "dispatcher").get(PAGE).content.decode()
    assert "National Day" in text or "New Year" in text
    assert "calendars/working-days/day/" not in text


def test_older_version_is_still_there_to_read(cast):
    service.set_day(
        service.current("working-days"), on=date(2026, 12, 31), name="Stocktaking", by=cast.actor("manager")
    )
    client = browser(cast)
    assert "Stocktaking" in client.get(f"{PAGE}?year=2026").content.decode()
    older = client.get(f"{PAGE}?version=1&year=2026")
    assert "Stocktaking" not in older.content.decode()
    assert older.context["may_edit"] is False
    assert client.get(f"{PAGE}?version=7").status_code == 404
    assert client.get("/calendars/no-such/").status_code == 404


@pytest.mark.parametrize(
    "query", ["year=x", "year=99999999999", "month=2026-13", "day=2026-02-30", "month=0001-01", "version=x"]
)
def test_odd_addresses_do_no_harm(cast, query):
    assert browser(cast).get(f"{PAGE}?{query}").status_code in (200, 404)


def test_number_of_queries_does_not_grow(cast):
    client = browser(cast)
    few = page_queries(client, "/calendars/"), page_queries(client, PAGE)
    for number in range(3):
        change = service.new(code=f"shift-{number}", name_en="Shift", country="TW", week=[[["22:00", "06:00"]]] * 7)
        service.apply(change, by=cast.actor("manager"))
        service.set_day(service.current("working-days"), on=date(2026, 11, 9 + number), by=cast.actor("manager"))
    assert (page_queries(client, "/calendars/"), page_queries(client, PAGE)) == few


# ── changing ─────────────────────────────────────────────────────────────────────────────────
def test_change_that_moves_promises_is_shown_before_it_is_saved(cast, waits):
    client = browser(cast)
    holiday = day_form(timezone.localdate(waits.due_at), name="Typhoon")
    answer = client.post(f"{PAGE}day/", holiday)
    text = answer.content.decode()
    assert (answer.status_code, service.current("working-days").version) == (200, 1)
    assert "1 open promise falls due at another time" in text
    assert waits.ticket.number in text
    moved = answer.context["preview"].moves[0].due_at
    answer = client.post(f"{PAGE}day/", {**holiday, "sure": "1"}, follow=True)
    assert "Saved as version 2. 1 open promise falls due at another time." in answer.content.decode()
    waits.refresh_from_db()
    assert abs(waits.due_at - moved) < timedelta(seconds=5)
    assert waits.policy.calendar.version == 2


def test_change_that_moves_nothing_is_saved_at_once(cast):
    answer = browser(cast).post(f"{PAGE}day/", day_form(date(2027, 8, 2), name="Inventory"), follow=True)
    assert answer.redirect_chain == [(f"{PAGE}?year=2027", 302)]
    assert "No open promise falls due at another time." in answer.content.decode()
    assert service.current("working-days").days.get(date=date(2027, 8, 2)).name == "Inventory"


def test_hours_are_read_as_people_write_them(cast):
    fields = hours_form(day_5="9:00－12:00；22:00-24:00")
    browser(cast).post(f"{PAGE}hours/", fields)
    assert service.current("working-days").week[5] == [["09:00", "12:00"], ["22:00", "00:00"]]


def test_wrong_hours_are_told_with_their_day_and_everything_stays(cast):
    fields = hours_form(day_0="8-12", day_1="08:00-12:00, 11:00-14:00", zone="Asia/Atlantis")
    answer = browser(cast).post(f"{PAGE}hours/", fields)
    errors = answer.context["hours_form"].errors
    assert (answer.status_code, sorted(errors)) == (422, ["day_0", "zone"])
    assert errors["zone"] == ["There is no such time zone."]
    assert 'value="8-12"' in answer.content.decode()
    assert service.current("working-days").version == 1


def test_calendar_without_hours_is_refused_in_plain_words(cast):
    answer = browser(cast).post(f"{PAGE}hours/", hours_form(**{f"day_{day}": "" for day in range(7)}))
    assert answer.status_code == 422
    assert "No weekday has open hours, so no promise would ever fall due." in answer.content.decode()


def test_what_somebody_else_saved_is_not_overwritten(cast):
    service.set_day(service.current("working-days"), on=date(2026, 12, 31), by=cast.actor("manager"))
    answer = browser(cast).post(f"{PAGE}hours/", hours_form(day_5="09:00-12:00"))
    assert (answer.status_code, service.current("working-days").version) == (409, 2)


def test_removes_a_date_and_confirms_a_year(cast):
    client = browser(cast)
    client.post(f"{PAGE}day/remove/", {"version": "1", "date": "2027-10-05"})
    client.post(f"{PAGE}confirm/", {"version": "2", "year": "2027"})
    found = service.current("working-days")
    assert (found.version, found.days.filter(date=date(2027, 10, 5)).exists()) == (3, False)
    assert not found.days.filter(confirmed=False).exists()


def test_file_is_looked_at_and_then_saved(cast):
    client = browser(cast)
    upload = SimpleUploadedFile("2027.csv", "﻿日期,名称\n2027-01-01,元旦\n2027-02-05,\n".encode())
    answer = client.post(f"{PAGE}import/", {"version": "1", "confirmed": "on", "csv": upload})
    assert service.current("working-days").version == 1
    fields = answer.context["fields"]
    assert fields["text"].startswith("日期")
    client.post(f"{PAGE}import/", {**fields, "sure": "1"})
    days = service.current("working-days").days.filter(date__year=2027)
    assert [(str(day.date), day.confirmed) for day in days] == [("2027-01-01", True), ("2027-02-05", True)]


def test_wrong_file_is_refused_by_its_lines(cast):
    client = browser(cast)
    upload = SimpleUploadedFile("2027.csv", b"2027-02-30,X\n2027-03-01,Y,nine to five\n")
    answer = client.post(f"{PAGE}import/", {"version": "1", "csv": upload})
    assert answer.status_code == 422
    assert [message[:7] for message in answer.context["file_form"].errors["csv"]] == ["Line 1:", "Line 2:"]
    assert client.post(f"{PAGE}import/", {"version": "1"}).status_code == 422


def test_makes_a_calendar(cast):
    client = browser(cast)
    refused = client.post("/calendars/new/", hours_form(version="0", code="working-days"))
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["code"])
    answer = client.post("/calendars/new/", hours_form(version="0", code="night", day_0="22:00-06:00"))
    assert (answer.status_code, answer["Location"]) == (302, "/calendars/night/")
    assert service.current("night").week[0] == [["22:00", "06:00"]]


# ── the alert ────────────────────────────────────────────────────────────────────────────────
def test_leaders_read_in_december_that_the_coming_year_is_not_confirmed(cast, monkeypatch):
    words = "The public holidays of 2027 are not confirmed."
    client = browser(cast)
    for module, address in (("tickets.views.calendars", "/calendars/"), ("aftersales.dashboard.views", "/dashboard/")):
        monkeypatch.setattr(f"{module}.now", lambda: DECEMBER - timedelta(days=5))
        assert words not in client.get(address).content.decode()
        monkeypatch.setattr(f"{module}.now", lambda: DECEMBER)
        assert words in client.get(address).content.decode()
    assert words not in browser(cast, "clerk").get("/calendars/").content.decode()


def test_whoever_runs_the_house_reads_it_too(cast, client, monkeypatch):
    assert health.holidays(DECEMBER) == {"ok": True, "unconfirmed": ["working-days 2027", "working-days-tw 2027"]}
    monkeypatch.setattr("aftersales.dashboard.health.now", lambda: DECEMBER)
    assert "aftersales_holidays_unconfirmed 2.0" in client.get("/metrics").content.decode()
