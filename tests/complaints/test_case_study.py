"""Case studies: owed after class 3, written, shared with the department, read by each of it (R46)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import transaction
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from complaints import hooks
from complaints.models import CaseReading, CaseStudy
from complaints.services import case_study as services
from tests.complaints.helpers_acting import closed, complaint, tell
from tests.people import Cast
from tickets.models import Notice, Ticket
from tickets.sla.models import Clock

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R46")]

WHOLE = {name: f"{name} 说明" for name in CaseStudy.TEXTS}
DAY = timedelta(days=1)


def owed(cast: Cast, **fields: Any) -> CaseStudy:
    cast.user("supervisor")
    closed(cast, **{"team": cast.team, "owner": cast.user("officer"), **fields})
    return CaseStudy.objects.latest("pk")


def share(cast: Cast, study: CaseStudy, role: str = "officer", **changed: Any) -> CaseStudy:
    known: dict[str, Any] = {"texts": WHOLE, "share": True, "by": cast.actor(role), "at": cast.at + DAY}
    return services.write(study.pk, **{**known, **changed})


def test_is_owed_for_seven_days_after_class_3(cast: Cast) -> None:
    study = owed(cast)
    clock = Clock.objects.get(ticket=study.complaint.ticket, target="case_study")
    assert (study.owner, study.team, study.due_at) == (cast.user("officer"), cast.team, cast.at + 7 * DAY)
    assert (clock.started_at, clock.due_at, clock.state) == (cast.at, cast.at + 7 * DAY, "running")
    assert Ticket.objects.get(pk=study.complaint.ticket_id).next_due_at <= cast.at + 7 * DAY
    assert [notice.recipient for notice in Notice.objects.filter(event__kind="complaint.case_study")] == [study.owner]


@pytest.mark.parametrize("grade", [1, 2])
def test_is_not_owed_after_a_lesser_class(cast: Cast, grade: int) -> None:
    closed(cast, complaint_class=grade)
    assert not CaseStudy.objects.exists()
    assert not Clock.objects.filter(target="case_study").exists()


def test_is_owed_once_until_it_is_shared_and_again_for_the_next_cycle(cast: Cast) -> None:
    study = owed(cast)
    tell(hooks.closed, study.complaint, at=cast.at + DAY)
    assert CaseStudy.objects.count() == 1
    share(cast, study)
    type(study.complaint).objects.filter(pk=study.complaint_id).update(cycle=2)
    tell(hooks.closed, study.complaint, at=cast.at + 2 * DAY)
    assert list(CaseStudy.objects.order_by("pk").values_list("cycle", "due_at")) == [
        (1, cast.at + 7 * DAY),
        (2, cast.at + 9 * DAY),
    ]


@pytest.mark.rule("R48")
def test_falls_to_the_supervisor_where_nobody_owns_the_complaint_or_it_is_about_the_owner(cast: Cast) -> None:
    assert owed(cast, owner=None).owner == cast.user("supervisor")
    officer = cast.user("officer")
    other = cast.ticket(phone="138 0000 4499", customer_name="李雷", serial="Z-1")
    assert owed(cast, ticket=other, owner=officer, people=[officer]).owner == cast.user("supervisor")


@pytest.mark.rule("R48")
def test_falls_to_the_manager_where_it_is_about_the_supervisor(cast: Cast) -> None:
    manager = cast.user("manager")
    assert owed(cast, owner=None, people=[cast.user("supervisor")]).owner == manager


def test_is_kept_half_written_and_shared_whole_only(cast: Cast) -> None:
    study = owed(cast)
    services.write(study.pk, texts={"happened": "漏水"}, by=cast.actor("officer"), at=cast.at, version=1)
    with pytest.raises(Invalid) as refused:
        share(cast, study, texts={**WHOLE, "lessons": "\u200b ", "changes": ""})
    assert [(field, code) for field, code, _text in refused.value.errors] == [
        ("lessons", "required"),
        ("changes", "required"),
    ]
    study.refresh_from_db()
    assert (study.happened, study.lessons, study.shared_at, study.version) == ("漏水", "", None, 2)
    assert not CaseReading.objects.exists()
    assert Clock.objects.get(target="case_study").state == "running"


def test_refuses_what_is_too_long_and_names_the_field(cast: Cast) -> None:
    study = owed(cast)
    with pytest.raises(Invalid) as refused:
        share(cast, study, texts={**WHOLE, "causes": "x" * 8001})
    assert refused.value.errors[0][:2] == ("causes", "too_long")


def test_shared_meets_the_promise_and_asks_each_of_the_department(cast: Cast) -> None:
    study = owed(cast)
    clerk, gone = cast.user("clerk"), cast.user("clerk", "gone")
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    admin, manager = cast.user("admin"), cast.user("manager")
    type(manager).objects.filter(pk=manager.pk).update(team=None)
    share(cast, study)
    readers = {reading.person: reading.read_at for reading in study.readings.all()}
    assert readers == {clerk: None, cast.user("supervisor"): None, cast.user("officer"): cast.at + DAY}
    assert admin not in readers
    clock = Clock.objects.get(target="case_study")
    assert (clock.state, clock.met_at, clock.broken) == ("met", cast.at + DAY, False)
    told = Notice.objects.filter(event__kind="complaint.case_study", event__data__what="shared", channel="inbox")
    assert {notice.recipient for notice in told} == {clerk, cast.user("supervisor")}


def test_without_a_department_everybody_at_the_desk_reads_it(cast: Cast) -> None:
    study = owed(cast, team=None)
    cast.user("clerk"), cast.user("dispatcher"), cast.actor("technician"), cast.user("archivist")
    share(cast, study)
    assert {reading.person.role for reading in study.readings.all()} == {
        "clerk", "dispatcher", "officer", "supervisor",
    }  # fmt: skip


@pytest.mark.rule("R71")
def test_stays_as_it_was_shared(cast: Cast) -> None:
    study = owed(cast)
    share(cast, study)
    with pytest.raises(NotAllowed):
        share(cast, study, texts={**WHOLE, "causes": "另一个"})
    with pytest.raises(DatabaseError), transaction.atomic():
        CaseStudy.objects.filter(pk=study.pk).update(causes="另一个")
    study.refresh_from_db()
    assert study.causes == WHOLE["causes"]


@pytest.mark.rule("R48")
def test_nobody_writes_whom_the_complaint_is_about(cast: Cast) -> None:
    study = owed(cast, people=[cast.user("manager")])
    with pytest.raises(Forbidden) as refused:
        share(cast, study, role="manager")
    assert refused.value.rule == "R48"
    study.refresh_from_db()
    assert (study.shared_at, study.version) == (None, 1)


@pytest.mark.parametrize(("role", "error"), [("clerk", Forbidden), ("archivist", Forbidden), ("technician", Missing)])
def test_others_do_not_write_it(cast: Cast, role: str, error: type[Exception]) -> None:
    study = owed(cast)
    with pytest.raises(error):
        share(cast, study, role=role)
    assert CaseStudy.objects.get().shared_at is None


def test_refuses_what_was_written_on_an_older_version(cast: Cast) -> None:
    study = owed(cast)
    services.write(study.pk, texts={"happened": "a"}, by=cast.actor("supervisor"), at=cast.at, version=1)
    with pytest.raises(Stale):
        share(cast, study, version=1)
    assert CaseStudy.objects.get().happened == "a"


def test_each_says_once_that_they_read_it(cast: Cast) -> None:
    study = owed(cast)
    clerk = cast.actor("clerk")
    share(cast, study)
    services.acknowledge(study.pk, by=clerk, at=cast.at + 2 * DAY)
    services.acknowledge(study.pk, by=clerk, at=cast.at + 3 * DAY)
    assert study.readings.get(person=clerk.user).read_at == cast.at + 2 * DAY
    with pytest.raises(Missing):
        services.acknowledge(study.pk, by=cast.actor("archivist"), at=cast.at + 2 * DAY)


def test_reminds_those_who_have_not_at_most_once_a_day(cast: Cast) -> None:
    study = owed(cast)
    clerk, officer = cast.actor("clerk"), cast.actor("officer")
    share(cast, study)
    with pytest.raises(NotAllowed):
        services.remind(study.pk, by=officer, at=cast.at + DAY + timedelta(hours=23))
    services.acknowledge(study.pk, by=cast.actor("supervisor"), at=cast.at + 2 * DAY)
    assert services.remind(study.pk, by=officer, at=cast.at + 2 * DAY) == 1
    told = Notice.objects.filter(event__data__what="reminded", channel="inbox")
    assert [notice.recipient for notice in told] == [clerk.user]
    services.acknowledge(study.pk, by=clerk, at=cast.at + 3 * DAY)
    with pytest.raises(NotAllowed) as refused:
        services.remind(study.pk, by=officer, at=cast.at + 4 * DAY)
    assert refused.value.code == "all_read"


def test_two_complaints_of_one_ticket_each_have_their_seven_days(cast: Cast) -> None:
    study = owed(cast)
    second = complaint(cast, study.complaint.ticket, at=cast.at + DAY, complaint_class=3, state="closed",
                       owner=cast.user("officer"), team=cast.team)  # fmt: skip
    tell(hooks.closed, second, at=cast.at + 2 * DAY)
    share(cast, study, at=cast.at + 3 * DAY)
    clocks = Clock.objects.filter(target="case_study").order_by("pk").values_list("state", "due_at")
    assert list(clocks) == [("met", cast.at + 7 * DAY), ("running", cast.at + 9 * DAY)]


# ── pages ──────────────────────────────────────────────────────────────────────────────────────
def test_pages_lead_from_the_inbox_to_the_study(cast: Cast, client: Client) -> None:
    study = owed(cast)
    technician = cast.actor("technician").user
    share(cast, study)
    client.force_login(technician)  # type: ignore[arg-type]
    page = client.get("/inbox/").content.decode()
    assert f'href="/case-studies/{study.pk}/"' in page
    assert study.complaint.ticket.customer.name not in page
    page = client.get(f"/case-studies/{study.pk}/").content.decode()
    assert "I have read it" in page
    assert WHOLE["lessons"] in page
    assert study.complaint.ticket.number not in page
    client.post(f"/case-studies/{study.pk}/read/")
    assert study.readings.get(person=technician).read_at is not None
    assert client.get("/case-studies/?show=unread").context["page"].rows == []


def test_page_keeps_what_was_entered_when_it_is_refused(cast: Cast, client: Client) -> None:
    study = owed(cast)
    client.force_login(cast.user("officer"))
    answer = client.post(f"/case-studies/{study.pk}/", {"happened": "漏水 <b>", "share": "1", "version": "1"})
    assert answer.status_code == 422
    assert "漏水 &lt;b&gt;" in answer.content.decode()
    assert CaseStudy.objects.get().shared_at is None


def test_lists_cost_the_same_for_any_number(cast: Cast, client: Client, django_assert_num_queries: Any) -> None:
    client.force_login(cast.user("officer"))
    for number in range(4):
        ticket = cast.ticket(phone=f"138 0000 45{number:02}", customer_name=f"客户{number}", serial=f"S-{number}")
        share(cast, owed(cast, ticket=ticket))
        if number in (0, 3):
            with django_assert_num_queries(6):
                assert len(client.get("/case-studies/").context["page"].rows) == number + 1


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_timeline_tells_it(cast: Cast, client: Client, language: str) -> None:
    study = owed(cast)
    share(cast, study)
    client.force_login(cast.user("officer"))
    page = client.get(f"/tickets/{study.complaint.ticket.number}/", headers={"accept-language": language})
    assert study.number in page.content.decode()
