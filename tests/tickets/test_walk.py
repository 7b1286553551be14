"""A ticket's life by chance: whatever people do in whatever order, what must hold holds after each step."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Refusal
from complaints.services import callback
from tests.people import Cast
from tests.tickets.helpers import HOUR, rows
from tests.visits.stock import CONDUCT, KIT
from tickets import actions, verbs
from tickets.models import NO_DUE, Event, Ticket
from tickets.services import desk
from tickets.sla import sweep
from tickets.sla.clocks import read_segments
from tickets.sla.rebuild import differences
from tickets.states import EDGES, ENDED, State

pytestmark = pytest.mark.django_db

STEPS = 30
BOUNDARIES = {"cancellation_notice", "no_show"}  # whether they were kept is known when their time is over
ROLES = ("clerk", "dispatcher", "technician", "officer", "supervisor", "manager")


def words(cast: Cast, chance: random.Random, verb: str, at: datetime) -> dict[str, Any]:
    """What somebody enters for a verb."""
    start = at + chance.randint(1, 40) * HOUR
    window = {
        "technician": chance.choice([cast.technician, cast.user("technician", "second")]),
        "window_start": start,
        "window_end": start + chance.randint(1, 4) * HOUR,
        "customer_wish": chance.random() < 0.5,
    }
    entered: dict[str, dict[str, Any]] = {
        "decline": {"reason": "busy"},
        "log_contact": {"reached": chance.random() < 0.7},
        "reply_to_sales": {"to": "Gu", "answer": "tomorrow"},
        "answer_stock": {"arrived": chance.random() < 0.5, "reached": chance.random() < 0.7},
        "postpone_repair": {
            "until": at + chance.randint(100, 2000) * HOUR,
            "reason": "parts",
            "reached": chance.random() < 0.8,
        },
        "ready_for_collection": {"reached": chance.random() < 0.5},
        "notify_collection": {"reached": chance.random() < 0.5},
        "post_back": {"note": "SF 1234"},
        "note": {"text": "空調 🔥"},
        "wait": {
            "waiting_for": chance.choice(["customer", "parts"]),
            "until": at + chance.randint(1, 72) * HOUR,
            "reason": "away",
        },
        "resolve": {"resolution": "reset"},
        "reopen": {"reason": "again"},
        "refuse": {"reason": "not ours"},
        "cancel": {"reason": "sold it"},
        "cancel_visit": {"reason": "ill", "customer_wish": chance.random() < 0.5, "apology": "sorry"},
        "approve_contractor": {"reason": "all ill"},
        "hand_over": {"to": cast.user(chance.choice(["officer", "dispatcher", "supervisor"]))},
        "grade": {"grade": chance.randint(1, 4)},
        "edit": {
            "summary": "leaks",
            "description": "",
            "kind": chance.choice(["repair", "installation", "maintenance"]),
            "visit_needed": chance.random() < 0.6,
        },
        "set_site": chance.choice(
            [
                {"address": "南京路2号", "region": cast.region},
                {"address": "信義路五段7號", "region": cast.far_region},
            ]
        ),
        "plan_visit": window,
        "move_visit": {**window, "reason": "asked", "apology": "sorry"},
        "running_late": {"minutes": chance.randint(5, 120), "reason": "traffic"},
        "tell_customer": {"how": chance.choice(["phone", "sms"])},
        "log_visit_call": {"reached": chance.random() < 0.3},
        "refuse_late": {"reason": "send another"},
        "decide_no_show": {"fault": chance.choice(["customer", "company", "nobody"]), "reason": "said so"},
        "dispute_no_show": {"reason": "was there"},
        "choose_window": {"window_start": start},
        "decline_visit": {"reason": "sold it"},
        "complete_visit": {
            "solved": chance.random() < 0.6,
            "finding": "leak",
            "work_done": "sealed",
            "unsigned_reason": "hand in plaster",
        },
    }
    return {**entered, **work(cast, chance, at)}.get(verb, {})


def work(cast: Cast, chance: random.Random, at: datetime) -> dict[str, dict[str, Any]]:
    """What somebody enters around a visit."""
    return {
        "confirm_by_phone": {"reached": chance.random() < 0.5, "confirmed": chance.random() < 0.5, "note": "ok"},
        "check_kit": KIT if chance.random() < 0.8 else {},
        "need_part": {"part": cast.valve, "quantity": chance.randint(0, 2)},
        "announce_charges": {"lines": [{"code": "P-100", "quantity": chance.randint(1, 3)}], "agreed_by": "王秀英"},
        "use_part": {"part": cast.valve, "quantity": chance.randint(1, 2)},
        "change_serial": {
            "carries": chance.choice(["serial", "sim"]),
            "new_serial": f"N-{chance.randint(1, 99)}",
            "reason": "plate read",
        },
        "take_to_workshop": {"what": "board", "condition": "scratched", "agreed_by": "王秀英"},
        "interrupt_visit": {"reason": "rest", "resume_at": at + chance.randint(1, 40) * HOUR},
        "check_conduct": CONDUCT if chance.random() < 0.8 else {},
        "collect_charge": {
            "amount": Decimal(80 * chance.randint(1, 3)),
            "method": chance.choice(["cash", "card"]),
            "explanation": chance.choice(["", "discount"]),
        },
        "record_consent": {"voucher_seen": True, "parts_complete": True, "human_damage": False, "agreed": True},
        "record_finding": {"code": "power"},
        "drop_finding": {"code": "power"},
        "propose_plan": {"what": "seal the pipe"},
        "confirm_plan": {"signer_name": "x"},
        "dispute_plan": {"reason": "too dear"},
        "decide_plan": {"keep": True, "reason": "no other way"},
        "report_major_failure": {"occurred_at": at, "place": "hall", "what": "fire", "first_plan": "stop it"},
        "approve_warranty": {"approve": True},
        "decide_warranty": {"proof": "none", "explanation": "no papers", "signer_name": "x"},
        "remote_session": {
            "allowed_by": "王秀英",
            "allowed_how": "telephone",
            "allowed_at": at - HOUR,
            "started_at": at - HOUR,
            "ended_at": at,
            "result": chance.choice(["solved", "goes_on", "visit"]),
            "note": "reset",
        },
    }


def step(cast: Cast, chance: random.Random, ticket_id: int, by: Actor, at: datetime) -> Callable[[], object]:
    """One thing that somebody does with the ticket now, mostly one that is possible."""
    ticket = Ticket.objects.get(pk=ticket_id)
    names = actions.names() if chance.random() < 0.2 else [verb.name for verb in verbs.available(ticket, by)]
    name = chance.choice([*names, "sweep", "wake", "call"])
    if name == "sweep":
        return lambda: sweep.sweep(at=at)
    if name == "wake":
        return lambda: desk.wake_due(at=at)
    owed = ticket.callbacks.filter(state="owed").first()
    if name == "call" and owed is not None:
        outcome = chance.choice(["satisfied", "not_satisfied", "not_reached"])
        return lambda: callback.record_attempt(owed.pk, outcome=outcome, note="hums", by=by, at=at)
    action = actions.get("note" if name == "call" else name)
    assert action is not None
    entered = words(cast, chance, action.name, at)
    return lambda: action.run(ticket_id, by=by, at=at, **entered)


@pytest.mark.rule("R22")
@pytest.mark.parametrize("seed", range(8))
def test_what_must_hold_holds_after_every_step(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    pk, at = cast.ticket(visit_needed=chance.random() < 0.7, grade=chance.randint(1, 4)).pk, cast.at
    moved = 0
    for _step in range(STEPS):
        at += timedelta(minutes=chance.choice([0, 1, 15, 90, 600, 2000]))
        by = cast.actor(chance.choice(ROLES))
        before, known, last = rows(), Ticket.objects.get(pk=pk), Event.objects.latest("pk").pk
        try:
            step(cast, chance, pk, by, at)()
        except Refusal:
            assert rows() == before
            continue
        check(pk, known, list(Event.objects.filter(pk__gt=last).order_by("pk")), at)
        moved += 1
    assert moved > STEPS / 2  # the walk is no row of refusals


def check(pk: int, before: Ticket, events: list[Event], at: datetime) -> None:
    """The state is legal and told, each event is one version, and every due time follows from its segments."""
    ticket = Ticket.objects.get(pk=pk)
    told = [event for event in events if event.kind not in ("clock.warned", "clock.breached", "clock.escalated")]
    assert [event.version for event in told] == list(range(before.version + 1, ticket.version + 1))
    moves = [(event.from_state, event.to_state) for event in told if event.to_state]
    assert all(move in EDGES for move in moves)
    path = [before.state, *(target for _source, target in moves)]
    assert [source for source, _target in moves] == path[:-1]
    assert ticket.state == path[-1]
    assert (ticket.ended_at is not None) == (ticket.state in ENDED)
    assert (ticket.wake_at is not None) == (ticket.state == State.WAITING)
    assert ticket.updated_at >= before.updated_at
    assert not told or ticket.updated_at <= at
    running = []
    for clock in ticket.clocks.select_related("policy"):
        firings = list(clock.firings.order_by("pk"))
        assert differences(clock, read_segments([clock.pk]), firings) == {}
        assert clock.cycle <= ticket.cycle
        if clock.state == "running":
            running.append(clock.due_at)
        fell_due = [firing.due_at for firing in firings if firing.step == "due"]
        assert min(fell_due, default=None) == clock.breached_at
        if clock.met_at is not None and clock.breached_at is None:
            at_its_end = clock.target in BOUNDARIES and clock.met_at == clock.due_at
            assert clock.met_at < clock.due_at or at_its_end
    assert ticket.next_due_at == min(running, default=NO_DUE)
    if ticket.state in ENDED:
        assert not running
        assert ticket.offered_to is None
