"""A visit's page on a telephone: what comes next stands open, the rest is one line that opens without a script."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import plan
from tests.visits.stock import CONDUCT
from visits.models import FaultCode, Visit
from visits.services import at_the_door, checklist, consent, finding
from visits.services import plan as plans
from visits.services import visit as visits

pytestmark = pytest.mark.django_db
FOLD = re.compile(r'<details class="card fold[^"]*" id="(\w+)"( open)?>\s*<summary>(.*?)</summary>', re.S)


@pytest.fixture
def planned(cast: Cast, client: Client) -> Visit:
    """A technician's visit of now, without a product: no warranty is to be decided."""
    FaultCode.objects.get_or_create(code="leak", defaults={"name_en": "Leak"})
    at = now()
    ticket = cast.ticket(at=at - timedelta(hours=2))
    start = at - timedelta(minutes=5)
    client.force_login(cast.technician)
    return plan(cast, ticket, window_start=start, window_end=start + timedelta(hours=2),
                customer_wish=True, at=at - timedelta(hours=1))  # fmt: skip


def folds(client: Client, visit: Visit) -> dict[str, tuple[bool, str]]:
    page = client.get(f"/visits/{visit.pk}/").content.decode()
    return {name: (bool(open_), re.sub(r"<[^>]+>|\s+", " ", line)) for name, open_, line in FOLD.findall(page)}


def opened(client: Client, visit: Visit) -> set[str]:
    return {name for name, (open_, _line) in folds(client, visit).items() if open_}


def test_opens_what_comes_next_from_the_kit_to_the_signature(cast: Cast, client: Client, planned: Visit) -> None:
    by, ticket = cast.actor("technician"), planned.ticket
    assert opened(client, planned) == {"problem", "check_kit"}
    visits.set_out(ticket.pk, by=by)
    assert opened(client, planned) == {"problem", "arriving"}
    visits.check_in(ticket.pk, by=by)
    assert opened(client, planned) == {"record_consent"}
    said = {"voucher_seen": True, "parts_complete": True, "human_damage": False}
    consent.record_consent(ticket.pk, **said, agreed=True, by=by)
    assert opened(client, planned) == {"decide_warranty"}
    consent.record_consent(ticket.pk, **said, agreed=False, by=by)  # no work: it is finished as not solved
    assert opened(client, planned) == {"check_conduct"}
    checklist.check_conduct(ticket.pk, **CONDUCT, by=by)
    assert opened(client, planned) == {"report"}


def test_says_in_one_line_what_is_done(cast: Cast, client: Client, planned: Visit) -> None:
    by, ticket = cast.actor("technician"), planned.ticket
    visits.check_in(ticket.pk, by=by)
    consent.record_consent(ticket.pk, voucher_seen=True, parts_complete=True, human_damage=False, agreed=True, by=by)
    finding.record_finding(ticket.pk, code="leak", by=by)
    plans.propose_plan(ticket.pk, what="seal it", by=by)
    lines = {name: line for name, (_open, line) in folds(client, planned).items()}
    assert "agreed" in lines["record_consent"]
    assert "Leak" in lines["record_finding"]
    assert "proposed" in lines["propose_plan"]
    assert "none" in lines["use_part"]
    visits.complete_visit(
        ticket.pk, solved=False, finding="leak", work_done="sealed", unsigned_reason="in a hurry", by=by
    )
    over = folds(client, planned)
    assert not any(open_ for open_, _line in over.values())
    assert "agreed" in over["record_consent"][1]


def test_opens_what_cannot_wait_and_what_was_refused(cast: Cast, client: Client, planned: Visit) -> None:
    visits.check_in(planned.ticket_id, by=cast.actor("technician"))
    at_the_door.customer_absent(planned.ticket_id, by=cast.actor("technician"))
    assert opened(client, planned) == {"arriving", "record_consent"}
    planned.refresh_from_db()
    answer = client.post(f"/visits/{planned.pk}/do/use_part/", {"version": planned.version})
    assert answer.status_code == 422
    assert 'id="use_part" open' in answer.content.decode()
