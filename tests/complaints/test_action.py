"""Corrective action: eight steps in order, their clocks, the checks, and the complaint that returns (R49, R85)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import transaction
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from complaints import hooks, tasks
from complaints.models import ActionStep, Complaint, CorrectiveAction, EffectivenessCheck
from complaints.services import action as services
from complaints.services import action_check as checks
from complaints.services import action_paper
from tests.complaints.helpers_acting import complaint, decided, tell
from tests.people import Cast
from tickets.models import Notice, OutboxMessage, Ticket
from tickets.sla.models import Clock
from visits import tasks as visit_tasks
from visits.models import Paper, Part
from visits.selectors import readable_papers
from visits.services.paper import RENDER_TASK

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R49")]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def another(cast: Cast, number: int, **fields: Any) -> Ticket:
    return cast.ticket(phone=f"138 0000 46{number:02}", customer_name=f"客户{number}", serial=f"S-{number}", **fields)


def opened(cast: Cast, found: Complaint | None = None, **changed: Any) -> CorrectiveAction:
    cast.user("supervisor")
    known: dict[str, Any] = {
        "title": "压缩机失效",
        "cause": "product",
        "model": cast.model,
        "by": cast.actor("officer"),
        "at": cast.at,
    }
    return services.open_action((found or complaint(cast)).pk, **{**known, **changed})


def step(cast: Cast, action: CorrectiveAction, discipline: int, **changed: Any) -> CorrectiveAction:
    known: dict[str, Any] = {
        "discipline": discipline,
        "text": f"D{discipline} 完成",
        "escape": "出厂检验漏检" if discipline == 4 else "",
        "by": cast.actor("officer"),
        "at": cast.at + discipline * HOUR,
    }
    return services.write_step(action.pk, **{**known, **changed})


def upto(cast: Cast, action: CorrectiveAction, last: int, **changed: Any) -> CorrectiveAction:
    for discipline in range(1, last + 1):
        action = step(cast, action, discipline, **changed)
    return action


def check(cast: Cast, action: CorrectiveAction, days: int, **changed: Any) -> CorrectiveAction:
    known: dict[str, Any] = {
        "days": days,
        "effective": True,
        "reason": "无同类投诉",
        "by": cast.actor("officer"),
        "at": cast.at + 6 * HOUR + (days - 1) * DAY,
    }
    return checks.record_check(action.pk, **{**known, **changed})


def clock(action: CorrectiveAction, target: str) -> Clock:
    return Clock.objects.filter(ticket=action.ticket_id, target=target).latest("pk")


# ── opening ────────────────────────────────────────────────────────────────────────────────────
def test_starts_containment_and_action_on_the_ticket_of_its_complaint(cast: Cast) -> None:
    found = complaint(cast)
    action = opened(cast, found)
    assert (action.ticket_id, list(action.complaints.all()), action.owner) == (
        found.ticket_id, [found], cast.user("officer"),
    )  # fmt: skip
    assert clock(action, "containment").due_at == cast.at + DAY == action.due_at
    assert clock(action, "corrective_action").due_at == cast.at + 14 * DAY
    told = Notice.objects.filter(event__kind="action.opened", channel="inbox")
    assert [notice.recipient for notice in told] == [cast.user("supervisor")]
    assert action.number == f"A20260304-{action.pk:05d}"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": " \u200b"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"cause": ""}, "cause"),
        ({"cause": "weather"}, "cause"),
        ({"part_batch": "B7"}, "part"),
    ],
)
def test_refuses_what_is_wrong_and_names_the_field(cast: Cast, changed: dict[str, Any], field: str) -> None:
    found = complaint(cast)
    with pytest.raises(Invalid) as refused:
        opened(cast, found, **changed)
    assert refused.value.errors[0][0] == field
    assert not CorrectiveAction.objects.exists()
    assert not Clock.objects.filter(target="containment").exists()
    assert not found.ticket.events.filter(kind="action.opened").exists()


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "technician", "archivist", "admin"])
def test_is_opened_by_officers_and_leaders_alone(cast: Cast, role: str) -> None:
    with pytest.raises(Forbidden):
        opened(cast, by=cast.actor(role))
    assert not CorrectiveAction.objects.exists()


@pytest.mark.rule("R48")
def test_who_is_complained_of_neither_opens_nor_owns_it(cast: Cast) -> None:
    officer, technician = cast.user("officer"), cast.technician
    found = complaint(cast, people=[officer, technician])
    with pytest.raises(Forbidden) as refused:
        opened(cast, found)
    assert refused.value.rule == "R48"
    with pytest.raises(Forbidden) as refused:
        opened(cast, found, owner=technician, by=cast.actor("manager"))
    assert (refused.value.rule, refused.value.field) == ("R48", "owner")
    assert not CorrectiveAction.objects.exists()
    assert opened(cast, found, owner=cast.user("clerk"), by=cast.actor("manager")).owner == cast.user("clerk")


def test_owner_is_somebody_of_the_desk_or_a_technician(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        opened(cast, owner=cast.user("archivist"))
    assert refused.value.errors[0][:2] == ("owner", "not_an_owner")
    assert opened(cast, owner=cast.technician).owner == cast.technician


def test_a_ticket_carries_one_at_a_time(cast: Cast) -> None:
    found = complaint(cast)
    first = opened(cast, found)
    with pytest.raises(NotAllowed) as refused:
        opened(cast, found)
    assert first.number in refused.value.message


@pytest.mark.rule("R85")
def test_for_a_model_ties_every_complaint_that_shows_it(cast: Cast) -> None:
    mine = [complaint(cast, another(cast, number), at=cast.at + number * HOUR) for number in range(3)]
    complaint(cast, another(cast, 8), cause="late")
    action = services.open_for_thing(
        title="x", cause="product", model=cast.model, by=cast.actor("manager"), at=cast.at + DAY
    )
    assert sorted(action.complaints.values_list("pk", flat=True)) == [one.pk for one in mine]
    assert action.ticket_id == mine[0].ticket_id
    with pytest.raises(Invalid) as refused:
        services.open_for_thing(title="x", cause="charge", model=cast.model, by=cast.actor("manager"))
    assert refused.value.errors[0][0] == "cause"
    with pytest.raises(Invalid):
        services.open_for_thing(title="x", cause="product", by=cast.actor("manager"))


# ── steps ──────────────────────────────────────────────────────────────────────────────────────
def test_goes_one_step_after_the_other(cast: Cast) -> None:
    action = opened(cast)
    with pytest.raises(NotAllowed) as refused:
        step(cast, action, 2)
    assert refused.value.code == "order"
    assert not ActionStep.objects.exists()
    step(cast, action, 1)
    with pytest.raises(NotAllowed):
        step(cast, action, 3)
    with pytest.raises(Missing):
        step(cast, action, 9)


def test_d3_meets_containment_and_d6_the_action(cast: Cast) -> None:
    action = upto(cast, opened(cast), 3)
    assert (clock(action, "containment").state, clock(action, "containment").met_at) == ("met", cast.at + 3 * HOUR)
    assert action.due_at == cast.at + 14 * DAY
    action = upto_from(cast, action, 4, 6)
    assert (clock(action, "corrective_action").state, action.implemented_at) == ("met", cast.at + 6 * HOUR)


def upto_from(cast: Cast, action: CorrectiveAction, first: int, last: int) -> CorrectiveAction:
    for discipline in range(first, last + 1):
        action = step(cast, action, discipline)
    return action


def test_late_containment_counts_as_broken_when_it_fell_due(cast: Cast) -> None:
    action = upto(cast, opened(cast), 2)
    step(cast, action, 3, at=cast.at + DAY + timedelta(seconds=1))
    late = clock(action, "containment")
    assert (late.state, late.broken, late.breached_at) == ("met", True, cast.at + DAY)


def test_d4_asks_for_the_escape_point_too(cast: Cast) -> None:
    action = upto(cast, opened(cast), 3)
    with pytest.raises(Invalid) as refused:
        step(cast, action, 4, escape=" ")
    assert refused.value.errors == [
        ("escape", "required", "Say why it was not noticed before it reached the customer.")
    ]
    with pytest.raises(Invalid):
        step(cast, action, 4, text="")
    assert ActionStep.objects.count() == 3


@pytest.mark.rule("R71")
def test_a_correction_keeps_what_stood_there(cast: Cast) -> None:
    action = upto(cast, opened(cast), 3)
    step(cast, action, 2, text="每台都漏", at=cast.at + 5 * HOUR)
    said = list(ActionStep.objects.filter(discipline=2).order_by("revision").values_list("revision", "text"))
    assert said == [(1, "D2 完成"), (2, "每台都漏")]
    with pytest.raises(Invalid) as refused:
        step(cast, action, 2, text="每台都漏")
    assert refused.value.errors[0][1] == "unchanged"
    with pytest.raises(DatabaseError), transaction.atomic():
        ActionStep.objects.filter(revision=1).update(text="x")


def test_closed_it_stays_as_it_is(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    assert (action.state, action.closed_at, action.settled) == ("closed", cast.at + 8 * HOUR, False)
    with pytest.raises(NotAllowed) as refused:
        step(cast, action, 2, text="anders")
    assert refused.value.code == "closed"
    with pytest.raises(NotAllowed):
        services.give(action.pk, owner=cast.user("clerk"), by=cast.actor("manager"))


def test_the_owner_writes_and_no_other_clerk(cast: Cast) -> None:
    action = opened(cast, owner=cast.technician)
    step(cast, action, 1, by=cast.actor("technician"))
    with pytest.raises(Forbidden):
        step(cast, action, 2, by=cast.actor("clerk"))
    with pytest.raises(Missing):
        step(cast, action, 2, by=cast.actor("technician", "other"))
    with pytest.raises(Stale):
        step(cast, action, 2, version=1)
    assert ActionStep.objects.count() == 1


def test_is_given_to_somebody_else_who_is_told(cast: Cast) -> None:
    action = opened(cast)
    services.give(action.pk, owner=cast.user("clerk"), by=cast.actor("manager"), at=cast.at + HOUR)
    told = Notice.objects.filter(event__kind="action.advanced", channel="inbox")
    assert {notice.recipient for notice in told} == {cast.user("officer"), cast.user("clerk")}
    with pytest.raises(Invalid):
        services.give(action.pk, owner=cast.user("clerk"), by=cast.actor("manager"))
    with pytest.raises(Forbidden):
        services.give(action.pk, owner=cast.user("officer"), by=cast.actor("clerk"))


# ── checks ─────────────────────────────────────────────────────────────────────────────────────
def test_checks_are_due_30_and_90_days_after_d6_to_the_second(cast: Cast) -> None:
    action = upto(cast, opened(cast), 6)
    done = cast.at + 6 * HOUR
    assert list(action.checks.order_by("days").values_list("days", "due_at")) == [
        (30, done + 30 * DAY),
        (90, done + 90 * DAY),
    ]
    assert (clock(action, "effectiveness_check").due_at, action.due_at) == (done + 30 * DAY, done + 30 * DAY)
    action = check(cast, action, 30)
    assert clock(action, "effectiveness_check").due_at == done + 90 * DAY == action.due_at
    first = Clock.objects.filter(target="effectiveness_check").earliest("pk")
    assert (first.state, first.broken) == ("met", False)


def test_is_settled_when_it_is_closed_and_helped_for_90_days(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    action = check(cast, check(cast, action, 30), 90)
    assert action.settled is True
    assert not Clock.objects.filter(ticket=action.ticket_id, target="effectiveness_check", state="running").exists()
    assert opened(cast, action.complaints.get(), at=cast.at + 100 * DAY) != action


def test_is_settled_by_closing_where_that_comes_last(cast: Cast) -> None:
    action = check(cast, check(cast, upto(cast, opened(cast), 6), 30), 90)
    assert action.settled is False
    action = step(cast, step(cast, action, 7, at=cast.at + 100 * DAY), 8, at=cast.at + 100 * DAY)
    assert (action.state, action.settled) == ("closed", True)


def test_is_checked_in_order_and_not_before_its_time(cast: Cast) -> None:
    action = upto(cast, opened(cast), 6)
    due = cast.at + 6 * HOUR + 30 * DAY
    with pytest.raises(NotAllowed) as refused:
        check(cast, action, 90)
    assert refused.value.code == "not_due"
    with pytest.raises(NotAllowed) as refused:
        check(cast, action, 30, at=due - 3 * DAY - timedelta(seconds=1))
    assert refused.value.code == "too_early"
    with pytest.raises(Invalid) as invalid:
        check(cast, action, 30, reason="  ")
    assert invalid.value.errors[0][:2] == ("reason", "required")
    with pytest.raises(Forbidden):
        check(cast, action, 30, by=cast.actor("clerk"))
    assert not EffectivenessCheck.objects.filter(checked_at__isnull=False).exists()
    assert check(cast, action, 30, at=due - 3 * DAY).checks.get(days=30).effective is True


@pytest.mark.rule("R48")
def test_who_is_complained_of_does_not_check(cast: Cast) -> None:
    action = upto(cast, opened(cast, complaint(cast, people=[cast.user("manager")])), 6)
    with pytest.raises(Forbidden) as refused:
        check(cast, action, 30, by=cast.actor("manager"))
    assert refused.value.rule == "R48"
    assert EffectivenessCheck.objects.filter(checked_at=None).count() == 2


def test_a_check_keeps_the_complaints_that_came_since(cast: Cast) -> None:
    action = upto(cast, opened(cast), 6)
    late = cast.at + 10 * DAY
    undecided = complaint(cast, another(cast, 1), at=late, cause="", verdict="", state="registered")
    complaint(cast, another(cast, 2), at=late, cause="charge")
    complaint(cast, another(cast, 3), at=cast.at)
    check(cast, action, 30)
    assert list(action.checks.get(days=30).returned.all()) == [undecided]


def test_not_effective_opens_it_again(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    at = cast.at + 6 * HOUR + 29 * DAY
    action = check(cast, action, 30, effective=False, reason="又坏三台")
    assert (action.state, action.cycle, action.implemented_at, action.closed_at) == ("open", 2, None, None)
    assert clock(action, "containment").due_at == at + DAY
    assert clock(action, "corrective_action").due_at == at + 14 * DAY
    assert action.checks.get(days=90).dropped_at == at
    assert clock(action, "effectiveness_check").state == "met"
    assert step(cast, action, 1, at=at).steps.filter(cycle=2).count() == 1


# ── the complaint returns ──────────────────────────────────────────────────────────────────────
def test_opens_again_when_the_same_complaint_returns(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    at = cast.at + 20 * DAY
    again = decided(cast, ticket=another(cast, 1), at=at)
    action.refresh_from_db()
    assert (action.state, action.cycle, action.cycle_at, action.settled) == ("open", 2, at, False)
    assert again in action.complaints.all()
    assert clock(action, "containment").due_at == at + DAY
    assert not Clock.objects.filter(ticket=action.ticket_id, target="effectiveness_check", state="running").exists()
    event = action.ticket.events.get(kind="action.opened", data__cycle=2)
    assert event.data["complaint"] == again.number
    told = Notice.objects.filter(event=event, urgent=True, channel="inbox")
    assert {notice.recipient for notice in told} == {cast.user("officer"), cast.user("supervisor")}


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "not_upheld"},
        {"cause": "charge"},
        {"cycle_at": Cast.at + 5 * HOUR},
    ],
)
def test_stays_closed_for_other_complaints(cast: Cast, changed: dict[str, Any]) -> None:
    action = upto(cast, opened(cast), 8)
    decided(cast, ticket=another(cast, 1), at=cast.at + 20 * DAY, **changed)
    action.refresh_from_db()
    assert (action.state, action.cycle) == ("closed", 1)


def test_stays_closed_when_the_checks_are_over(cast: Cast) -> None:
    action = check(cast, check(cast, upto(cast, opened(cast), 8), 30), 90)
    decided(cast, ticket=another(cast, 1), at=cast.at + 120 * DAY)
    action.refresh_from_db()
    assert (action.settled, action.cycle) == (True, 1)


def test_two_complaints_open_it_once(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    found = [decided(cast, ticket=another(cast, number), at=cast.at + 20 * DAY) for number in (1, 2)]
    action.refresh_from_db()
    assert action.cycle == 2
    assert action.ticket.events.filter(kind="action.opened").count() == 2
    assert found[0] in action.complaints.all()


def test_a_worker_opens_it_where_its_ticket_was_locked(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    again = complaint(cast, another(cast, 1), at=cast.at + 20 * DAY)
    message = OutboxMessage.objects.create(task=checks.RETURN_TASK, args=[action.pk, again.pk])
    tasks.reopen_action(message.pk, *message.args)
    tasks.reopen_action(message.pk, *message.args)
    checks.reopen_for(action.pk, again.pk)
    action.refresh_from_db()
    assert action.cycle == 2


def test_is_matched_by_part_and_batch(cast: Cast) -> None:
    part = Part.objects.create(number="P-9", name="board")
    found = complaint(cast, cause="part", part=part, part_batch="B7")
    action = upto(cast, opened(cast, found, cause="part", part=part, part_batch="B7"), 8)
    at = cast.at + 20 * DAY
    decided(cast, ticket=another(cast, 1), at=at, cause="part", part=part, part_batch="B8")
    action.refresh_from_db()
    assert action.cycle == 1
    decided(cast, ticket=another(cast, 2), at=at, cause="part", part=part, part_batch="B7")
    action.refresh_from_db()
    assert action.cycle == 2


@pytest.mark.rule("R48")
def test_goes_to_the_supervisor_where_the_complaint_that_returns_is_about_its_owner(cast: Cast) -> None:
    action = upto(cast, opened(cast), 8)
    decided(cast, ticket=another(cast, 1), at=cast.at + 20 * DAY, people=[cast.user("officer")])
    action.refresh_from_db()
    assert action.owner == cast.user("supervisor")


def test_the_same_complaint_opened_again_counts_too(cast: Cast) -> None:
    found = complaint(cast)
    action = upto(cast, opened(cast, found), 8)
    Complaint.objects.filter(pk=found.pk).update(cycle=2, cycle_at=cast.at + 20 * DAY)
    tell(hooks.decided, found, at=cast.at + 21 * DAY)
    action.refresh_from_db()
    assert (action.cycle, action.ticket_id) == (2, found.ticket_id)


def test_further_complaints_are_added(cast: Cast) -> None:
    action = opened(cast)
    other = complaint(cast, another(cast, 1))
    services.add_complaint(action.pk, other.pk, by=cast.actor("officer"))
    services.add_complaint(action.pk, other.pk, by=cast.actor("officer"))
    assert action.complaints.count() == 2
    about_owner = complaint(cast, another(cast, 2), people=[cast.user("officer")])
    with pytest.raises(Forbidden):
        services.add_complaint(action.pk, about_owner.pk, by=cast.actor("manager"))
    with pytest.raises(Missing):
        services.add_complaint(action.pk, 0, by=cast.actor("manager"))
    assert action.complaints.count() == 2


# ── paper and pages ────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R71")
def test_report_has_the_number_of_the_action_and_versions(cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    action = upto(cast, opened(cast), 6)
    first = action_paper.issue(action.pk, by=cast.actor("officer"), at=cast.at + DAY)
    assert (first.number, first.version, first.kind) == (action.number, 1, "eight_d")
    assert action_paper.issue(action.pk, by=cast.actor("officer")) == first
    step(cast, action, 2, text="每台都漏")
    second = action_paper.issue(action.pk, by=cast.actor("manager"), at=cast.at + 2 * DAY)
    assert (second.number, second.version, second.current) == (action.number, 2, True)
    assert second.changes == [
        {"path": "steps.1.text", "old": "D2 完成", "new": "每台都漏"},
    ]
    message = OutboxMessage.objects.filter(task=RENDER_TASK, args=[second.pk]).latest("pk")
    visit_tasks.render_paper(message.pk, *message.args)
    second.refresh_from_db()
    assert (second.state, second.pdf.size > 5000) == ("ready", True)
    assert not Paper.objects.get(pk=first.pk).current


@pytest.mark.rule("R75")
def test_the_report_is_read_by_those_who_lead_complaints(cast: Cast, client: Client) -> None:
    action = opened(cast)
    paper = action_paper.issue(action.pk, by=cast.actor("officer"))
    may = {
        role
        for role in ("clerk", "dispatcher", "officer", "archivist", "supervisor", "manager", "technician")
        if readable_papers(cast.actor(role)).filter(pk=paper.pk).exists()
    }
    assert may == {"officer", "supervisor", "manager"}


def test_pages_walk_through_all_eight_steps(cast: Cast, client: Client) -> None:
    found = complaint(cast)
    cast.user("supervisor")
    client.force_login(cast.user("officer"))
    page = client.get(f"/actions/new/?complaint={found.pk}")
    assert page.context["form"].initial["cause"] == "product"
    answer = client.post(
        f"/actions/new/?complaint={found.pk}",
        {"title": "<b>失效", "cause": "product", "model": cast.model.code, "owner": "officer"},
    )
    action = CorrectiveAction.objects.get()
    assert answer["Location"] == f"/actions/{action.pk}/"
    for discipline in range(1, 9):
        version = CorrectiveAction.objects.get().version
        data = {"text": f"D{discipline}", "version": str(version)}
        if discipline == 4:
            assert client.post(f"/actions/{action.pk}/step/4/", data).status_code == 422
            data["escape"] = "missed"
        assert client.post(f"/actions/{action.pk}/step/{discipline}/", data).status_code == 302
    page = client.get(f"/actions/{action.pk}/")
    assert "&lt;b&gt;失效" in page.content.decode()
    assert CorrectiveAction.objects.get().state == "closed"
    assert client.get("/actions/?show=closed").context["page"].rows == [action]
    assert client.get("/actions/?cause=charge").context["page"].rows == []
    assert client.get("/actions/?mine=1").context["page"].rows == [action]


def test_a_part_that_does_not_exist_is_named(cast: Cast, client: Client) -> None:
    found = complaint(cast)
    client.force_login(cast.user("officer"))
    answer = client.post(
        f"/actions/new/?complaint={found.pk}",
        {"title": "x", "cause": "part", "part": "nope", "owner": "officer"},
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["part"]


@pytest.mark.parametrize("bad", ["x", "999999999999999999999", "0"])
def test_an_unknown_complaint_is_not_found(cast: Cast, client: Client, bad: str) -> None:
    client.force_login(cast.user("officer"))
    assert client.get(f"/actions/new/?complaint={bad}").status_code == 404


def test_panel_shows_what_follows(cast: Cast, client: Client) -> None:
    found = complaint(cast)
    cast.user("supervisor")
    client.force_login(cast.user("officer"))
    panel = client.get(f"/complaints/{found.pk}/acting/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in panel
    assert f"/actions/new/?complaint={found.pk}" in panel
    action = opened(cast, found)
    panel = client.get(f"/complaints/{found.pk}/acting/", headers={"HX-Request": "true"}).content.decode()
    assert action.number in panel
    assert "/actions/new/" not in panel


def test_list_costs_the_same_for_any_number(cast: Cast, client: Client, django_assert_num_queries: Any) -> None:
    client.force_login(cast.user("officer"))
    for number in range(4):
        opened(cast, complaint(cast, another(cast, number)))
        if number in (0, 3):
            with django_assert_num_queries(6):
                assert len(client.get("/actions/").context["page"].rows) == number + 1
