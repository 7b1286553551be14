"""The repair plan: confirmed by the customer, or decided by the technical department where they disagree (R30)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete
from tickets.models import Ticket
from visits.models import RepairPlan
from visits.services import plan as services
from visits.services import warranty

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R30")]


def propose(cast: Cast, ticket: Ticket, **changed: Any) -> RepairPlan:
    known: dict[str, Any] = {"what": "换接头", "by": cast.actor("technician"), "at": cast.at + timedelta(hours=2)}
    services.propose_plan(ticket.pk, **{**known, **changed})
    return RepairPlan.objects.get(visit__ticket=ticket)


def disputed(cast: Cast) -> Ticket:
    cast.user("supervisor")
    ticket = cast.ticket_in("visiting")
    propose(cast, ticket, estimate=Decimal("120"))
    services.dispute_plan(ticket.pk, reason="too dear", by=cast.actor("technician"))
    return ticket


def test_is_confirmed_by_the_customer(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    assert propose(cast, ticket, estimate=Decimal("80.5")).estimate == Decimal("80.50")
    with pytest.raises(Invalid):
        services.confirm_plan(ticket.pk, signer_name=" ", by=cast.actor("technician"))
    with pytest.raises(NotAllowed) as refused:
        complete(cast, ticket)
    assert refused.value.code == "plan_not_confirmed"
    services.confirm_plan(ticket.pk, signer_name="王秀英", by=cast.actor("technician"))
    plan = RepairPlan.objects.get()
    assert (plan.state, plan.customer_name) == ("confirmed", "王秀英")
    assert complete(cast, ticket).state == "completed"


def test_another_plan_is_confirmed_anew(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    for _once in range(3):
        propose(cast, ticket)
    services.confirm_plan(ticket.pk, signer_name="王秀英", by=cast.actor("technician"))
    plan = propose(cast, ticket, what="换压缩机")
    assert (plan.state, plan.customer_name) == ("proposed", "")
    assert ticket.events.filter(kind="visit.plan_proposed").count() == 2


def test_a_disagreement_goes_to_the_technical_department(cast: Cast) -> None:
    ticket = disputed(cast)
    event = ticket.events.get(kind="visit.plan_disputed")
    assert event.notices.filter(recipient=cast.user("supervisor"), urgent=True).exists()
    with pytest.raises(NotAllowed) as refused:
        propose(cast, ticket, what="something else")
    assert refused.value.code == "disputed"
    with pytest.raises(Forbidden):
        services.decide_plan(ticket.pk, keep=True, reason="x", by=cast.actor("technician"))
    services.decide_plan(
        ticket.pk, keep=False, what="nur dichten", estimate=Decimal(60), reason="cheaper", by=cast.actor("supervisor")
    )
    plan = RepairPlan.objects.get()
    assert (plan.state, plan.what, plan.estimate, plan.kept) == ("decided", "nur dichten", Decimal("60.00"), False)
    assert ticket.events.get(kind="visit.plan_decided").notices.filter(recipient=cast.technician).exists()
    services.confirm_plan(ticket.pk, signer_name="王秀英", by=cast.actor("technician"))
    assert complete(cast, ticket).state == "completed"


def test_is_decided_after_the_visit_as_well(cast: Cast) -> None:
    ticket = disputed(cast)
    complete(cast, ticket, solved=False)
    services.decide_plan(ticket.pk, keep=True, reason="no other way", by=cast.actor("manager"))
    assert RepairPlan.objects.get().kept is True
    with pytest.raises(NotAllowed):
        services.decide_plan(ticket.pk, keep=True, reason="again", by=cast.actor("manager"))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"what": " "}, "what"),
        ({"what": "x" * 2001}, "what"),
        ({"estimate": Decimal("-1")}, "estimate"),
        ({"estimate": Decimal("1e9")}, "estimate"),
    ],
)
def test_refuses_nonsense(cast: Cast, changed: dict[str, Any], field: str) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Invalid) as refused:
        propose(cast, ticket, **changed)
    assert refused.value.errors[0][0] == field
    assert not RepairPlan.objects.exists()


def test_says_what_it_costs_when_something_is_charged(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting", purchased_on=date(2020, 1, 1))
    warranty.decide_warranty(
        ticket.pk, proof="none", explanation="old", signer_name="王秀英", by=cast.actor("technician")
    )
    with pytest.raises(Invalid) as refused:
        propose(cast, ticket)
    assert refused.value.errors[0][:2] == ("estimate", "required")
    assert propose(cast, ticket, estimate=Decimal(0)).state == "proposed"


def test_is_worked_on_the_pages(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visiting")
    visit = ticket.visits.get()
    cast.user("supervisor")
    client.force_login(cast.technician)

    def do(verb: str, **form: str) -> int:
        return client.post(f"/visits/{visit.pk}/do/{verb}/", {"version": visit.version, **form}).status_code

    assert do("propose_plan", what="seal it", estimate="-3") == 422
    assert do("propose_plan", what="seal it", estimate="30") == 302
    assert do("dispute_plan", reason="") == 422
    assert do("dispute_plan", reason="wants a new one") == 302
    client.force_login(cast.user("supervisor"))
    page = client.get("/warranty/").content.decode()
    assert "wants a new one" in page
    assert f"/tickets/{ticket.number}/do/decide_plan/" in page
    ticket.refresh_from_db()
    form = {"version": ticket.version, "keep": "true", "reason": "it is enough", "what": "", "estimate": ""}
    assert client.post(f"/tickets/{ticket.number}/do/decide_plan/", form).status_code == 302
    assert "Nothing waits for a decision" in client.get("/warranty/").content.decode()
    assert "it is enough" in client.get(f"/visits/{visit.pk}/").content.decode()
