"""How grave a complaint is: what is proposed, who decides, whom it alarms (R41)."""

from __future__ import annotations

import pytest

from aftersales.accounts.models import User
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from complaints.models import Complaint
from complaints.services import handling, settling
from tests.complaints.helpers import HOUR, MINUTE, complain, in_state, start
from tests.complaints.test_complaint import counted, told
from tests.people import Cast
from tickets.models import Notice
from tickets.sla.models import Clock
from tickets.sla.states import Target

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R41")]


@pytest.mark.parametrize(
    ("words", "signals", "proposed"),
    [
        ("师傅态度不好", [], 1),
        ("再不来我就找记者曝光", ["media"], 2),
        ("記者已經來採訪了", ["media"], 3),
        ("我已向12315投诉", ["authority"], 3),
        ("否则就打12315", ["authority", "threat"], 2),
        ("不然就去消保會申訴", ["authority", "threat"], 2),
        ("插头冒烟,孩子触电了", ["safety"], 2),
        ("I already filed it with the consumer council", ["authority"], 3),
        ("Or I will go public and call a journalist", ["media", "threat"], 2),
        ("It gave me an electric shock", ["safety"], 2),
    ],
)
def test_words_propose_a_class(cast: Cast, words: str, signals: list[str], proposed: int) -> None:
    made = complain(cast, words=words)
    assert (sorted(one["signal"] for one in made.signals), made.complaint_class) == (sorted(signals), proposed)
    assert (made.proposed_class, made.classed_by) == (proposed, None)


def test_a_second_complaint_of_the_customer_or_the_product_is_class_two(cast: Cast) -> None:
    first = complain(cast)
    customer = first.ticket.customer
    again = complain(cast, ticket=cast.ticket(customer=customer, serial="NEW-1"), visit=None)
    same_product = complain(
        cast, ticket=cast.ticket(customer_name="李雷", phone="13700001234"), visit=None
    )  # another customer, the same serial number
    assert again.signals == [{"signal": "repeated", "detail": first.number}]
    assert (again.complaint_class, same_product.complaint_class) == (2, 2)
    long_ago = complain(cast, ticket=cast.ticket(customer_name="韩梅", phone="13700009999", serial="N2"), visit=None)
    assert long_ago.complaint_class == 1


def test_a_broken_promise_to_a_vip_is_class_two(cast: Cast) -> None:
    ticket = cast.visited(vip=True)
    Clock.objects.filter(ticket=ticket, target="on_site").update(broken=True, breached_at=cast.at)
    made = complain(cast, ticket=ticket)
    assert [one["signal"] for one in made.signals] == ["vip", "broken"]
    assert made.complaint_class == 2


def test_raising_holds_at_once_and_alarms(cast: Cast) -> None:
    director = User.objects.create(username="director", name="Ding", role="manager")
    cast.user("supervisor"), cast.user("manager")
    made = complain(cast)
    handling.grade(made.pk, complaint_class=2, reason="calls again", by=cast.actor("officer"), at=start(cast))
    assert told("complaint.classed") == ["supervisor"]
    third = handling.grade(made.pk, complaint_class=3, reason="on TV", by=cast.actor("officer"), at=start(cast))
    assert told("complaint.classed") == ["director", "manager", "supervisor"]
    assert (third.complaint_class, third.class_reason, third.classed_by) == (3, "on TV", cast.user("officer"))
    assert Notice.objects.filter(recipient=director, urgent=True).exists()


def test_class_three_is_acknowledged_within_thirty_minutes(cast: Cast) -> None:
    cast.user("manager")
    at = start(cast)
    made = complain(cast)
    clock = Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_ACKNOWLEDGED)
    assert clock.due_at == at + HOUR
    handling.grade(made.pk, complaint_class=3, reason="on TV", by=cast.actor("officer"), at=at + 10 * MINUTE)
    clock.refresh_from_db()
    assert clock.due_at == at + 30 * MINUTE
    assert clock.policy.complaint_class == 3


def test_lowering_takes_two_people(cast: Cast) -> None:
    officer, other = cast.actor("officer"), cast.actor("officer", "second")
    cast.user("manager")
    at = start(cast)
    made = complain(cast, words="我已向12315投诉")
    asked = handling.grade(made.pk, complaint_class=1, reason="a joke", by=officer, at=at)
    assert (asked.complaint_class, asked.lower_to, asked.lower_by) == (3, 1, officer.user)
    before = counted()
    with pytest.raises(NotAllowed) as refusal:
        handling.sign_lowering(made.pk, by=officer, at=at)
    assert (refusal.value.rule, counted()) == ("R41", before)
    signed = handling.sign_lowering(made.pk, note="I heard it too", by=other, at=at + MINUTE)
    assert (signed.complaint_class, signed.lower_to, signed.classed_by) == (1, None, other.user)
    assert signed.class_reason == "a joke · I heard it too"
    assert Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_ACKNOWLEDGED).due_at == at + HOUR


def test_a_lower_class_may_be_refused(cast: Cast) -> None:
    made = complain(cast, words="我已向12315投诉")
    handling.grade(made.pk, complaint_class=2, reason="calm", by=cast.actor("officer"), at=start(cast))
    kept = handling.keep_class(made.pk, reason="no", by=cast.actor("supervisor"), at=start(cast))
    assert (kept.complaint_class, kept.lower_to, kept.classed_by) == (3, None, cast.user("supervisor"))


def test_a_class_needs_a_reason_and_a_known_value(cast: Cast) -> None:
    made = complain(cast)
    for value, reason, field in ((2, " ", "reason"), (4, "x", "complaint_class")):
        with pytest.raises(Invalid) as refusal:
            handling.grade(made.pk, complaint_class=value, reason=reason, by=cast.actor("officer"), at=start(cast))
        assert refusal.value.errors[0][0] == field


def test_nobody_grades_a_complaint_about_himself(cast: Cast) -> None:
    officer = cast.user("officer")
    made = complain(cast, people=[officer], visit=None)
    with pytest.raises(Forbidden) as refusal:
        handling.grade(made.pk, complaint_class=2, reason="x", by=cast.actor("officer"), at=start(cast))
    assert refusal.value.rule == "R48"


@pytest.mark.rule("R45")
def test_class_three_is_decided_by_the_manager(cast: Cast) -> None:
    made = in_state(cast, "investigating", words="我已向12315投诉")
    decision = {"verdict": "upheld", "remedy": "none", "at": start(cast) + HOUR}
    for role in ("officer", "supervisor"):
        with pytest.raises(NotAllowed):
            settling.propose(made.pk, **decision, by=cast.actor(role))  # type: ignore[arg-type]
    settling.propose(made.pk, **decision, by=cast.actor("manager"))  # type: ignore[arg-type]
    assert Complaint.objects.get(pk=made.pk).state == "proposed"
