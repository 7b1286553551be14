"""Conduct violations: proposed from an established finding, decided by a manager, open to appeal (R51)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import transaction
from django.test import Client

from aftersales.accounts.actors import Actor, Door
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from complaints import hooks
from complaints.models import Complaint, ConductViolation
from complaints.services import conduct as services
from complaints.states_conduct import ConductKind
from tests.complaints.helpers_acting import complaint, decided, tell
from tests.people import Cast
from tickets.models import Notice, Ticket
from tickets.sla.models import Clock
from visits.models import NoShowCase, RepeatRepair

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R51")]

DAY = timedelta(days=1)


def upheld(cast: Cast, **fields: Any) -> Complaint:
    """An upheld complaint of the technician's conduct."""
    cast.user("supervisor"), cast.user("manager")
    known = {"against": "person", "cause": "conduct", "people": [cast.technician], "words": "态度恶劣"}
    return decided(cast, **{**known, **fields})


def proposed(cast: Cast, **fields: Any) -> ConductViolation:
    return upheld(cast, **fields).violations.get()


def decide(cast: Cast, violation: ConductViolation, *, confirm: bool = True, **changed: Any) -> ConductViolation:
    known: dict[str, Any] = {"reason": "客户与录音一致", "by": cast.actor("manager"), "at": cast.at + DAY}
    return services.decide(violation.pk, confirm=confirm, **{**known, **changed})


def appealed(cast: Cast, **fields: Any) -> ConductViolation:
    violation = decide(cast, proposed(cast, **fields))
    return services.appeal(violation.pk, text="我没有吵架", by=cast.actor("technician"), at=cast.at + 2 * DAY)


def rule(cast: Cast, violation: ConductViolation, *, uphold: bool, **changed: Any) -> ConductViolation:
    by = changed.pop("by", None) or cast.actor("manager", "b")
    known: dict[str, Any] = {"reason": "复核", "by": by, "at": cast.at + 3 * DAY}
    return services.rule(violation.pk, uphold=uphold, **{**known, **changed})


def test_there_are_exactly_the_six_of_the_regulation() -> None:
    assert {str(kind.label) for kind in ConductKind} == {
        "quarrel with the customer",
        "demanding gifts",
        "late through own fault",
        "repeat repair through own fault",
        "not on site in time",
        "unreachable in service hours",
    }


# ── proposed ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"cause": "conduct"}, "quarrel"),
        ({"cause": "conduct", "words": "他要紅包"}, "gifts"),
        ({"cause": "conduct", "finding": "He asked for a gift."}, "gifts"),
        ({"cause": "late"}, "late"),
        ({"cause": "workmanship"}, "repeat"),
        ({"cause": "unreachable"}, "unreachable"),
    ],
)
def test_is_proposed_for_who_is_complained_of(cast: Cast, fields: dict[str, str], kind: str) -> None:
    violation = proposed(cast, **fields)
    assert (violation.person, violation.kind, violation.state) == (cast.technician, kind, "proposed")
    told = Notice.objects.filter(event__kind="complaint.conduct_proposed", channel="inbox")
    assert [notice.recipient for notice in told] == [cast.user("manager")]


@pytest.mark.parametrize("cause", ["product", "part", "charge", "information", "logistics", "customer", "other"])
def test_is_not_proposed_where_the_cause_is_nobodys_conduct(cast: Cast, cause: str) -> None:
    assert not upheld(cast, cause=cause).violations.exists()


def test_is_not_proposed_from_a_complaint_that_is_not_upheld(cast: Cast) -> None:
    assert not upheld(cast, verdict="not_upheld").violations.exists()
    assert not Notice.objects.filter(event__kind="complaint.conduct_proposed").exists()


def test_rests_on_when_the_technician_came(cast: Cast) -> None:
    ticket = cast.visited()
    visit = ticket.visits.get()
    type(visit).objects.filter(pk=visit.pk).update(checked_in_at=visit.agreed_time + timedelta(minutes=42))
    violation = proposed(cast, ticket=ticket, cause="late", visit=visit, people=[])
    fact = next(one for one in violation.evidence if one["fact"] == "arrived_late")
    assert (violation.visit, fact["minutes"], fact["text"]) == (visit, 42, visit.order_number)


