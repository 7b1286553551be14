"""The visit: it meets the on-site promise at check-in and ends with a report that is signed or says why not."""

from datetime import timedelta

import pytest
from PIL import Image

from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from tests.people import Cast
from tests.visits.helpers import complete, data_url, plan, signature
from tickets.models import OutboxMessage
from tickets.services import desk
from tickets.sla.models import Clock
from tickets.sla.states import Target
from visits.models import Paper, Visit
from visits.services import visit as services
from visits.services.dispatch import Seen
from visits.services.visit import MAX_SIGNATURE_BYTES, read_signature

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R22")
def test_meets_the_promise_at_check_in(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket)
    services.set_out(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=1))
    services.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=2))
    clock = Clock.objects.get(ticket=ticket, target=Target.ON_SITE)
    ticket.refresh_from_db()
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", cast.at + timedelta(hours=2), None)
    assert ticket.state == "visiting"


@pytest.mark.rule("R22")
def test_is_late_from_the_moment_it_fell_due(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 7, 4)
    services.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=10))
    clock = Clock.objects.get(ticket=ticket, target=Target.ON_SITE)
    assert (clock.state, clock.met_late) == ("met", True)
    assert clock.breached_at == clock.due_at == cast.at + timedelta(hours=8)
    breach = ticket.events.get(kind="clock.breached", data__target="on_site")
    assert breach.at == clock.due_at


@pytest.mark.rule("R32")
def test_keeps_the_signed_report_and_queues_the_sheet(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    visit = complete(cast, ticket, customer_comment="谢谢", satisfaction=5)
    ticket.refresh_from_db()
    assert (visit.state, ticket.state, ticket.resolution) == ("completed", "resolved", "更换接头")
    assert (visit.signer_name, visit.satisfaction, visit.signed_at) == ("王秀英", 5, cast.at + timedelta(hours=3))
    assert bytes(visit.signature or b"").startswith(b"\x89PNG")
    sheet = Paper.objects.get(visit=visit)
    assert sheet.number.startswith("S20260304-")
    message = OutboxMessage.objects.get(task="visits.tasks.render_paper")
    assert message.args == [sheet.pk]


def test_goes_back_to_the_desk_when_not_solved(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    visit = complete(cast, ticket, solved=False)
    ticket.refresh_from_db()
    assert (visit.state, ticket.state, ticket.callback_owed) == ("not_solved", "in_progress", False)
    event = ticket.events.get(kind="ticket.visit_not_solved")
    assert event.notices.filter(urgent=True, recipient=cast.user("clerk")).exists()
    assert Paper.objects.filter(visit=visit).exists()


@pytest.mark.rule("R32")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"finding": " "}, "finding"),
        ({"work_done": ""}, "work_done"),
        ({"work_done": "x" * 4001}, "work_done"),
        ({"signature": ""}, "signature"),
        ({"signature": "", "signer_name": "", "typed_signature": " "}, "signature"),
        ({"signature": "", "typed_signature": "王秀英"}, "unsigned_reason"),
        ({"signature": "", "typed_signature": "x" * 81, "unsigned_reason": "x"}, "typed_signature"),
        ({"unsigned_reason": "x" * 201}, "unsigned_reason"),
        ({"signer_name": ""}, "signer_name"),
        ({"satisfaction": 6}, "satisfaction"),
    ],
)
def test_refuses_an_unfinished_report(cast: Cast, changed: dict[str, object], field: str) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Invalid) as refused:
        complete(cast, ticket, **changed)
    assert field in [name for name, _code, _message in refused.value.errors]
    assert not Paper.objects.exists()
    assert not OutboxMessage.objects.filter(task="visits.tasks.render_paper").exists()
    assert ticket.visits.get().state == "on_site"


