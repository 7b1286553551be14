"""What telephones send later: once each, in the order given, dated as it happened; what cannot be done is kept."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftersales.core.errors import Invalid
from tests.people import Cast
from tests.visits.helpers import plan, signature
from tickets.models import Event, Notice
from visits.models import Command, Paper, Visit
from visits.services import commands, dispatch
from visits.services import visit as working
from visits.services.commands import Sent

pytestmark = pytest.mark.django_db
REPORT = {
    "finding": ["冷媒泄漏"],
    "work_done": ["更换接头"],
    "solved": ["true"],
    "signature": [signature()],
    "signer_name": ["王秀英"],
}
DAY = timedelta(hours=6)


def sent(device: UUID, number: int, name: str, hours_ago: float, data: dict[str, list[str]] | None = None) -> Sent:
    return Sent(uuid4(), device, number, name, timedelta(hours=hours_ago), data or {})


def a_day(device: UUID) -> list[Sent]:
    return [
        sent(device, 1, "set_out", 4),
        sent(device, 2, "check_in", 3),
        sent(device, 3, "complete_visit", 1, REPORT),
    ]


def state_of(visit: Visit) -> dict[str, Any]:
    visit.refresh_from_db()
    ticket = visit.ticket
    return {
        "visit": (visit.state, visit.version, visit.finding, visit.satisfaction),
        "times": (visit.en_route_at, visit.checked_in_at, visit.ended_at),
        "ticket": (ticket.state, ticket.version),
        "events": list(Event.objects.filter(ticket=ticket).order_by("id").values_list("kind", "at")),
        "papers": Paper.objects.filter(visit=visit).count(),
    }


def test_does_a_day_without_network_as_it_happened(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    answers = [commands.receive(visit, one, by=by, at=at).state for one in a_day(uuid4())]
    visit.refresh_from_db()
    assert answers == ["done"] * 3
    assert (visit.en_route_at, visit.checked_in_at, visit.ended_at) == (
        at - timedelta(hours=4),
        at - timedelta(hours=3),
        at - timedelta(hours=1),
    )
    assert visit.state == "completed"


def test_waits_for_the_one_before(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    first, second, third = a_day(uuid4())
    assert commands.receive(visit, third, by=by, at=at).state == "waiting"
    assert commands.receive(visit, second, by=by, at=at).state == "waiting"
    visit.refresh_from_db()
    assert visit.state == "planned"
    assert commands.receive(visit, first, by=by, at=at).state == "done"
    visit.refresh_from_db()
    assert visit.state == "completed"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_fifty_commands_twice_and_shuffled_are_once_in_order(cast: Cast, seed: int) -> None:
    at, by = cast.at + DAY, cast.actor("technician")
    notes = ["check_in", "complete_visit"]
    straight, shuffled = (plan(cast, cast.ticket(serial=f"S{seed}{n}"), hours=2 + 3 * n) for n in range(2))
    days = []
    for _queue in range(2):
        device = uuid4()
        chance = random.Random(seed)
        names = ["set_out"] + [chance.choice(["set_out", "check_in"]) for _ in range(47)] + notes
        days.append(
            [
                sent(device, n, name, 5 - n / 12, REPORT if name == "complete_visit" else {})
                for n, name in enumerate(names, 1)
            ]
        )
    for one in days[0]:
        commands.receive(straight, one, by=by, at=at)
    twice = days[1] * 2
    random.Random(seed + 1).shuffle(twice)
    for one in twice:
        commands.receive(shuffled, one, by=by, at=at)
    expected, found = state_of(straight), state_of(shuffled)
    assert found == expected
    assert expected["visit"][0] == "completed"
    assert list(Command.objects.filter(visit=shuffled).order_by("number").values_list("state", flat=True)) == list(
        Command.objects.filter(visit=straight).order_by("number").values_list("state", flat=True)
    )
    Visit.objects.filter(pk__in=[straight.pk, shuffled.pk]).update(technician=cast.user("technician", f"old{seed}"))


def test_the_same_command_fifty_times_is_one(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    one = sent(uuid4(), 1, "set_out", 1)
    assert {commands.receive(visit, one, by=by, at=at).state for _ in range(50)} == {"done"}
    assert Event.objects.filter(ticket=visit.ticket, kind="ticket.en_route").count() == 1


@pytest.mark.rule("R32")
def test_takes_a_signature_that_was_typed_without_network(cast: Cast) -> None:
    visit, by, at, device = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY, uuid4()
    typed = {
        **REPORT,
        "signature": [""],
        "signer_name": [""],
        "typed_signature": ["王秀英"],
        "unsigned_reason": ["冻僵"],
    }
    for one in [*a_day(device)[:2], sent(device, 3, "complete_visit", 1, typed)]:
        assert commands.receive(visit, one, by=by, at=at).state == "done"
    visit.refresh_from_db()
    assert (visit.signed_by_typing, visit.signer_name, visit.unsigned_reason) == (True, "王秀英", "冻僵")


def test_keeps_what_the_office_made_impossible(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    dispatch.cancel_visit(
        visit.ticket_id,
        reason="flood",
        customer_wish=True,
        by=cast.actor("dispatcher"),
        at=cast.at + timedelta(hours=2),
    )
    found = [commands.receive(visit, one, by=by, at=at) for one in a_day(uuid4())]
    assert [one.state for one in found] == ["conflict"] * 3
    assert found[2].data == REPORT
    assert Notice.objects.filter(recipient=cast.actor("dispatcher").user, event__kind="ticket.phone_conflict").exists()


def test_a_clock_that_is_a_day_off_dates_nothing(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    device = uuid4()
    commands.receive(visit, sent(device, 1, "set_out", 30), by=by, at=at)  # before it was planned
    commands.receive(visit, sent(device, 2, "check_in", -24), by=by, at=at)  # tomorrow
    visit.refresh_from_db()
    assert (visit.en_route_at, visit.checked_in_at) == (visit.planned_at, at)


def test_what_the_answer_of_was_lost_is_done(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    commands.receive(visit, sent(uuid4(), 1, "set_out", 2), by=by, at=at)
    again = commands.receive(visit, sent(uuid4(), 1, "set_out", 2), by=by, at=at)
    assert again.state == "done"


def test_a_page_sends_an_id_once(cast: Cast) -> None:
    visit, by = plan(cast, cast.ticket()), cast.actor("technician")
    ran: list[int] = []
    run: Callable[[], None] = lambda: ran.append(1)  # noqa: E731
    one = uuid4()
    assert [commands.once(visit, one, "set_out", run, by=by, at=cast.at) for _ in range(50)] == [True] + [False] * 49
    assert ran == [1]


def test_another_number_twice_is_refused(cast: Cast) -> None:
    visit, by, at = plan(cast, cast.ticket()), cast.actor("technician"), cast.at + DAY
    device = uuid4()
    commands.receive(visit, sent(device, 1, "set_out", 2), by=by, at=at)
    with pytest.raises(Invalid) as caught:
        commands.receive(visit, sent(device, 1, "check_in", 1), by=by, at=at)
    assert caught.value.errors[0][0] == "number"
    assert Command.objects.count() == 1


# ── the door ───────────────────────────────────────────────────────────────────────────────────
def post(client: Client, visit: Visit, one: Sent, **changed: str) -> Any:
    data = {
        "id": str(one.id),
        "device": str(one.device),
        "number": str(one.number),
        "name": one.name,
        "age": "1000",
        "data": json.dumps(one.data),
    }
    return client.post(f"/visits/{visit.pk}/commands/", {**data, **changed})


def now_visit(cast: Cast) -> Visit:
    at = timezone.now()
    ticket = cast.ticket(at=at - timedelta(minutes=5))
    start = at + timedelta(hours=1)
    return plan(cast, ticket, window_start=start, window_end=start + timedelta(hours=2),
                customer_wish=True, at=at - timedelta(minutes=1))  # fmt: skip


def test_takes_a_command_and_says_what_became_of_it(cast: Cast, client: Client) -> None:
    visit = now_visit(cast)
    client.force_login(cast.technician)
    answer = post(client, visit, sent(uuid4(), 1, "set_out", 0))
    assert (answer.status_code, answer.json()["state"]) == (200, "done")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "x"),
        ("device", ""),
        ("number", "zero"),
        ("age", "1e9"),
        ("data", "[]"),
        ("data", '{"a": 1}'),
        ("number", "0"),
    ],
)
def test_names_what_is_wrong(cast: Cast, client: Client, field: str, value: str) -> None:
    visit = now_visit(cast)
    client.force_login(cast.technician)
    answer = post(client, visit, sent(uuid4(), 1, "set_out", 0), **{field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].endswith(field)
    assert not Command.objects.exists()


def test_anothers_visit_is_not_there_unless_it_was_shown(cast: Cast, client: Client) -> None:
    visit, other = now_visit(cast), cast.user("technician", "Bo")
    client.force_login(other)
    one = sent(uuid4(), 1, "set_out", 0)
    assert post(client, visit, one).status_code == 404
    shown = commands.pass_for(visit, cast.actor("technician", "Bo"))
    answer = post(client, visit, one, **{"pass": shown})
    assert (answer.status_code, answer.json()["state"]) == (200, "conflict")
    visit.refresh_from_db()
    assert visit.state == "planned"


def test_dispatch_sees_the_conflict_and_settles_it(cast: Cast, client: Client) -> None:
    visit = now_visit(cast)
    dispatch.cancel_visit(visit.ticket_id, reason="flood", customer_wish=True, by=cast.actor("dispatcher"))
    command = commands.receive(visit, sent(uuid4(), 1, "complete_visit", 0, REPORT), by=cast.actor("technician"))
    client.force_login(cast.user("dispatcher"))
    page = client.get("/dispatch/from-telephones/").content.decode()
    assert "冷媒泄漏" in page
    assert "王秀英" in page
    assert client.post(f"/dispatch/from-telephones/{command.pk}/settle/", {"note": ""}).status_code == 302
    assert Command.objects.get().state == "conflict"
    client.post(f"/dispatch/from-telephones/{command.pk}/settle/", {"note": "entered by hand"})
    settled = Command.objects.get()
    assert (settled.state, settled.settled_by, settled.settled_note) == (
        "settled",
        cast.user("dispatcher"),
        "entered by hand",
    )


def test_dispatch_tries_again_after_clearing_the_way(cast: Cast, client: Client) -> None:
    visit = now_visit(cast)
    command = commands.receive(visit, sent(uuid4(), 1, "complete_visit", 0, REPORT), by=cast.actor("technician"))
    assert command.state == "conflict"  # not checked in
    working.check_in(visit.ticket_id, by=cast.actor("dispatcher"))
    client.force_login(cast.user("dispatcher"))
    client.post(f"/dispatch/from-telephones/{command.pk}/again/")
    visit.refresh_from_db()
    assert (Command.objects.get().state, visit.state, visit.finding) == ("done", "completed", "冷媒泄漏")


def test_shows_the_page_that_a_telephone_keeps(cast: Cast, client: Client) -> None:
    visit = now_visit(cast)
    client.force_login(cast.technician)
    assert 'canvas class="signature' in client.get(f"/visits/{visit.pk}/?as=on_site").content.decode()
    assert 'canvas class="signature' not in client.get(f"/visits/{visit.pk}/").content.decode()
    assert client.get(f"/visits/{visit.pk}/?as=done").status_code == 200
    visit.refresh_from_db()
    assert visit.state == "planned"


def test_serves_worker_and_manifest(client: Client) -> None:
    assert client.get("/worker.js")["Content-Type"].startswith("text/javascript")
    assert client.get("/manifest.webmanifest").json()["start_url"] == "/my-day/"