def test_who_did_not_come_was_not_on_site_in_time(cast: Cast) -> None:
    ticket = cast.visited()
    visit = ticket.visits.get()
    NoShowCase.objects.create(
        visit=visit, ticket=ticket, at=cast.at, fault="company", state="decided", decided_at=cast.at
    )
    violation = proposed(cast, ticket=ticket, cause="late", visit=visit, people=[])
    assert violation.kind == "not_on_site"


def test_a_repeat_repair_names_the_visit_that_it_repeats(cast: Cast) -> None:
    earlier = cast.visited().visits.get()
    ticket = cast.ticket(phone="138 0000 4488", customer_name="李雷", serial="Z-9")
    assert ticket.product is not None
    RepeatRepair.objects.create(ticket=ticket, product=ticket.product, earlier=earlier, recognised_at=cast.at)
    violation = proposed(cast, ticket=ticket, cause="workmanship")
    assert [one["text"] for one in violation.evidence if one["fact"] == "repeated"] == [earlier.order_number]


def test_deciding_again_proposes_nothing_twice_and_follows_the_finding(cast: Cast) -> None:
    found = upheld(cast)
    tell(hooks.decided, found, at=cast.at + DAY)
    assert found.violations.count() == 1
    Complaint.objects.filter(pk=found.pk).update(cause="late")
    tell(hooks.decided, found, at=cast.at + DAY)
    assert list(found.violations.order_by("pk").values_list("kind", "state")) == [
        ("quarrel", "withdrawn"),
        ("late", "proposed"),
    ]


def test_is_withdrawn_when_the_complaint_is_opened_again(cast: Cast) -> None:
    violation = proposed(cast)
    Complaint.objects.filter(pk=violation.complaint_id).update(cycle=2, verdict="")
    tell(hooks.registered, violation.complaint, at=cast.at + DAY)
    violation.refresh_from_db()
    assert violation.state == "withdrawn"
    with pytest.raises(NotAllowed):
        decide(cast, violation)


def test_falls_when_the_finding_is_overturned(cast: Cast) -> None:
    violation = appealed(cast)
    Complaint.objects.filter(pk=violation.complaint_id).update(verdict="not_upheld")
    tell(hooks.decided, violation.complaint, at=cast.at + 3 * DAY)
    violation.refresh_from_db()
    assert (violation.state, violation.ruled_by, violation.ruled_at) == ("lifted", None, cast.at + 3 * DAY)
    assert Clock.objects.get(target="conduct_appeal").state == "met"
    told = Notice.objects.filter(event__data__state="lifted", channel="inbox")
    assert [notice.recipient for notice in told] == [cast.technician]


def propose(cast: Cast, found: Complaint, **changed: Any) -> ConductViolation:
    known: dict[str, Any] = {"person": cast.technician, "kind": "gifts", "note": "客户有照片"}
    return services.propose(found.pk, **{**known, "by": cast.actor("officer"), "at": cast.at, **changed})


def test_is_proposed_by_hand_from_an_established_finding(cast: Cast) -> None:
    found = upheld(cast, verdict="partly")
    violation = propose(cast, found)
    assert (violation.proposed_by, violation.note, violation.state) == (cast.user("officer"), "客户有照片", "proposed")
    with pytest.raises(NotAllowed):
        propose(cast, found)


@pytest.mark.parametrize(
    "fields", [{"verdict": "not_upheld"}, {"verdict": "", "finding": "", "cause": "", "state": "investigating"}]
)
def test_is_not_proposed_by_hand_without_a_finding(cast: Cast, fields: dict[str, str]) -> None:
    found = complaint(cast, people=[cast.technician], **fields)
    with pytest.raises(NotAllowed) as refused:
        propose(cast, found)
    assert (refused.value.code, refused.value.rule) == ("not_established", "R51")
    assert not ConductViolation.objects.exists()
    assert not found.ticket.events.filter(kind="complaint.conduct_proposed").exists()


