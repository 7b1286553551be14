"""Who is told by which channel, and when: quiet hours are kept but for a device that is down."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from aftersales.accounts import quiet
from tests.people import Cast
from tests.tickets.helpers import HOUR, last
from tests.tickets.post_office import reached, tell
from tickets import notices
from tickets.models import Notice, Ticket

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = (time(22), time(7))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "hours", "until"),
    [
        ("2026-03-04 21:59:59", NIGHT, "2026-03-04 21:59:59"),
        ("2026-03-04 22:00", NIGHT, "2026-03-05 07:00"),
        ("2026-03-05 00:00", NIGHT, "2026-03-05 07:00"),
        ("2026-03-05 06:59:59", NIGHT, "2026-03-05 07:00"),
        ("2026-03-05 07:00", NIGHT, "2026-03-05 07:00"),
        ("2026-03-05 12:30", (time(12), time(14)), "2026-03-05 14:00"),
        ("2026-03-05 14:00", (time(12), time(14)), "2026-03-05 14:00"),
        ("2026-03-05 23:00", (time(22), time(0)), "2026-03-06 00:00"),
        ("2026-03-05 12:30", (time(12), time(12)), "2026-03-05 12:30"),
        ("2026-03-05 12:30", (None, time(14)), "2026-03-05 12:30"),
        ("2026-03-05 12:30", (time(12), None), "2026-03-05 12:30"),
    ],
)
def test_waits_until_the_quiet_hours_end(moment, hours, until):
    assert quiet.after(at(moment).astimezone(UTC), *hours, SHANGHAI) == at(until)


def test_keeps_the_wall_clock_when_it_is_moved():
    berlin = ZoneInfo("Europe/Berlin")  # 29 March 2026: 02:00 becomes 03:00
    assert quiet.after(at("2026-03-28 23:00", berlin), *NIGHT, berlin) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_the_urgent_goes_by_every_channel_once_and_the_rest_stays_in_the_inbox(cast: Cast):
    ticket = cast.ticket()
    clara = reached(cast.user("supervisor"), "email", "sms", "email")
    tell(ticket, clara, at=cast.at, by=cast.actor("officer"))
    told = Notice.objects.filter(event=last(ticket)).order_by("pk")
    assert list(told.values_list("channel", "state", "urgent", "next_attempt_at")) == [
        ("inbox", "sent", True, None),
        ("email", "queued", True, cast.at),
        ("sms", "queued", True, cast.at),
    ]
    told.delete()
    notices.post(last(ticket), to=[clara], at=cast.at)
    assert list(told.values_list("channel", flat=True)) == ["inbox"]


@pytest.mark.django_db
def test_posting_again_tells_nobody_again(cast: Cast):
    ticket = cast.ticket()
    clara = reached(cast.user("supervisor"))
    tell(ticket, clara, at=cast.at, by=cast.actor("officer"))
    notices.post(last(ticket), to=[clara, clara], at=cast.at, urgent=True)
    assert Notice.objects.filter(event=last(ticket)).count() == 2


@pytest.mark.django_db
@pytest.mark.rule("R07")
@pytest.mark.parametrize(("grade", "waits"), [(1, timedelta(0)), (2, 9 * HOUR), (4, 9 * HOUR)])
def test_a_device_that_is_down_wakes_people(cast: Cast, grade, waits):
    ticket = cast.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(grade=grade)
    clara = reached(cast.user("supervisor"), quiet_from=NIGHT[0], quiet_until=NIGHT[1])
    night = cast.at + 12 * HOUR  # 22:00 in Shanghai
    assert tell(ticket, clara, at=night, by=cast.actor("officer")).next_attempt_at == night + waits


@pytest.mark.django_db
def test_making_rows_asks_the_database_nothing(cast: Cast, django_assert_num_queries):
    ticket = cast.ticket()
    event, clara = last(ticket), reached(cast.user("supervisor"), "email", "sms")
    assert event.ticket.pk == ticket.pk
    with django_assert_num_queries(0):
        assert len(notices.rows(event, to=[clara], at=cast.at, urgent=True)) == 3
