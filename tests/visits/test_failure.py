"""Major failures: reported at once to supervisor and manager, analysed afterwards (R34)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from tests.people import Cast
from tickets.models import Notice, Ticket
from visits.models import MajorFailure
from visits.services import failure as services

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R34")]

WHOLE: dict[str, Any] = {
    "impact": "three shops dark",
    "handling": "replaced the supply",
    "cause": "wrong fuse",
    "corrective": "right fuse",
    "corrective_by": "Li Ming",
    "corrective_on": date(2026, 3, 10),
    "preventive": "check at delivery",
    "preventive_by": "Clara Zhao",
    "preventive_on": date(2026, 4, 1),
}


def report(cast: Cast, ticket: Ticket, **changed: Any) -> MajorFailure:
    known: dict[str, Any] = {
        "occurred_at": cast.at,
        "place": "机房",
        "what": "smoke",
        "first_plan": "cut the power",
        "by": cast.actor("technician"),
        "at": cast.at + timedelta(hours=2),
    }
    services.report_major_failure(ticket.pk, **{**known, **changed})
    return MajorFailure.objects.get(ticket=ticket, analysed_at=None)


def test_is_told_to_supervisor_and_manager_at_once(cast: Cast) -> None:
    supervisor, manager = cast.user("supervisor"), cast.user("manager")
    ticket = cast.ticket_in("visiting")
    failure = report(cast, ticket)
    assert (failure.visit, failure.owner, failure.place) == (ticket.visits.get(), supervisor, "机房")
    told = Notice.objects.filter(event__kind="visit.failure_reported", urgent=True, channel="inbox")
    assert {notice.recipient for notice in told} == {supervisor, manager, cast.user("clerk")}
    assert {notice.created_at for notice in told} == {cast.at + timedelta(hours=2)}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"place": " "}, "place"),
        ({"what": ""}, "what"),
        ({"first_plan": ""}, "first_plan"),
        ({"place": "x" * 201}, "place"),
        ({"occurred_at": Cast.at + timedelta(hours=3)}, "occurred_at"),
    ],
)
def test_says_when_where_what_and_the_first_plan(cast: Cast, changed: dict[str, Any], field: str) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Invalid) as refused:
        report(cast, ticket, **changed)
    assert refused.value.errors[0][0] == field
    assert not MajorFailure.objects.exists()
    assert not ticket.events.filter(kind="visit.failure_reported").exists()


def test_is_reported_once_until_it_is_analysed(cast: Cast) -> None:
    ticket = cast.ticket()
    first = report(cast, ticket, by=cast.actor("clerk"))
    assert first.visit is None
    with pytest.raises(NotAllowed):
        report(cast, ticket, by=cast.actor("clerk"))
    services.analyse_failure(first.pk, **WHOLE, complete=True, by=cast.actor("manager"))
    assert report(cast, ticket, by=cast.actor("clerk")) != first


def test_the_analysis_is_saved_half_and_completed_whole(cast: Cast) -> None:
    cast.user("supervisor")
    failure = report(cast, cast.ticket_in("visiting"))
    half = services.analyse_failure(failure.pk, cause="not known yet", by=cast.actor("supervisor"))
    assert (half.cause, half.analysed_at, half.version) == ("not known yet", None, 2)
    with pytest.raises(Invalid) as refused:
        services.analyse_failure(failure.pk, cause="fuse", complete=True, by=cast.actor("supervisor"))
    assert len(refused.value.errors) == 8
    with pytest.raises(Stale):
        services.analyse_failure(failure.pk, **WHOLE, version=1, by=cast.actor("supervisor"))
    at = cast.at + timedelta(days=2)
    services.analyse_failure(failure.pk, **WHOLE, complete=True, version=2, by=cast.actor("supervisor"), at=at)
    failure.refresh_from_db()
    assert {name: getattr(failure, name) for name in WHOLE} == WHOLE
    assert (failure.analysed_by, failure.analysed_at) == (cast.user("supervisor"), at)
    with pytest.raises(NotAllowed):
        services.analyse_failure(failure.pk, **WHOLE, by=cast.actor("manager"))


def test_is_analysed_by_leaders(cast: Cast) -> None:
    failure = report(cast, cast.ticket_in("visiting"))
    with pytest.raises(Forbidden):
        services.analyse_failure(failure.pk, **WHOLE, by=cast.actor("technician"))
    with pytest.raises(Invalid):
        services.analyse_failure(failure.pk, owner=cast.technician, by=cast.actor("manager"))
    manager = cast.user("manager")
    services.analyse_failure(failure.pk, owner=manager, by=cast.actor("supervisor"))
    event = failure.ticket.events.get(kind="visit.failure_analysed")
    assert (event.data["complete"], event.notices.get(recipient=manager).urgent) == (False, False)


def test_is_reported_and_analysed_on_the_pages(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visiting")
    visit = ticket.visits.get()
    client.force_login(cast.technician)
    path = f"/visits/{visit.pk}/do/report_major_failure/"
    form = {"version": visit.version, "occurred_at": "2026-03-04T10:00", "place": "hall", "what": "smoke"}
    page = client.post(path, {**form, "first_plan": ""})
    assert (page.status_code, "smoke" in page.content.decode()) == (422, True)
    assert client.post(path, {**form, "first_plan": "cut it"}).status_code == 302
    failure = MajorFailure.objects.get()
    assert failure.number in client.get(f"/visits/{visit.pk}/").content.decode()
    client.force_login(cast.user("manager"))
    assert failure.number in client.get("/warranty/failures/?show=open").content.decode()
    path = f"/warranty/failures/{failure.pk}/"
    assert client.post(path, {"version": 1, "cause": "fuse", "complete": "on"}).status_code == 422
    assert client.post(path, {**WHOLE, "version": 1, "complete": "on"})["Location"] == path
    assert "three shops dark" in client.get(path).content.decode()
    assert failure.number not in client.get("/warranty/failures/?show=open").content.decode()