@pytest.mark.parametrize(
    ("changed", "field"), [({"kind": "rude"}, "kind"), ({"note": " "}, "note"), ({"note": "x" * 4001}, "note")]
)
def test_by_hand_names_what_is_wrong(cast: Cast, changed: dict[str, str], field: str) -> None:
    found = upheld(cast)
    with pytest.raises(Invalid) as refused:
        propose(cast, found, **changed)
    assert refused.value.errors[0][0] == field
    assert found.violations.count() == 1


def test_by_hand_only_against_whom_the_complaint_is_about(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        propose(cast, upheld(cast), person=cast.user("clerk"))
    assert refused.value.errors[0][0] == "person"


@pytest.mark.rule("R48")
def test_not_by_who_is_complained_of_nor_by_a_clerk(cast: Cast) -> None:
    found = upheld(cast, people=[cast.technician, cast.user("officer")])
    with pytest.raises(Forbidden) as refused:
        propose(cast, found)
    assert refused.value.rule == "R48"
    with pytest.raises(Forbidden):
        propose(cast, found, by=cast.actor("clerk"))


# ── decided ────────────────────────────────────────────────────────────────────────────────────
def test_confirmed_the_person_is_told_and_may_appeal_for_a_week(cast: Cast) -> None:
    violation = decide(cast, proposed(cast))
    assert (violation.state, violation.decided_by, violation.appeal_until) == (
        "confirmed",
        cast.user("manager"),
        cast.at + 8 * DAY,
    )
    told = Notice.objects.filter(event__kind="complaint.conduct_decided", channel="inbox")
    assert {notice.recipient for notice in told} == {cast.technician, cast.user("supervisor")}


def test_rejected_it_stays_unseen_by_the_person(cast: Cast, client: Client) -> None:
    violation = decide(cast, proposed(cast), confirm=False)
    assert (violation.state, violation.appeal_until) == ("rejected", None)
    assert not Notice.objects.filter(recipient=cast.technician, event__kind__startswith="complaint.").exists()
    client.force_login(cast.technician)
    assert client.get(f"/conduct/{violation.pk}/").status_code == 404


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "officer", "archivist", "supervisor", "admin"])
def test_is_decided_by_managers_alone(cast: Cast, role: str) -> None:
    violation = proposed(cast)
    with pytest.raises(Forbidden):
        decide(cast, violation, by=cast.actor(role))
    violation.refresh_from_db()
    assert (violation.state, violation.decided_by) == ("proposed", None)


@pytest.mark.rule("R48")
def test_a_manager_does_not_decide_about_himself(cast: Cast) -> None:
    manager = cast.user("manager")
    found = upheld(cast, people=[manager])
    violation = found.violations.get()
    with pytest.raises(Missing):  # what is only proposed about oneself is not even seen
        decide(cast, violation)
    with pytest.raises(DatabaseError), transaction.atomic():
        ConductViolation.objects.filter(pk=violation.pk).update(decided_by=manager)
    with pytest.raises(Forbidden) as refused:
        decide(cast, upheld_beside(cast, [cast.technician, manager]), by=cast.actor("manager"))
    assert refused.value.rule == "R48"
    assert decide(cast, violation, by=cast.actor("manager", "b")).state == "confirmed"


def upheld_beside(cast: Cast, people: list[Any]) -> ConductViolation:
    ticket = cast.ticket(phone="138 0000 4477", customer_name="韩梅梅", serial="Y-1")
    return upheld(cast, ticket=ticket, people=people).violations.get(person=cast.technician)


def test_asks_for_a_reason_and_decides_once(cast: Cast) -> None:
    violation = proposed(cast)
    with pytest.raises(Invalid) as invalid:
        decide(cast, violation, reason=" \u200b")
    assert invalid.value.errors[0][:2] == ("reason", "required")
    with pytest.raises(Stale):
        decide(cast, violation, version=7)
    decide(cast, violation)
    with pytest.raises(NotAllowed):
        decide(cast, violation, confirm=False)


def test_is_not_confirmed_from_a_finding_that_fell(cast: Cast) -> None:
    violation = proposed(cast)
    Complaint.objects.filter(pk=violation.complaint_id).update(verdict="")
    with pytest.raises(NotAllowed) as refused:
        decide(cast, violation)
    assert refused.value.code == "not_established"


