"""A complaint from its first word to its end, and what each step refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Team
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from complaints.models import Complaint, PastCycle
from complaints.services import handling, register, settling
from complaints.states import ComplaintState
from complaints.verbs import TABLE
from tests.complaints.helpers import DAY, HOUR, MINUTE, WORDS, called_back, complain, in_state, start
from tests.people import Cast
from tickets.models import Event, Notice, Ticket
from tickets.services import desk
from tickets.sla.models import Clock
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db


def told(event_kind: str) -> list[str]:
    """Whom the newest event of a kind told, by user name."""
    event = Event.objects.filter(kind=event_kind).order_by("-id").first()
    assert event is not None
    found = Notice.objects.filter(event=event, channel=Notice.Channel.INBOX).values_list(
        "recipient__username", flat=True
    )
    return sorted(found)


def state_of(complaint: Complaint) -> str:
    return Complaint.objects.get(pk=complaint.pk).state


def counted() -> tuple[int, int, int]:
    return Event.objects.count(), Clock.objects.count(), Notice.objects.count()


@pytest.mark.rule("R40")
@pytest.mark.parametrize("role", ["clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager"])
def test_is_registered_by_anyone(cast: Cast, role: str) -> None:
    ticket = cast.visited()
    made = register.register(ticket.pk, words=WORDS, by=cast.actor(role), at=start(cast))
    assert (made.state, made.words, made.registered_by) == ("registered", WORDS, cast.actor(role).user)
    assert made.number == f"K20260306-{made.pk:05d}"
    ticket.refresh_from_db()
    assert ticket.complaint_class == 1


@pytest.mark.rule("R40")
def test_is_not_registered_by_the_administrator(cast: Cast) -> None:
    ticket = cast.visited()
    with pytest.raises(Missing):
        register.register(ticket.pk, words=WORDS, by=cast.actor("admin"), at=start(cast))
    assert not Complaint.objects.exists()


def test_opens_a_ticket_where_there_is_none(cast: Cast) -> None:
    heard = register.Complained(customer_name="赵敏", phone="13900001111", words="电话没人接", told=True)
    made = register.register_new(heard, by=cast.actor("archivist"), at=cast.at)
    ticket = made.ticket
    assert (ticket.kind, ticket.summary, ticket.customer.name) == ("complaint", "电话没人接", "赵敏")
    assert (made.state, made.acknowledged_at) == ("acknowledged", cast.at)
    assert Complaint.objects.count() == 1


def test_a_ticket_of_that_kind_is_a_complaint(cast: Cast) -> None:
    ticket = cast.ticket(kind="complaint", description="师傅态度很差", visit_needed=False)
    made = ticket.complaints.get()
    assert (made.words, made.channel, made.ticket.complaint_class) == ("空调不制冷\n师傅态度很差", "hotline", 1)


def test_one_is_open_on_a_ticket(cast: Cast) -> None:
    made = complain(cast)
    before = counted()
    with pytest.raises(NotAllowed) as refusal:
        complain(cast, ticket=made.ticket)
    assert refusal.value.code == "complaint_open"
    assert made.number in refusal.value.message
    assert counted() == before


def test_keeps_ten_thousand_characters_of_anger(cast: Cast) -> None:
    anger = ('太生气了!ひどい سيئ <script>alert(1)</script> =HYPERLINK("x") ' * 200)[:10_000].strip()
    made = complain(cast, words=anger)
    assert Complaint.objects.get(pk=made.pk).words == anger
    with pytest.raises(Invalid) as refusal:
        complain(cast, ticket=cast.visited(serial="ZZ-1"), words="x" * 10_001)
    assert [(field, code) for field, code, _words in refusal.value.errors] == [("words", "too_long")]


def test_refuses_without_words(cast: Cast) -> None:
    ticket = cast.visited()
    before = counted()
    with pytest.raises(Invalid) as refusal:
        register.register(ticket.pk, words=" \u200b ", by=cast.actor("clerk"), at=start(cast))
    assert refusal.value.errors[0][0] == "words"
    assert counted() == before


def test_refuses_a_visit_of_another_ticket(cast: Cast) -> None:
    other = cast.visited(serial="ZZ-1", phone="13700001234", customer_name="李雷")
    with pytest.raises(Invalid) as refusal:
        complain(cast, visit=other.visits.get())
    assert refusal.value.errors[0][:2] == ("visit", "other_ticket")


# ── a whole life ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R41", "R42", "R43", "R44", "R47")
def test_class_one_goes_its_way(cast: Cast) -> None:
    made = complain(cast)
    at, officer = start(cast), cast.actor("officer")
    assert (made.complaint_class, made.signals, made.owner) == (1, [], None)
    handling.acknowledge(made.pk, reached=True, expected_at=at + DAY, note="sorry", by=officer, at=at + 10 * MINUTE)
    handling.assign(
        made.pk, owner=officer.user, investigator=cast.user("dispatcher"), team=cast.team, by=officer, at=at
    )
    handling.grade(made.pk, complaint_class=1, reason="first, calm", by=officer, at=at + HOUR)
    handling.investigate(made.pk, by=cast.actor("dispatcher"), at=at + HOUR)
    handling.find(made.pk, finding="two hours late", cause="late", by=cast.actor("dispatcher"), at=at + 2 * HOUR)
    settling.propose(
        made.pk, verdict="upheld", remedy="voucher", remedy_note="100", cost="100.5", remedy_by=at + 2 * DAY,
        by=officer, at=at + 3 * HOUR,
    )  # fmt: skip
    settling.inform(made.pk, reached=True, note="is content", by=officer, at=at + 4 * HOUR)
    settling.accept(made.pk, by=officer, at=at + 4 * HOUR)
    settling.remedy(made.pk, by=officer, at=at + DAY)
    called_back(cast, made, at=at + 2 * DAY)
    closed = settling.close(made.pk, by=officer, at=at + 2 * DAY + HOUR)
    assert (closed.state, closed.cost, closed.expected_at) == ("closed", Decimal("100.50"), at + DAY)
    assert (closed.acknowledged_at, closed.investigated_at) == (at + 10 * MINUTE, at + 2 * HOUR)
    assert (closed.decided_at, closed.informed_at) == (at + 3 * HOUR, at + 4 * HOUR)
    assert (closed.remedied_at, closed.called_back_at) == (at + DAY, at + 2 * DAY)
    clocks = dict(
        Clock.objects.filter(ticket=made.ticket, target__startswith="complaint").values_list("target", "state")
    )
    assert {name: state for name, state in clocks.items() if name != "complaint_callback"} == {
        "complaint_acknowledged": "met",
        "complaint_investigated": "met",
        "complaint_proposed": "met",
        "complaint_informed": "met",
    }
    assert not Clock.objects.filter(
        ticket=made.ticket, breached_at__isnull=False, target__startswith="complaint"
    ).exists()
    assert Ticket.objects.get(pk=made.ticket_id).complaint_class == 0


@pytest.mark.rule("R44")
def test_its_own_ticket_ends_with_it(cast: Cast) -> None:
    ticket = cast.ticket(kind="complaint", visit_needed=False)
    made = ticket.complaints.get()
    at, officer = cast.at, cast.actor("officer")
    handling.acknowledge(made.pk, reached=True, by=officer, at=at)
    assert Ticket.objects.get(pk=ticket.pk).state == "in_progress"
    handling.investigate(made.pk, by=officer, at=at)
    handling.find(made.pk, finding="nothing", cause="customer", by=officer, at=at)
    settling.propose(made.pk, verdict="not_upheld", remedy="none", by=officer, at=at)
    settling.inform(made.pk, reached=True, by=officer, at=at)
    settling.accept(made.pk, by=officer, at=at)
    assert state_of(made) == "remedied"  # nothing is to be done
    called_back(cast, made, at=at + HOUR)
    settling.close(made.pk, by=officer, at=at + HOUR)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.resolution, ticket.ended_at) == ("closed", "nothing", at + HOUR)
    assert not Clock.objects.filter(ticket=ticket, state="running", target="response").exists()


@pytest.mark.rule("R03", "R40")
def test_a_contact_logged_on_the_ticket_acknowledges_it(cast: Cast) -> None:
    ticket = cast.ticket(kind="complaint", visit_needed=False)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + MINUTE)
    made = ticket.complaints.get()
    assert (made.state, made.acknowledged_at) == ("acknowledged", cast.at + MINUTE)


@pytest.mark.rule("R43")
def test_is_not_closed_without_telling_the_customer(cast: Cast) -> None:
    for state in ("registered", "investigating", "proposed", "accepted", "remedied"):
        made = in_state(cast, state, ticket=cast.visited(serial=f"AA-{state}"))
        before = counted()
        with pytest.raises(NotAllowed) as refusal:
            settling.close(made.pk, by=cast.actor("manager"), at=start(cast) + HOUR)
        assert (refusal.value.rule, refusal.value.message) == ("R44", str(TABLE["close"].early))
        assert counted() == before


@pytest.mark.rule("R43")
def test_is_not_accepted_before_the_customer_knows(cast: Cast) -> None:
    made = in_state(cast, "investigating")
    officer, at = cast.actor("officer"), start(cast) + HOUR
    settling.propose(made.pk, verdict="upheld", remedy="none", by=officer, at=at)
    with pytest.raises(NotAllowed) as refusal:
        settling.accept(made.pk, by=officer, at=at)
    assert refusal.value.rule == "R43"
    settling.inform(made.pk, reached=False, note="engaged", by=officer, at=at)
    assert Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_INFORMED).state == "running"


@pytest.mark.parametrize("cost", ["abc", "1e999", "NaN", "-1", "1.234", "99999999999999", "=1+1"])
def test_refuses_a_cost_that_is_no_amount(cast: Cast, cost: str) -> None:
    made = in_state(cast, "investigating")
    before = counted()
    with pytest.raises(Invalid) as refusal:
        settling.propose(
            made.pk, verdict="upheld", remedy="none", cost=cost, by=cast.actor("officer"), at=start(cast) + HOUR
        )
    assert refusal.value.errors[0][0] == "cost"
    assert counted() == before


@pytest.mark.rule("R47")
def test_a_solution_has_a_time_limit(cast: Cast) -> None:
    made = in_state(cast, "investigating")
    at = start(cast) + HOUR
    for remedy_by in (None, at - MINUTE):
        with pytest.raises(Invalid) as refusal:
            settling.propose(
                made.pk, verdict="upheld", remedy="exchange", remedy_by=remedy_by, by=cast.actor("officer"), at=at
            )
        assert (refusal.value.errors[0][0], refusal.value.rule) == ("remedy_by", "R47")


def test_stale_is_refused(cast: Cast) -> None:
    made = complain(cast)
    before = counted()
    with pytest.raises(Stale):
        handling.investigate(made.pk, by=cast.actor("officer"), at=start(cast), version=made.version - 1)
    assert counted() == before


# ── upwards, and around again ──────────────────────────────────────────────────────────────────
@pytest.mark.rule("R43", "R45")
@pytest.mark.parametrize(("major", "who"), [(False, ["supervisor"]), (True, ["manager"])])
def test_what_cannot_be_answered_goes_up(cast: Cast, major: bool, who: list[str]) -> None:
    cast.user("supervisor"), cast.user("manager")
    made = complain(cast)
    settling.report(made.pk, reason="law", major=major, by=cast.actor("officer"), at=start(cast) + DAY)
    assert (state_of(made), told("complaint.reported")) == ("escalated", who)
    assert Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_PROPOSED).met_at == start(cast) + DAY
    settling.rule(made.pk, ruling="repair again", by=cast.actor(who[0]), at=start(cast) + DAY)
    assert state_of(made) == "investigating"


@pytest.mark.rule("R52")
def test_departments_that_disagree_get_a_ruling_of_the_manager(cast: Cast) -> None:
    cast.user("supervisor"), cast.user("manager")
    other = Team.objects.create(code="parts", name_en="Parts", name_zh_hans="配件", name_zh_hant="零件")
    made = complain(cast)
    with pytest.raises(Invalid):
        settling.disagree(made.pk, team=cast.team, reason="not us", by=cast.actor("officer"), at=start(cast))
    settling.disagree(made.pk, team=other, reason="not us", by=cast.actor("officer"), at=start(cast))
    assert told("complaint.escalated") == ["manager"]
    with pytest.raises(NotAllowed) as refusal:
        settling.rule(made.pk, ruling="parts", team=other, by=cast.actor("supervisor"), at=start(cast))
    assert refusal.value.rule == "R52"
    ruled = settling.rule(made.pk, ruling="parts", team=other, by=cast.actor("manager"), at=start(cast))
    assert (ruled.state, ruled.team, ruled.other_team) == ("investigating", other, None)


def test_the_manager_lets_a_decision_stand(cast: Cast) -> None:
    made = in_state(cast, "disputed")
    at = start(cast) + HOUR
    settling.report(made.pk, reason="he wants more", by=cast.actor("officer"), at=at)
    with pytest.raises(Forbidden):
        settling.settle(made.pk, reason="enough", by=cast.actor("supervisor"), at=at)
    settled = settling.settle(made.pk, reason="enough", by=cast.actor("manager"), at=at)
    assert (settled.state, settled.verdict, settled.remedied_at) == ("remedied", "upheld", at)


@pytest.mark.rule("R41")
def test_a_second_cycle_keeps_the_first(cast: Cast) -> None:
    cast.user("supervisor")
    made = in_state(cast, "closed")
    closed = Complaint.objects.get(pk=made.pk)
    at = start(cast) + 3 * DAY
    again = settling.reopen(made.pk, reason="it leaks again", by=cast.actor("clerk"), at=at)
    assert (again.state, again.cycle, again.cycle_at, again.complaint_class) == ("reopened", 2, at, 2)
    assert (again.finding, again.verdict, again.informed_at, again.closed_at) == ("", "", None, None)
    kept = PastCycle.objects.get()
    assert closed.closed_at is not None
    assert (kept.cycle, kept.began_at, kept.ended_at) == (1, start(cast), at)
    assert (kept.outcome["verdict"], kept.outcome["closed_at"]) == ("upheld", closed.closed_at.isoformat())
    clocks = Clock.objects.filter(ticket=made.ticket, target=Target.COMPLAINT_ACKNOWLEDGED).order_by("occurrence")
    assert [(clock.occurrence, clock.state) for clock in clocks] == [(1, "met"), (2, "running")]
    assert [one["signal"] for one in again.signals] == ["reopened"]
    assert told("complaint.reopened") == ["supervisor"]  # class 2: the department's manager


def test_not_content_at_the_callback_opens_it_again(cast: Cast) -> None:
    made = in_state(cast, "remedied")
    called_back(cast, made, "not_satisfied", at=start(cast) + DAY)
    found = Complaint.objects.get(pk=made.pk)
    assert (found.state, found.cycle) == ("reopened", 2)


# ── statements and evidence ────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R48")
def test_who_is_complained_of_gives_a_statement_and_nothing_else(cast: Cast) -> None:
    made = complain(cast)
    technician = cast.actor("technician")
    handling.give_statement(made.pk, text="the lift was broken", by=technician, at=start(cast))
    entry = made.entries.get()
    assert (entry.kind, entry.by, entry.text) == ("statement", technician.user, "the lift was broken")
    with pytest.raises(Forbidden) as refusal:
        handling.add_evidence(made.pk, text="he is rude", by=technician, at=start(cast))
    assert (refusal.value.code, refusal.value.rule) == ("own_complaint", "R48")


def test_evidence_may_propose_a_higher_class(cast: Cast) -> None:
    made = complain(cast)
    added = handling.add_evidence(made.pk, text="我已向12315投诉", by=cast.actor("clerk"), at=start(cast))
    assert (added.complaint_class, added.proposed_class) == (1, 3)
    assert [one["signal"] for one in added.signals] == ["authority"]


def test_others_see_nothing(cast: Cast) -> None:
    made = complain(cast, visit=None, against="service")
    with pytest.raises(Missing):
        handling.add_evidence(made.pk, text="x", by=cast.actor("technician"), at=start(cast))
    partner = cast.partner_actor()
    with pytest.raises(Missing):
        settling.accept(made.pk, by=partner, at=start(cast))


def customer_of(complaint: Complaint) -> Actor:
    return Actor.with_link(complaint.ticket_id)


@pytest.mark.rule("R43")
def test_the_customer_answers_by_link_and_is_told_by_it(cast: Cast) -> None:
    made = in_state(cast, "investigating")
    at = start(cast) + HOUR
    settling.propose(made.pk, verdict="upheld", remedy="none", by=cast.actor("officer"), at=at)
    done = settling.accept(made.pk, by=customer_of(made), at=at + MINUTE)
    assert (done.state, done.informed_at) == (ComplaintState.REMEDIED, at + MINUTE)
    assert Clock.objects.get(ticket=made.ticket, target=Target.COMPLAINT_INFORMED).met_at == at + MINUTE
