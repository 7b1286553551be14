"""Callbacks: it calls from day 3 to day 7, never about one's own visit, and the customer's answer decides."""

from datetime import UTC, datetime, timedelta

import pytest

from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from complaints.models import Attempt, Callback
from complaints.services import callback as services
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla.models import Clock
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db


def owed(cast: Cast, **kwargs: object) -> Callback:
    return cast.visited(**kwargs).callbacks.get()


def call(
    cast: Cast, callback: Callback, outcome: str, role: str = "clerk", days: float = 4, **more: object
) -> Callback:
    return services.record_attempt(
        callback.pk, outcome=outcome, by=cast.actor(role), at=cast.at + timedelta(days=days), **more
    )


@pytest.mark.rule("R60")
def test_is_owed_from_day_3_to_day_7_after_the_visit(cast: Cast) -> None:
    callback = owed(cast)  # the visit ended on Wednesday, 4 March, 13:00 in Shanghai
    assert callback.opens_at == datetime(2026, 3, 7, 0, 30, tzinfo=UTC)  # Saturday, when the service day opens
    assert timedelta(days=6) <= callback.due_at - (cast.at + timedelta(hours=3)) <= timedelta(days=8)
    clock = Clock.objects.get(ticket=callback.ticket, target=Target.CALLBACK)
    assert (clock.due_at, clock.not_before) == (callback.due_at, callback.opens_at)
    assert callback.ticket.callback_owed


@pytest.mark.rule("R60")
@pytest.mark.parametrize(("kind", "owes"), [("repair", True), ("maintenance", False), ("training", False)])
def test_is_owed_after_installation_and_repair_alone(cast: Cast, kind: str, owes: bool) -> None:
    assert cast.visited(kind=kind).callbacks.exists() is owes


@pytest.mark.rule("R60")
def test_is_refused_before_day_3(cast: Cast) -> None:
    callback = owed(cast)
    with pytest.raises(NotAllowed) as refused:
        services.record_attempt(
            callback.pk, outcome="satisfied", by=cast.actor("clerk"), at=callback.opens_at - timedelta(seconds=1)
        )
    assert (refused.value.rule, refused.value.code) == ("R60", "too_early")
    assert not Attempt.objects.exists()
    services.record_attempt(
        callback.pk, outcome="satisfied", asked_time=True, by=cast.actor("clerk"), at=callback.opens_at
    )


@pytest.mark.rule("R60")
def test_holds_the_ticket_open_until_the_customer_answered(cast: Cast) -> None:
    callback = owed(cast)
    with pytest.raises(NotAllowed) as refused:
        desk.close(callback.ticket_id, by=cast.actor("clerk"), at=cast.at + timedelta(days=4))
    assert refused.value.rule == "R60"


@pytest.mark.rule("R68")
def test_is_refused_to_whoever_made_the_visit(cast: Cast) -> None:
    callback = owed(cast)
    technician = cast.technician
    technician.role = "clerk"  # changed desks since
    technician.save()
    with pytest.raises(Forbidden) as refused:
        call(cast, callback, "satisfied", "technician")
    assert refused.value.rule == "R68"
    assert not Attempt.objects.exists()
    callback.ticket.refresh_from_db()
    assert callback.ticket.state == "resolved"


@pytest.mark.parametrize("role", ["technician", "dispatcher", "archivist", "admin"])
def test_is_made_by_the_desk_and_leaders(cast: Cast, role: str) -> None:
    callback = owed(cast)
    with pytest.raises(Forbidden):
        call(cast, callback, "satisfied", role)


@pytest.mark.rule("R62")
@pytest.mark.rule("R64")
def test_closes_the_ticket_of_a_satisfied_customer(cast: Cast) -> None:
    callback = call(cast, owed(cast), "satisfied", attitude=5, quality=4, solved=True, note="很好")
    ticket = Ticket.objects.get(pk=callback.ticket_id)
    assert (callback.state, ticket.state, ticket.callback_owed) == ("reached", "closed", False)
    assert ticket.ended_at == cast.at + timedelta(days=4)
    clock = Clock.objects.get(ticket=ticket, target=Target.CALLBACK)
    assert (clock.state, clock.breached_at) == ("met", None)
    attempt = callback.attempts.get()
    assert (attempt.by, attempt.attitude, attempt.quality, attempt.solved, attempt.note) == (
        cast.user("clerk"), 5, 4, True, "很好",
    )  # fmt: skip