# ── appealed ───────────────────────────────────────────────────────────────────────────────────
def test_an_appeal_starts_a_clock_of_seven_days(cast: Cast) -> None:
    violation = appealed(cast)
    clock = Clock.objects.get(target="conduct_appeal")
    assert (violation.state, violation.appeal) == ("appealed", "我没有吵架")
    assert (clock.started_at, clock.due_at) == (cast.at + 2 * DAY, cast.at + 9 * DAY)
    told = Notice.objects.filter(event__kind="complaint.conduct_appealed", channel="inbox")
    assert [notice.recipient for notice in told] == [cast.user("manager")]


def test_an_appeal_is_in_time_to_the_second_and_too_late_after_it(cast: Cast) -> None:
    violation = decide(cast, proposed(cast))
    technician, until = cast.actor("technician"), cast.at + 8 * DAY
    with pytest.raises(NotAllowed) as refused:
        services.appeal(violation.pk, text="nein", by=technician, at=until + timedelta(seconds=1))
    assert (refused.value.code, "12 Mar" in refused.value.message) == ("appeal_over", True)
    violation.refresh_from_db()
    assert (violation.state, violation.appeal) == ("confirmed", "")
    assert not Clock.objects.filter(target="conduct_appeal").exists()
    assert services.appeal(violation.pk, text="nein", by=technician, at=until).state == "appealed"


def test_only_the_person_appeals_once_with_words(cast: Cast) -> None:
    violation = decide(cast, proposed(cast))
    technician = cast.actor("technician")
    with pytest.raises(Invalid) as invalid:
        services.appeal(violation.pk, text="\n", by=technician, at=cast.at + 2 * DAY)
    assert invalid.value.errors[0][0] == "text"
    with pytest.raises(Forbidden):
        services.appeal(violation.pk, text="x", by=cast.actor("supervisor"), at=cast.at + 2 * DAY)
    with pytest.raises(Missing):
        services.appeal(violation.pk, text="x", by=cast.actor("technician", "other"), at=cast.at + 2 * DAY)
    services.appeal(violation.pk, text="x", by=technician, at=cast.at + 2 * DAY)
    with pytest.raises(NotAllowed):
        services.appeal(violation.pk, text="y", by=technician, at=cast.at + 2 * DAY)


@pytest.mark.parametrize(("uphold", "state"), [(True, "upheld"), (False, "lifted")])
def test_another_manager_decides_the_appeal(cast: Cast, uphold: bool, state: str) -> None:
    cast.user("manager", "b")
    violation = appealed(cast)
    with pytest.raises(Forbidden) as refused:
        rule(cast, violation, uphold=uphold, by=cast.actor("manager"))
    assert refused.value.code == "own_decision"
    with pytest.raises(Invalid):
        rule(cast, violation, uphold=uphold, reason="")
    assert Clock.objects.get(target="conduct_appeal").state == "running"
    violation = rule(cast, violation, uphold=uphold)
    assert (violation.state, violation.ruled_by, violation.ruling) == (state, cast.user("manager", "b"), "复核")
    assert Clock.objects.get(target="conduct_appeal").met_at == cast.at + 3 * DAY
    with pytest.raises(NotAllowed):
        rule(cast, violation, uphold=uphold)


def test_the_only_manager_decides_it_himself(cast: Cast) -> None:
    violation = appealed(cast)
    assert rule(cast, violation, uphold=True, by=cast.actor("manager")).state == "upheld"


def test_two_appeals_of_one_ticket_each_have_their_seven_days(cast: Cast) -> None:
    clerk, technician = cast.actor("clerk"), cast.actor("technician")
    found = upheld(cast, people=[technician.user, clerk.user])
    first = decide(cast, found.violations.get(person=technician.user))
    second = decide(cast, found.violations.get(person=clerk.user))
    services.appeal(first.pk, text="a", by=technician, at=cast.at + 2 * DAY)
    services.appeal(second.pk, text="b", by=clerk, at=cast.at + 3 * DAY)
    rule(cast, first, uphold=True, by=cast.actor("manager"), at=cast.at + 4 * DAY)
    clocks = Clock.objects.filter(target="conduct_appeal").order_by("pk").values_list("state", "due_at")
    assert list(clocks) == [("met", cast.at + 9 * DAY), ("running", cast.at + 10 * DAY)]