@pytest.mark.rule("R32")
def test_takes_a_reason_where_the_customer_cannot_sign(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    visit = complete(cast, ticket, signature="", signer_name="", unsigned_reason="hand in plaster")
    assert (visit.signature, visit.signed_at, visit.unsigned_reason) == (None, None, "hand in plaster")


@pytest.mark.rule("R32")
def test_takes_a_typed_signature_with_the_reason(cast: Cast) -> None:
    typed = {"signature": "", "signer_name": "", "typed_signature": " 王秀英 ", "unsigned_reason": "screen is broken"}
    visit = complete(cast, cast.ticket_in("visiting"), **typed)
    assert (visit.signature, visit.signer_name, visit.unsigned_reason) == (None, "王秀英", "screen is broken")
    assert (visit.signed_at, visit.signed_by_typing) == (cast.at + timedelta(hours=3), True)


@pytest.mark.rule("R32")
def test_a_drawn_signature_stands_before_a_typed_one(cast: Cast) -> None:
    visit = complete(cast, cast.ticket_in("visiting"), signer_name="", typed_signature="王秀英", unsigned_reason="x")
    assert (bool(visit.signature), visit.signer_name, visit.signed_by_typing) == (True, "王秀英", False)


def test_writes_the_signature_anew(cast: Cast) -> None:
    import base64

    raw = base64.b64decode(signature().split(",")[1]) + b"<script>trailing</script>"
    png = read_signature("data:image/png;base64," + base64.b64encode(raw).decode())
    assert b"script" not in png


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (data_url(Image.new("RGB", (600, 190), "white")), "empty"),
        (data_url(Image.new("RGBA", (600, 190), (0, 0, 0, 0))), "empty"),
        (signature(fmt="JPEG"), "unreadable"),
        (signature(fmt="JPEG").replace("jpeg", "png"), "unreadable"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "unreadable"),
        ("http://127.0.0.1/x.png", "unreadable"),
        ("data:image/png;base64,!!!!", "unreadable"),
        ("data:image/png;base64,aGVsbG8=", "unreadable"),
        (signature()[:900], "unreadable"),
        (data_url(Image.new("L", (20_000, 20_000), 0)), "unreadable"),
        ("data:image/png;base64," + "A" * (MAX_SIGNATURE_BYTES + 4), "unreadable"),
    ],
    ids=["white", "clear", "jpeg", "jpeg named png", "svg", "address", "no base64", "no image", "cut", "bomb", "huge"],
)
def test_refuses_what_is_no_signature(given: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_signature(given)
    assert (refused.value.code, refused.value.field) == (code, "signature")


def test_lets_only_its_technician_work_it(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket)
    with pytest.raises(Missing):
        services.check_in(ticket.pk, by=cast.actor("technician", "Wang"), at=cast.at + timedelta(hours=2))
    assert ticket.visits.get().state == "planned"


@pytest.mark.parametrize("step", [services.set_out, services.check_in])
def test_does_a_step_once(cast: Cast, step: object) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket)
    seen = Seen(visit.pk, visit.version)
    step(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=1), seen=seen)  # type: ignore[operator]
    with pytest.raises((Stale, NotAllowed)):
        step(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=1), seen=seen)  # type: ignore[operator]
    assert ticket.events.filter(kind__in=["ticket.en_route", "ticket.checked_in"]).count() == 1


def test_takes_no_report_for_another_visit(cast: Cast) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket)
    with pytest.raises(Stale):
        services.check_in(
            ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=2), seen=Seen(visit.pk + 1, 1)
        )


def test_keeps_a_report_when_the_desk_adds_a_note_meanwhile(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    visit = ticket.visits.get()
    desk.note(ticket.pk, text="the customer called", by=cast.actor("clerk"), at=cast.at + timedelta(hours=2.5))
    done = complete(cast, ticket, seen=Seen(visit.pk, visit.version))
    assert done.state == "completed"


def test_goes_through_its_states_in_order(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket)
    with pytest.raises(NotAllowed):
        complete(cast, ticket)
    services.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=2))
    with pytest.raises(NotAllowed):
        services.set_out(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=2))
    complete(cast, ticket)
    with pytest.raises(NotAllowed):
        complete(cast, ticket)
    assert list(Visit.objects.values_list("state", flat=True)) == ["completed"]
