"""Who answers for a ticket: whoever registered it, until someone else has accepted (R02)."""

import pytest

from aftersales.accounts.actors import SYSTEM
from aftersales.accounts.models import User
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import HOUR, kinds, last, rows, told
from tickets import forms
from tickets.models import Notice, Ticket
from tickets.services import desk
from visits.services import dispatch

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R02")]


@pytest.mark.parametrize("role", ["clerk", "officer", "technician", "archivist", "manager"])
def test_belongs_to_whoever_registers(cast: Cast, role: str) -> None:
    by = cast.actor(role)
    ticket = cast.ticket(by=by)
    assert (ticket.owner, ticket.registered_by, ticket.offered_to) == (by.user, by.user, None)


def test_stays_with_its_owner_until_accepted(cast: Cast) -> None:
    ticket, officer = cast.ticket(), cast.actor("officer")
    desk.hand_over(ticket.pk, to=officer.user, note="knows him", by=cast.actor("clerk"), at=cast.at)
    offered = Ticket.objects.get(pk=ticket.pk)
    assert (offered.owner, offered.offered_to) == (cast.user("clerk"), officer.user)
    assert (last(ticket).data["note"], told(last(ticket))) == ("knows him", ["officer"])
    desk.accept(ticket.pk, by=officer, at=cast.at + HOUR)
    accepted = Ticket.objects.get(pk=ticket.pk)
    assert (accepted.owner, accepted.offered_to) == (officer.user, None)
    assert (last(ticket).user, told(last(ticket))) == (officer.user, ["clerk"])
    assert kinds(ticket) == ["ticket.registered", "ticket.handed_over", "ticket.accepted"]


def test_declined_goes_nowhere_and_says_why(cast: Cast) -> None:
    ticket, officer = cast.ticket(), cast.actor("officer")
    desk.hand_over(ticket.pk, to=officer.user, by=cast.actor("clerk"), at=cast.at)
    before = rows()
    with pytest.raises(Invalid, match="why") as refused:
        desk.decline(ticket.pk, reason=" \u200b ", by=officer, at=cast.at)
    assert (refused.value.field, rows()) == ("reason", before)
    desk.decline(ticket.pk, reason="on leave tomorrow", by=officer, at=cast.at)
    kept = Ticket.objects.get(pk=ticket.pk)
    assert (kept.owner, kept.offered_to) == (cast.user("clerk"), None)
    notice = last(ticket).notices.get()
    assert (notice.recipient.username, notice.urgent, last(ticket).data["note"]) == ("clerk", True, "on leave tomorrow")


def test_declined_reaches_the_supervisor_when_nobody_owns_it(cast: Cast) -> None:
    cast.user("supervisor")
    ticket, officer = cast.ticket(by=cast.partner_actor()), cast.actor("officer")
    desk.hand_over(ticket.pk, to=officer.user, by=cast.actor("dispatcher"), at=cast.at)
    desk.decline(ticket.pk, reason="not mine", by=officer, at=cast.at)
    assert told(last(ticket)) == ["supervisor"]


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_is_answered_by_whom_it_was_offered_to(cast: Cast, verb: str) -> None:
    ticket = cast.ticket()
    desk.hand_over(ticket.pk, to=cast.user("officer"), by=cast.actor("clerk"), at=cast.at)
    before = rows()
    for by in (cast.actor("clerk"), cast.actor("manager"), cast.actor("officer", "second")):
        with pytest.raises(NotAllowed, match="not offered to you") as refused:
            getattr(desk, verb)(ticket.pk, by=by, at=cast.at, **({"reason": "no"} if verb == "decline" else {}))
        assert (refused.value.rule, rows()) == ("R02", before)


def test_offer_to_another_takes_the_first_one_back(cast: Cast) -> None:
    ticket, clerk = cast.ticket(), cast.actor("clerk")
    desk.hand_over(ticket.pk, to=cast.user("officer"), by=clerk, at=cast.at)
    desk.hand_over(ticket.pk, to=cast.user("dispatcher"), by=clerk, at=cast.at)
    assert told(last(ticket)) == ["dispatcher", "officer"]
    with pytest.raises(NotAllowed):
        desk.accept(ticket.pk, by=cast.actor("officer"), at=cast.at)


@pytest.mark.parametrize("role", ["admin", "archivist"])
def test_is_not_handed_to_who_cannot_accept(cast: Cast, role: str) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(Invalid) as refused:
        desk.hand_over(ticket.pk, to=cast.user(role), by=cast.actor("clerk"), at=cast.at)
    assert (refused.value.code, refused.value.field, rows()) == ("not_possible", "to", before)
    assert cast.user(role) not in forms.HandOverForm().fields["to"].queryset  # type: ignore[attr-defined]


