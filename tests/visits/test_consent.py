"""The customer's consent before the work: what does not match is noted and countersigned (R27)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete, signature
from tickets.models import Notice, Ticket
from visits.models import Consent
from visits.services import consent as services

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R27")]


def record(cast: Cast, ticket: Ticket, **changed: Any) -> Consent:
    known: dict[str, Any] = {
        "voucher_seen": True,
        "parts_complete": True,
        "human_damage": False,
        "agreed": True,
        "by": cast.actor("technician"),
        "at": cast.at + timedelta(hours=2),
    }
    services.record_consent(ticket.pk, **{**known, **changed})
    return Consent.objects.get(visit__ticket=ticket)


def test_is_recorded_once(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    for _once in range(50):
        consent = record(cast, ticket)
    assert (consent.agreed, consent.matches, consent.recorded_by) == (True, True, cast.technician)
    assert ticket.events.filter(kind="visit.consented").count() == 1


@pytest.mark.parametrize("wrong", [{"voucher_seen": False}, {"parts_complete": False}, {"human_damage": True}])
def test_what_does_not_match_is_noted_and_countersigned(cast: Cast, wrong: dict[str, bool]) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Invalid) as refused:
        record(cast, ticket, **wrong)
    assert [error[0] for error in refused.value.errors] == ["mismatch", "signer_name"]
    assert not Consent.objects.exists()
    assert not ticket.events.filter(kind="visit.consented").exists()
    consent = record(cast, ticket, **wrong, mismatch="外壳裂", signer_name="王秀英", signature=signature())
    assert (consent.mismatch, consent.signer_name, consent.matches) == ("外壳裂", "王秀英", False)
    assert bytes(consent.signature or b"").startswith(b"\x89PNG")


def test_without_the_customers_consent_nothing_is_solved(cast: Cast) -> None:
    cast.user("supervisor")
    ticket = cast.ticket_in("visiting")
    record(cast, ticket, agreed=False)
    told = Notice.objects.filter(event__kind="visit.consented", urgent=True, channel="inbox")
    assert {notice.recipient for notice in told} == {cast.user("clerk"), cast.user("supervisor")}
    with pytest.raises(NotAllowed) as refused:
        complete(cast, ticket)
    assert (refused.value.code, refused.value.rule) == ("no_consent", "R27")
    assert complete(cast, ticket, solved=False).state == "not_solved"


def test_can_be_corrected_until_the_visit_ends(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    record(cast, ticket, agreed=False)
    record(cast, ticket, agreed=True, at=cast.at + timedelta(hours=3))
    assert ticket.events.filter(kind="visit.consented").count() == 2
    complete(cast, ticket)
    with pytest.raises(NotAllowed):
        record(cast, ticket, agreed=False)


def test_is_not_the_desks_to_record(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Forbidden):
        record(cast, ticket, by=cast.actor("clerk"))
    assert not Consent.objects.exists()


def test_is_recorded_on_the_page_and_shown_when_missing(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visiting")
    visit = ticket.visits.get()
    client.force_login(cast.technician)
    form = {"version": visit.version, "voucher_seen": "true", "parts_complete": "false", "human_damage": "false"}
    page = client.post(f"/visits/{visit.pk}/do/record_consent/", {**form, "agreed": "true", "mismatch": "remote"})
    assert page.status_code == 422
    assert "The customer countersigns what does not match." in page.content.decode()
    complete(cast, ticket)
    html = client.get(f"/visits/{visit.pk}/").content.decode()
    assert "not recorded" in html[html.index('id="record_consent"') :]
