"""The clocks of a complaint, to the second: over nights, a holiday, a dispute and a second cycle."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.models import Complaint
from complaints.services import handling, settling
from tests.complaints.helpers import DAY, HOUR, MINUTE, complain, in_state, start
from tests.people import Cast
from tickets.models import Event
from tickets.services import desk
from tickets.sla import policies, sweep
from tickets.sla.models import Calendar, CalendarDay, Clock
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at_local(cast: Cast, days: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A local time, so many days after the visit's Wednesday."""
    day = (cast.at.astimezone(SHANGHAI) + timedelta(days=days)).date()
    return datetime.combine(day, time(hour, minute, second), SHANGHAI)


def due(complaint: Complaint, target: str) -> datetime:
    return Clock.objects.filter(ticket=complaint.ticket_id, target=target).order_by("-occurrence")[0].due_at


@pytest.mark.rule("R40", "R42", "R43")
def test_start_together_in_the_morning(cast: Cast) -> None:
    at = at_local(cast, 2, 9, 15, 30)
    made = complain(cast, at=at)
    assert due(made, Target.COMPLAINT_ACKNOWLEDGED) == at_local(cast, 2, 10, 15, 30)
    assert due(made, Target.COMPLAINT_INVESTIGATED) == at_local(cast, 2, 22)  # the service day closes
    assert due(made, Target.COMPLAINT_PROPOSED) == at_local(cast, 4, 9, 15, 30)  # round the clock, over the weekend


@pytest.mark.rule("R40", "R42")
def test_what_comes_at_night_counts_from_the_morning(cast: Cast) -> None:
    made = complain(cast, at=at_local(cast, 2, 23, 40))
    assert due(made, Target.COMPLAINT_ACKNOWLEDGED) == at_local(cast, 3, 9, 30)
    assert due(made, Target.COMPLAINT_INVESTIGATED) == at_local(cast, 3, 22)


@pytest.mark.rule("R40")
def test_what_comes_late_in_the_evening_goes_on_in_the_morning(cast: Cast) -> None:
    made = complain(cast, at=at_local(cast, 2, 21, 50, 10))
    assert due(made, Target.COMPLAINT_ACKNOWLEDGED) == at_local(cast, 3, 9, 20, 10)


@pytest.mark.rule("R42")
def test_a_closed_day_is_passed_over(cast: Cast) -> None:
    service = Calendar.objects.get(code="service-hours", current=True)
    CalendarDay.objects.create(calendar=service, date=at_local(cast, 3, 12).date(), name_en="closed", periods=[])
    policies.forget()
    policies.calendars.forget()
    policies.versions.forget()
    made = complain(cast, at=at_local(cast, 2, 22, 30))
    assert due(made, Target.COMPLAINT_INVESTIGATED) == at_local(cast, 4, 22)
    assert due(made, Target.COMPLAINT_ACKNOWLEDGED) == at_local(cast, 4, 9, 30)
    assert due(made, Target.COMPLAINT_PROPOSED) == at_local(cast, 4, 22, 30)


@pytest.mark.rule("R43")
def test_the_customer_is_told_on_the_day_of_the_decision(cast: Cast) -> None:
    made = in_state(cast, "investigating")
    at = at_local(cast, 3, 16, 20)
    settling.propose(made.pk, verdict="upheld", remedy="none", by=cast.actor("officer"), at=at)
    assert due(made, Target.COMPLAINT_INFORMED) == at_local(cast, 3, 22)
    clock = Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_INFORMED)
    settling.inform(made.pk, reached=True, by=cast.actor("officer"), at=at_local(cast, 3, 22))
    clock.refresh_from_db()
    assert (clock.state, clock.breached_at) == ("met", at_local(cast, 3, 22))  # half-open: at the end it is late


@pytest.mark.rule("R43")
def test_told_in_the_last_second_is_kept(cast: Cast) -> None:
    made = in_state(cast, "investigating")
    settling.propose(made.pk, verdict="upheld", remedy="none", by=cast.actor("officer"), at=at_local(cast, 3, 16))
    settling.inform(made.pk, reached=True, by=cast.actor("officer"), at=at_local(cast, 3, 21, 59, 59))
    clock = Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_INFORMED)
    assert (clock.state, clock.breached_at) == ("met", None)


@pytest.mark.rule("R42", "R43")
def test_what_nobody_does_is_broken_when_it_falls_due(cast: Cast) -> None:
    cast.user("supervisor"), cast.user("manager")
    at = at_local(cast, 2, 9)
    made = complain(cast, at=at)
    sweep.sweep(at=at + 3 * DAY)
    broken = dict(
        Clock.objects.filter(ticket=made.ticket, target__startswith="complaint").values_list("target", "breached_at")
    )
    assert broken == {
        "complaint_acknowledged": at + HOUR,
        "complaint_investigated": at_local(cast, 2, 22),
        "complaint_proposed": at + 2 * DAY,
    }
    events = Event.objects.filter(ticket=made.ticket, kind="clock.breached", data__target__startswith="complaint")
    assert sorted(event.at for event in events) == sorted(broken.values())


@pytest.mark.rule("R43")
def test_a_dispute_promises_a_solution_anew(cast: Cast) -> None:
    made = in_state(cast, "proposed")
    at = at_local(cast, 3, 11)
    settling.dispute(made.pk, reason="no", by=cast.actor("clerk"), at=at)
    clocks = Clock.objects.filter(ticket=made.ticket, target=Target.COMPLAINT_PROPOSED).order_by("occurrence")
    assert [(clock.occurrence, clock.state, clock.due_at) for clock in clocks] == [
        (1, "met", start(cast) + 2 * DAY),
        (2, "running", at + 2 * DAY),
    ]


@pytest.mark.rule("R41")
def test_a_second_cycle_has_its_own_clocks(cast: Cast) -> None:
    made = in_state(cast, "closed")
    at = at_local(cast, 9, 23)
    settling.reopen(made.pk, reason="again", by=cast.actor("clerk"), at=at)
    assert due(made, Target.COMPLAINT_ACKNOWLEDGED) == at_local(cast, 10, 9, 30)
    assert due(made, Target.COMPLAINT_INVESTIGATED) == at_local(cast, 10, 22)
    assert due(made, Target.COMPLAINT_PROPOSED) == at + 2 * DAY
    handling.acknowledge(made.pk, reached=True, by=cast.actor("clerk"), at=at_local(cast, 10, 9))
    first, second = Clock.objects.filter(ticket=made.ticket, target="complaint_acknowledged").order_by("occurrence")
    assert (first.met_at, second.met_at) == (start(cast) + MINUTE, at_local(cast, 10, 9))


@pytest.mark.rule("R40")
def test_they_outlive_the_ticket(cast: Cast) -> None:
    ticket = cast.ticket_in("resolved")
    made = complain(cast, ticket=ticket, visit=None, at=cast.at + HOUR)

    desk.close(ticket.pk, by=cast.actor("clerk"), at=cast.at + 2 * HOUR)
    states = Clock.objects.filter(ticket=ticket, target__startswith="complaint").values_list("state", flat=True)
    assert list(states) == ["running"] * 3
    desk.reopen(ticket.pk, reason="again", by=cast.actor("clerk"), at=cast.at + 3 * HOUR)
    assert Clock.objects.filter(ticket=ticket, target__startswith="complaint", state="running").count() == 3
    assert Complaint.objects.get(pk=made.pk).state == "registered"
