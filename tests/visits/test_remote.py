"""Help climbs: telephone, remote session with the customer's recorded word, visit; each step on record (R10)."""

from datetime import timedelta
from typing import Any

import pytest

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import clock, kinds, rows
from tests.visits.helpers import plan
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla.models import Clock
from visits.models import RemoteSession
from visits.services import remote, visit

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R10")]
MINUTE = timedelta(minutes=1)


def help_from_afar(cast: Cast, ticket: Ticket, **changed: Any) -> None:
    at = cast.at + 60 * MINUTE
    known = {
        "allowed_by": "王秀英",
        "allowed_how": "telephone",
        "allowed_at": at - 30 * MINUTE,
        "started_at": at - 28 * MINUTE,
        "ended_at": at - 5 * MINUTE,
        "result": "goes_on",
        "note": "set the filter back, it still hums",
        "by": cast.actor("clerk"),
        "at": at,
    }
    remote.remote_session(ticket.pk, **{**known, **changed})


def test_keeps_who_allowed_it_and_what_came_of_it(cast: Cast) -> None:
    ticket = cast.ticket(visit_needed=False)
    help_from_afar(cast, ticket)
    found = RemoteSession.objects.get()
    assert (found.allowed_by, found.allowed_how, found.result, found.by) == (
        "王秀英",
        "telephone",
        "goes_on",
        cast.user("clerk"),
    )
    ticket.refresh_from_db()
    assert (ticket.state, clock(ticket, "response").state) == ("in_progress", "met")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"allowed_by": " "}, "allowed_by"),
        ({"allowed_how": "nodding"}, "allowed_how"),
        ({"allowed_at": 35}, "allowed_at"),
        ({"ended_at": 30}, "ended_at"),
        ({"ended_at": 61}, "ended_at"),
        ({"allowed_at": -60 * 24 * 31}, "allowed_at"),
        ({"result": "magic"}, "result"),
        ({"note": ""}, "note"),
    ],
)
def test_refuses_a_session_without_permission_or_order(cast: Cast, changed: dict[str, Any], field: str) -> None:
    ticket = cast.ticket()
    changed = {name: cast.at + value * MINUTE if isinstance(value, int) else value for name, value in changed.items()}
    before = rows()
    with pytest.raises(Invalid) as refused:
        help_from_afar(cast, ticket, **changed)
    assert [name for name, _code, _message in refused.value.errors] == [field]
    assert (rows(), RemoteSession.objects.count()) == (before, 0)


def test_climbs_from_the_telephone_to_the_site(cast: Cast) -> None:
    ticket = cast.ticket(visit_needed=False)
    desk.log_contact(ticket.pk, reached=True, note="restart did not help", by=cast.actor("clerk"), at=cast.at)
    assert not Clock.objects.filter(ticket=ticket, target="on_site").exists()
    help_from_afar(cast, ticket, result="visit")
    ticket.refresh_from_db()
    assert (ticket.visit_needed, clock(ticket, "on_site").state) == (True, "running")
    plan(cast, ticket, at=cast.at + 61 * MINUTE)
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + 120 * MINUTE)
    assert kinds(ticket)[1:] == [
        "ticket.contacted",
        "ticket.remote_session",
        "ticket.visit_planned",
        "ticket.checked_in",
    ]


def test_asks_for_an_address_before_a_visit(cast: Cast) -> None:
    ticket = cast.ticket(visit_needed=False, address="", model=None, serial="")
    with pytest.raises(Invalid) as refused:
        help_from_afar(cast, ticket, result="visit")
    assert refused.value.errors[0][0] == "result"
    assert not RemoteSession.objects.exists()


def test_is_for_open_tickets_and_who_helps(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        help_from_afar(cast, cast.ticket_in("visiting"))
    with pytest.raises(Forbidden):
        help_from_afar(cast, cast.ticket(phone="139 0000 0001", serial="X"), by=cast.actor("archivist"))
    assert not RemoteSession.objects.exists()
