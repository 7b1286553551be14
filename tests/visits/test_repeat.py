"""Repeat repairs: the same problem on the same product again is recognised and counted (R17)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from aftersales.core.time import now
from aftersales.dashboard import lists
from tests.people import Cast
from tests.visits.helpers import complete, plan
from tests.visits.test_finding import _codes as _codes
from tickets import callers
from tickets.models import Ticket
from visits import selectors_warranty as selectors
from visits.models import RepeatRepair
from visits.services import finding, visit

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R17")]


def repaired(cast: Cast, code: str = "", *, solved: bool = True) -> Ticket:
    """A repair of three hours after cast.at."""
    ticket = cast.ticket_in("visiting")
    if code:
        finding.record_finding(ticket.pk, code=code, by=cast.actor("technician"), at=cast.at + timedelta(hours=3))
    complete(cast, ticket, solved=solved)
    return ticket


def again(cast: Cast, first: Ticket, days: float, **kwargs: Any) -> Ticket:
    """A ticket on the same product whose technician arrives some days later."""
    at = cast.at + timedelta(days=days)
    ticket = cast.ticket(customer=first.customer, product=first.product, at=at, **kwargs)
    start = at + timedelta(hours=1)
    plan(cast, ticket, window_start=start, window_end=start + timedelta(hours=1), at=at)
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=start)
    return ticket


def record(cast: Cast, ticket: Ticket, code: str) -> None:
    finding.record_finding(ticket.pk, code=code, by=cast.actor("technician"), at=ticket.received_at)


def test_is_recognised_when_the_technician_arrives(cast: Cast) -> None:
    first = repaired(cast)
    second = again(cast, first, 30)
    row = RepeatRepair.objects.get()
    assert (row.ticket, row.earlier.ticket, row.product, row.code) == (second, first, first.product, None)
    event = second.events.get(kind="visit.repeat_recognised")
    assert (event.data["repeat"], event.data["days"]) == (True, 29)
    assert event.notices.filter(recipient=cast.user("clerk")).exists()


@pytest.mark.parametrize(("days", "repeats"), [(90, 1), (90.2, 0)])
def test_without_codes_it_is_ninety_days(cast: Cast, days: float, repeats: int) -> None:
    again(cast, repaired(cast), days)
    assert RepeatRepair.objects.count() == repeats


def test_the_same_code_is_a_repeat_however_long_ago(cast: Cast) -> None:
    second = again(cast, repaired(cast, "refrigerant-leak"), 400)
    assert not RepeatRepair.objects.exists()
    record(cast, second, "refrigerant-leak")
    row = RepeatRepair.objects.get()
    assert row.code
    assert (row.ticket, row.code.code) == (second, "refrigerant-leak")


def test_another_code_takes_it_back(cast: Cast) -> None:
    second = again(cast, repaired(cast, "refrigerant-leak"), 10)
    assert RepeatRepair.objects.count() == 1
    record(cast, second, "no-power")
    assert not RepeatRepair.objects.exists()
    told = list(second.events.filter(kind="visit.repeat_recognised").order_by("pk"))
    assert [event.data["repeat"] for event in told] == [True, False]
    record(cast, second, "refrigerant-leak")
    assert RepeatRepair.objects.count() == 1
    finding.drop_finding(second.pk, code="refrigerant-leak", by=cast.actor("technician"))
    assert not RepeatRepair.objects.exists()


def test_what_was_not_solved_or_is_no_repair_goes_on(cast: Cast) -> None:
    first = repaired(cast, solved=False)
    assert not again(cast, first, 5).events.filter(kind="visit.repeat_recognised").exists()


def test_maintenance_after_a_repair_is_no_repeat(cast: Cast) -> None:
    again(cast, repaired(cast), 5, kind="maintenance")
    assert not RepeatRepair.objects.exists()


def test_is_seen_on_the_pages_and_counted(cast: Cast, client: Client) -> None:
    second = again(cast, repaired(cast), 30)
    client.force_login(cast.user("supervisor"))
    for path in (f"/tickets/{second.number}/visits/", f"/visits/{second.visits.get().pk}/"):
        assert "Repeat repair" in client.get(path).content.decode()
    assert "1 repeat repair" in client.get(f"/customers/{second.customer_id}/").content.decode()
    counted = lists.count([{"repeats": "month"}], second.received_at + timedelta(days=1))[0]
    assert (counted.value, counted.url) == (1, "/dashboard/list/?repeats=month")
    assert lists.count([{"repeats": "month"}], second.received_at + timedelta(days=31))[0].value == 0
    RepeatRepair.objects.update(recognised_at=now())
    assert second.number in client.get("/dashboard/list/?repeats=month").content.decode()


def test_is_foreseen_before_anybody_goes(cast: Cast) -> None:
    first = repaired(cast)
    at = cast.at + timedelta(days=1)
    second = cast.ticket(customer=first.customer, product=first.product, at=at)
    found = selectors.repeat_of(second, at)
    assert found
    assert (found.visit.ticket, found.code) == (first, None)
    assert selectors.repeat_of(second, at + timedelta(days=90)) is None


def test_the_clerk_is_told_at_intake(cast: Cast) -> None:
    first = repaired(cast)
    assert first.product
    Ticket.objects.filter(pk=first.pk).update(resolved_at=now() - timedelta(days=89))
    caller = callers.caller(first.customer, cast.actor("clerk"), product=first.product)
    assert caller.repaired == first
    Ticket.objects.filter(pk=first.pk).update(resolved_at=now() - timedelta(days=91))
    assert callers.caller(first.customer, cast.actor("clerk"), product=first.product).repaired is None