def test_is_not_handed_to_who_left_or_to_its_owner(cast: Cast) -> None:
    ticket, gone = cast.ticket(), cast.user("officer")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    before = rows()
    for to, code in ((User.objects.get(pk=gone.pk), "not_possible"), (cast.user("clerk"), "same_owner")):
        with pytest.raises(Invalid) as refused:
            desk.hand_over(ticket.pk, to=to, by=cast.actor("clerk"), at=cast.at)
        assert (refused.value.code, rows()) == (code, before)


def test_is_handed_over_by_its_owner_or_a_leader_alone(cast: Cast) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(NotAllowed, match="Only its owner"):
        desk.hand_over(ticket.pk, to=cast.user("dispatcher"), by=cast.actor("clerk", "second"), at=cast.at)
    assert rows() == before
    for role in ("dispatcher", "supervisor", "manager"):
        desk.hand_over(ticket.pk, to=cast.user("officer"), by=cast.actor(role), at=cast.at)


def test_archivist_hands_over_what_an_archivist_registered(cast: Cast) -> None:
    archivist = cast.actor("archivist")
    ticket = cast.ticket(by=archivist)
    desk.hand_over(ticket.pk, to=cast.user("clerk"), by=archivist, at=cast.at)
    desk.accept(ticket.pk, by=cast.actor("clerk"), at=cast.at)
    assert Ticket.objects.get(pk=ticket.pk).owner == cast.user("clerk")


def test_partner_ticket_is_nobodys_until_taken(cast: Cast) -> None:
    ticket = cast.ticket(by=cast.partner_actor())
    assert (ticket.owner, ticket.registered_by, ticket.partner) == (None, None, cast.partner)
    desk.take(ticket.pk, by=cast.actor("clerk"), at=cast.at)
    assert Ticket.objects.get(pk=ticket.pk).owner == cast.user("clerk")
    assert kinds(ticket) == ["ticket.registered", "ticket.taken"]


def test_is_not_taken_from_its_owner_but_by_a_leader(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.hand_over(ticket.pk, to=cast.user("officer"), by=cast.actor("clerk"), at=cast.at)
    before = rows()
    for by in (cast.actor("dispatcher"), cast.actor("clerk"), SYSTEM):
        with pytest.raises(NotAllowed, match="has an owner"):
            desk.take(ticket.pk, by=by, at=cast.at)
    with pytest.raises(Forbidden):
        desk.take(ticket.pk, by=cast.actor("archivist"), at=cast.at)
    assert rows() == before
    desk.take(ticket.pk, by=cast.actor("manager"), at=cast.at)
    taken = Ticket.objects.get(pk=ticket.pk)
    assert (taken.owner, taken.offered_to, told(last(ticket))) == (cast.user("manager"), None, ["clerk"])


def test_nobody_takes_what_is_nobodys_for_the_house(cast: Cast) -> None:
    ticket = cast.ticket(by=cast.partner_actor())
    before = rows()
    for verb in (desk.take, desk.accept):
        with pytest.raises(NotAllowed):
            verb(ticket.pk, by=SYSTEM, at=cast.at)
    assert rows() == before


@pytest.mark.rule("R75")
def test_offered_technician_sees_it_and_no_longer_once_declined(cast: Cast) -> None:
    ticket, technician = cast.ticket(), cast.actor("technician")
    assert not Ticket.objects.visible_to(technician).exists()
    desk.hand_over(ticket.pk, to=cast.technician, by=cast.actor("clerk"), at=cast.at)
    assert Ticket.objects.visible_to(technician).get() == ticket
    desk.decline(ticket.pk, reason="on the road", by=technician, at=cast.at)
    with pytest.raises(Missing):
        desk.note(ticket.pk, text="still here?", by=technician, at=cast.at)


@pytest.mark.parametrize("end", ["refuse", "cancel", "close"])
def test_offer_ends_with_the_ticket(cast: Cast, end: str) -> None:
    ticket, clerk = cast.ticket_in("resolved" if end == "close" else "received"), cast.actor("clerk")
    desk.hand_over(ticket.pk, to=cast.user("officer"), by=clerk, at=cast.at + HOUR)
    if end == "close":
        desk.close(ticket.pk, by=clerk, at=cast.at + HOUR)
    else:
        verb = desk.refuse if end == "refuse" else dispatch.cancel
        verb(ticket.pk, reason="no need", by=clerk, at=cast.at + HOUR)
    assert Ticket.objects.get(pk=ticket.pk).offered_to is None


def test_who_left_answers_for_nothing(cast: Cast) -> None:
    cast.user("supervisor")
    ticket = cast.ticket()
    User.objects.filter(username="clerk").update(is_active=False)
    desk.note(ticket.pk, text="the customer called again", by=cast.actor("officer"), at=cast.at)
    assert told(last(ticket)) == ["supervisor"]


def test_tells_a_manager_of_a_partners_ticket_where_no_supervisor_is(cast: Cast) -> None:
    manager = cast.user("manager")
    ticket = cast.ticket(by=cast.partner_actor())
    assert [notice.recipient for notice in Notice.objects.filter(ticket=ticket)] == [manager]