# ── seen by whom ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R75")
def test_is_seen_by_the_person_the_supervisor_of_the_team_and_managers(cast: Cast) -> None:
    violation = decide(cast, proposed(cast))
    other = cast.user("supervisor", "other")
    type(other).objects.filter(pk=other.pk).update(team=None)
    seen = {
        role
        for role in ("clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin")
        if ConductViolation.objects.visible_to(cast.actor(role)).filter(pk=violation.pk).exists()
    }
    assert seen == {"technician", "supervisor", "manager"}
    other.refresh_from_db()
    assert not ConductViolation.objects.visible_to(Actor(Door.PAGE, user=other)).exists()
    assert not ConductViolation.objects.visible_to(cast.partner_actor()).exists()


@pytest.mark.rule("R75")
def test_a_timeline_names_neither_person_nor_kind_and_partners_see_nothing(cast: Cast, client: Client) -> None:
    ticket = cast.ticket(by=cast.partner_actor())
    decide(cast, proposed(cast, ticket=ticket))
    told = Ticket.objects.get(pk=ticket.pk).events.filter(kind__startswith="complaint.conduct")
    assert [sorted(event.data) for event in told.order_by("pk")] == [["violation"], ["state", "violation"]]
    headers = {"authorization": f"Bearer {cast.key()}"}
    answer = client.get(f"/api/v1/tickets/{ticket.pk}/timeline", headers=headers)
    assert answer.status_code == 200
    assert "conduct" not in answer.content.decode()


def test_pages_lead_from_the_proposal_to_the_appeal(cast: Cast, client: Client) -> None:
    violation = proposed(cast, words="他 <script>")
    client.force_login(cast.user("manager"))
    assert client.get("/conduct/").context["page"].rows == [violation]
    page = client.get(f"/conduct/{violation.pk}/").content.decode()
    assert "他 &lt;script&gt;" in page
    answer = client.post(f"/conduct/{violation.pk}/decide/", {"reason": "x", "version": "1"})
    assert answer.status_code == 422
    client.post(f"/conduct/{violation.pk}/decide/", {"reason": "x", "version": "1", "decision": "stands"})
    violation.refresh_from_db()
    assert violation.state == "confirmed"
    client.force_login(cast.technician)
    assert client.get("/my-conduct/").context["page"].rows == [violation]
    answer = client.post(f"/conduct/{violation.pk}/appeal/", {"text": ""})
    assert answer.status_code == 422
    client.post(f"/conduct/{violation.pk}/appeal/", {"text": "我没有"})
    violation.refresh_from_db()
    assert (violation.state, violation.appeal) == ("appealed", "我没有")
    client.force_login(cast.user("manager"))
    data = {"reason": "y", "version": str(violation.version), "decision": "falls"}
    client.post(f"/conduct/{violation.pk}/decide/", data)
    violation.refresh_from_db()
    assert (violation.state, violation.ruling) == ("lifted", "y")
    assert client.get("/conduct/").context["page"].rows == []
    assert client.get("/conduct/?show=all").context["page"].rows == [violation]


def test_by_hand_on_a_page(cast: Cast, client: Client) -> None:
    found = upheld(cast)
    client.force_login(cast.user("officer"))
    panel = client.get(f"/complaints/{found.pk}/acting/", headers={"HX-Request": "true"}).content.decode()
    assert f"/complaints/{found.pk}/conduct/" in panel
    answer = client.post(f"/complaints/{found.pk}/conduct/", {"person": "technician", "kind": "gifts"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["note"])
    data = {"person": "technician", "kind": "gifts", "note": "x"}
    assert client.post(f"/complaints/{found.pk}/conduct/", data)["Location"] == f"/complaints/{found.pk}/"
    assert found.violations.filter(kind="gifts").count() == 1
