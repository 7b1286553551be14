"""Before leaving: the call that confirms problem and time, the kit check, the parts to bring (R21)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import rows, told
from tests.visits.helpers import plan
from tests.visits.stock import KIT, in_van, part
from tickets.sla.models import Clock
from visits.models import Checklist, VisitCall
from visits.services import checklist, kit

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R21")]
MINUTE = timedelta(minutes=1)


def test_confirms_problem_and_time_by_telephone(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    at = cast.at + 60 * MINUTE
    kit.confirm_by_phone(visit.ticket_id, reached=True, confirmed=True, by=cast.actor("technician"), at=at)
    visit.refresh_from_db()
    call = VisitCall.objects.get(visit=visit)
    assert (call.purpose, call.reached, call.at, call.by) == ("before_leaving", True, at, cast.technician)
    assert visit.confirmed_at == at
    assert Clock.objects.get(ticket=visit.ticket, target="response").state == "met"
    assert visit.ticket.events.get(kind="ticket.contacted").data["confirmed"] is True


def test_keeps_a_call_that_reached_nobody(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    kit.confirm_by_phone(visit.ticket_id, reached=False, by=cast.actor("technician"), at=cast.at + 60 * MINUTE)
    visit.refresh_from_db()
    assert (visit.confirmed_at, visit.calls.get().reached) == (None, False)
    assert visit.ticket.events.filter(kind="ticket.contact_failed").count() == 1


def test_tells_the_desk_when_the_customer_says_otherwise(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    kit.confirm_by_phone(
        visit.ticket_id, reached=True, note="only after six", by=cast.actor("technician"), at=cast.at + 60 * MINUTE
    )
    event = visit.ticket.events.get(kind="ticket.contacted")
    assert told(event) == ["clerk", "dispatcher"]
    assert event.notices.filter(urgent=True).count() == 2
    visit.refresh_from_db()
    assert visit.confirmed_at is None


@pytest.mark.parametrize(
    ("said", "field"),
    [({"reached": False, "confirmed": True}, "confirmed"), ({"reached": True}, "note")],
)
def test_refuses_half_a_call(cast: Cast, said: dict[str, bool], field: str) -> None:
    visit = plan(cast, cast.ticket())
    before = rows()
    with pytest.raises(Invalid) as refused:
        kit.confirm_by_phone(visit.ticket_id, **said, by=cast.actor("technician"), at=cast.at + 60 * MINUTE)
    assert refused.value.errors[0][0] == field
    assert (rows(), VisitCall.objects.count()) == (before, 0)


def test_keeps_what_was_ticked_and_why_not(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    by = cast.actor("technician")
    answers = {**KIT, "tools": False, "tools_reason": "torque wrench lent out"}
    checklist.check_kit(visit.ticket_id, **answers, by=by, at=cast.at + 60 * MINUTE)
    assert Checklist.objects.get(visit=visit).missing == {"tools": "torque wrench lent out"}
    assert kit.missing(visit) == ["Tools missing: torque wrench lent out"]
    checklist.check_kit(visit.ticket_id, **KIT, by=by, at=cast.at + 70 * MINUTE)
    assert Checklist.objects.get(visit=visit).missing == {}
    assert kit.missing(visit) == []


def test_asks_why_of_each_that_is_not_ticked(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    before = rows()
    with pytest.raises(Invalid) as refused:
        checklist.check_kit(
            visit.ticket_id, badge=True, papers_reason="x" * 201, by=cast.actor("technician"), at=cast.at + MINUTE * 60
        )
    assert [(field, code) for field, code, _message in refused.value.errors] == [
        ("uniform_reason", "required"),
        ("tools_reason", "required"),
        ("instruments_reason", "required"),
        ("parts_reason", "required"),
        ("papers_reason", "too_long"),
    ]
    assert (rows(), Checklist.objects.count()) == (before, 0)


def test_is_before_the_work_and_his_own_visit_only(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(NotAllowed):
        checklist.check_kit(ticket.pk, **KIT, by=cast.actor("technician"), at=cast.at)
    planned = plan(cast, cast.ticket(phone="138 0000 4413", serial="B"), 6)
    with pytest.raises(Forbidden):
        checklist.check_kit(planned.ticket_id, **KIT, by=cast.actor("clerk"), at=cast.at)
    assert not Checklist.objects.exists()


def test_looks_into_the_van_for_parts_to_bring(cast: Cast) -> None:
    visit, valve = plan(cast, cast.ticket()), part()
    by = cast.actor("dispatcher")
    kit.need_part(visit.ticket_id, part=valve, quantity=2, by=by, at=cast.at + 60 * MINUTE)
    assert kit.missing(visit) == ["P-100 valve: 2 needed, 0 in the van of Li Ming."]
    in_van(cast, valve, 2)
    assert kit.missing(visit) == []
    kit.need_part(visit.ticket_id, part=valve, quantity=0, by=by, at=cast.at + 61 * MINUTE)
    assert not visit.needed_parts.exists()
    assert told(visit.ticket.events.filter(kind="visit.part_needed").latest("pk")) == ["technician"]


def test_asks_the_database_the_same_for_any_number_of_parts(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    for number in range(4):
        kit.need_part(visit.ticket_id, part=part(f"P-{number}"), by=cast.actor("dispatcher"), at=cast.at + 60 * MINUTE)
    with CaptureQueriesContext(connection) as asked:
        assert len(kit.missing(visit)) == 4
    assert len(asked) == 4  # the parts, the van, whose van it is, the kit check


def test_shows_the_card_and_keeps_what_was_refused(cast: Cast, client: Client) -> None:
    visit = plan(cast, cast.ticket_in("in_progress"))
    client.force_login(cast.technician)
    page = client.get(f"/visits/{visit.pk}/").content.decode()
    assert 'id="check_kit"' in page
    answer = client.post(
        f"/visits/{visit.pk}/do/check_kit/", {"version": visit.version, "badge": "on", "uniform_reason": "in the wash"}
    )
    assert answer.status_code == 422
    assert "in the wash" in answer.content.decode()
    assert not Checklist.objects.exists()
