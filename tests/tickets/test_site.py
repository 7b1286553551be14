"""A ticket that came without an address gets one; the promise of its region then holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.core.errors import Invalid
from tests.people import Cast
from tickets.services import desk
from tickets.sla.models import Clock

pytestmark = pytest.mark.django_db


def test_gives_a_ticket_its_address(cast: Cast) -> None:
    ticket = cast.ticket(visit_needed=False, address="", region=None)
    assert (ticket.site, ticket.region) == (None, None)
    ticket = desk.set_site(ticket.pk, address=" 南京路2号 ", region=cast.region, by=cast.actor("clerk"), at=cast.at)
    assert ticket.site is not None
    assert (ticket.site.address, ticket.site.customer, ticket.region) == ("南京路2号", ticket.customer, cast.region)
    event = ticket.events.get(kind="ticket.edited")
    assert event.data == {"before": {"site": ""}, "after": {"site": "南京路2号"}}
    assert "南京路2号" in ticket.search_text


@pytest.mark.rule("R22")
def test_judges_the_open_promise_by_the_new_region(cast: Cast) -> None:
    ticket = cast.ticket(region=cast.far_region, phone="+886 2 2712 3456")
    assert ticket.clocks.get(target="on_site").due_at == cast.at + timedelta(hours=24)
    with pytest.raises(Invalid, match="on file in Taipei"):
        desk.set_site(ticket.pk, address="浦东大道1号", region=cast.region, by=cast.actor("clerk"), at=cast.at)
    desk.set_site(ticket.pk, address="静安寺3号", region=cast.region, by=cast.actor("clerk"), at=cast.at)
    assert ticket.clocks.get(target="on_site").due_at == cast.at + timedelta(hours=8)


def test_refuses_an_empty_address(cast: Cast) -> None:
    ticket = cast.ticket()
    with pytest.raises(Invalid) as refusal:
        desk.set_site(ticket.pk, address=" \u200b ", region=cast.region, by=cast.actor("clerk"), at=cast.at)
    assert refusal.value.field == "address"
    assert ticket.events.count() == 1


@pytest.mark.rule("R22")
def test_promises_anew_after_a_visit_that_did_not_solve_it(cast: Cast) -> None:
    ticket = cast.visited(solved=False)
    promises = list(Clock.objects.filter(ticket=ticket, target="on_site").order_by("occurrence"))
    assert [(clock.occurrence, clock.state) for clock in promises] == [(1, "met"), (2, "running")]
    assert promises[1].due_at == cast.at + timedelta(hours=3 + 8)