def test_opens_the_ticket_of_a_dissatisfied_customer_again(cast: Cast) -> None:
    supervisor = cast.user("supervisor")
    callback = call(cast, owed(cast), "not_satisfied", solved=False, note="it leaks again")
    ticket = Ticket.objects.get(pk=callback.ticket_id)
    at = cast.at + timedelta(days=4)
    assert (ticket.state, ticket.cycle, ticket.callback_owed, ticket.ended_at) == ("reopened", 2, False, None)
    second = {clock.target: clock for clock in Clock.objects.filter(ticket=ticket, cycle=2)}
    assert set(second) == {Target.RESPONSE, Target.VISIT_ANSWER, Target.ON_SITE}
    assert {clock.started_at for clock in second.values()} == {at}
    assert {clock.state for clock in second.values()} == {"running"}
    event = ticket.events.get(kind="callback.reached")
    assert event.notices.filter(urgent=True, recipient=supervisor).exists()
    assert ticket.events.get(kind="ticket.reopened").data["note"] == "it leaks again"


@pytest.mark.rule("R64")
@pytest.mark.parametrize("outcome", ["not_reached", "wrong_number"])
def test_keeps_every_attempt_and_stays_owed(cast: Cast, outcome: str) -> None:
    callback = owed(cast)
    for days in (4, 5):
        call(cast, callback, outcome, days=days, note="rings", attitude=5)
    callback.refresh_from_db()
    assert (callback.state, callback.attempts_made) == ("owed", 2)
    assert callback.last_attempt_at == cast.at + timedelta(days=5)
    assert list(callback.attempts.values_list("outcome", "attitude")) == [(outcome, None)] * 2
    assert callback.ticket.events.filter(kind="callback.attempted").count() == 2
    assert Clock.objects.get(ticket=callback.ticket, target=Target.CALLBACK).state == "running"


@pytest.mark.rule("R60")
def test_is_met_late_with_the_breach_at_its_due_time(cast: Cast) -> None:
    callback = owed(cast)
    call(cast, callback, "satisfied", days=12)
    clock = Clock.objects.get(ticket=callback.ticket, target=Target.CALLBACK)
    assert (clock.state, clock.breached_at, clock.met_late) == ("met", callback.due_at, True)


@pytest.mark.parametrize(
    ("outcome", "more", "field"),
    [
        ("happy", {}, "outcome"),
        ("satisfied", {"attitude": 6}, "attitude"),
        ("satisfied", {"quality": 0}, "quality"),
        ("satisfied", {"solved": False}, "outcome"),
        ("not_satisfied", {"note": "  "}, "note"),
    ],
)
@pytest.mark.rule("R62")
def test_names_what_is_wrong(cast: Cast, outcome: str, more: dict[str, object], field: str) -> None:
    callback = owed(cast)
    with pytest.raises(Invalid) as refused:
        call(cast, callback, outcome, **more)
    assert refused.value.field == field
    assert not Attempt.objects.exists()


def test_is_done_once(cast: Cast) -> None:
    callback = owed(cast)
    version = Ticket.objects.get(pk=callback.ticket_id).version
    call(cast, callback, "satisfied", ticket_version=version)
    with pytest.raises(Stale):
        call(cast, callback, "satisfied", ticket_version=version)
    with pytest.raises(NotAllowed):
        call(cast, callback, "satisfied")
    assert Attempt.objects.count() == 1


def test_is_withdrawn_when_the_ticket_is_opened_by_another_way(cast: Cast) -> None:
    callback = owed(cast)
    desk.reopen(callback.ticket_id, reason="leaks", by=cast.actor("clerk"), at=cast.at + timedelta(days=1))
    callback.refresh_from_db()
    assert callback.state == "withdrawn"
    assert Clock.objects.get(ticket=callback.ticket, target=Target.CALLBACK).state == "stopped"
    with pytest.raises(NotAllowed):
        call(cast, callback, "satisfied")
