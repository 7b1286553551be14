"""The warranty decision at the customer's: inputs and rule are kept, what differs is approved, then it is frozen."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Refusal
from aftersales.customers import services as customers
from aftersales.customers.models import Product
from tests.people import Cast
from tests.visits.helpers import complete, signature
from tests.visits.test_photograph import _media as _media
from tests.visits.test_photograph import add as photograph
from tickets.models import Event, Ticket
from visits.models import WarrantyDecision
from visits.services import warranty as services
from visits.services.dispatch import Seen

pytestmark = pytest.mark.django_db


def visiting(cast: Cast, **kwargs: Any) -> Ticket:
    return cast.ticket_in("visiting", purchased_on=date(2025, 6, 1), voucher_number="FP-0001", **kwargs)


def decide(cast: Cast, ticket: Ticket, **changed: Any) -> WarrantyDecision:
    known: dict[str, Any] = {
        "proof": "voucher",
        "voucher_number": "FP0001",
        "by": cast.actor("technician"),
        "at": cast.at + timedelta(hours=3),
    }
    services.decide_warranty(ticket.pk, **{**known, **changed})
    return WarrantyDecision.objects.get(visit__ticket=ticket)


def left(ticket: Ticket) -> int:
    return Event.objects.filter(ticket=ticket, kind__startswith="visit.").count()


@pytest.mark.rule("R11")
def test_keeps_inputs_verdict_and_rule(cast: Cast) -> None:
    ticket = visiting(cast)
    decision = decide(cast, ticket)
    assert (decision.labour, decision.parts, decision.travel, decision.verdict) == ("in_warranty",) * 4
    assert decision.final
    assert decision.inputs["started_on"] == "2025-06-01"
    assert (decision.inputs["reported_on"], decision.inputs["voucher_matches"]) == ("2026-03-04", True)
    assert decision.inputs["months"] == {"labour": 36, "parts": 36, "travel": 36}
    assert decision.inputs["rules"] == ["by_voucher", "within"]
    assert decision.rule_text == (
        "the service voucher decides; the fault was reported within the term; labour till 2028-06-01; "
        "parts till 2028-06-01; travel till 2028-06-01; reported on 2026-03-04"
    )
    assert ticket.events.get(kind="visit.warranty_decided").data["verdict"] == "in_warranty"


@pytest.mark.rule("R11")
def test_terms_of_each_cover_count_on_their_own(cast: Cast) -> None:
    ticket = visiting(cast)
    customers.set_terms("kfr-35gw", warranty_starts="purchase", labour=6, parts=36, travel=0, by=cast.actor("manager"))
    decision = decide(cast, ticket, explanation="travel costs 80", signer_name="王秀英", signature=signature())
    assert (decision.labour, decision.parts, decision.travel) == ("charged", "in_warranty", "charged")
    assert (decision.verdict, decision.signer_name) == ("partly", "王秀英")
    assert bytes(decision.signature or b"").startswith(b"\x89PNG")
    assert decision.inputs["rules"] == ["by_voucher", "within", "over", "not_covered"]


@pytest.mark.rule("R11")
def test_the_barcode_decides_where_no_voucher_is_found(cast: Cast) -> None:
    ticket = visiting(cast)
    Product.objects.update(purchased_on=None, manufactured_on=date(2024, 12, 1))
    decision = decide(cast, ticket, proof="barcode", voucher_number="", barcode="ab124a7f9")
    assert (decision.verdict, decision.inputs["start_from"]) == ("in_warranty", "manufacture")
    assert decision.inputs["barcode_matches"] is True
    assert decision.inputs["rules"] == ["by_barcode", "within"]


@pytest.mark.rule("R28")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"explanation": ""}, "explanation"),
        ({"signer_name": ""}, "signer_name"),
        ({"proof": "paper"}, "proof"),
        ({"proof": "voucher"}, "voucher_number"),
        ({"proof": "barcode"}, "barcode"),
        ({"started": date(2026, 3, 5)}, "started"),
        ({"labour": "partly"}, "labour"),
        ({"travel": "in_warranty"}, "differs_reason"),
        ({"misuse": True}, "misuse_reason"),
        ({"misuse": True, "misuse_reason": "x" * 201}, "misuse_reason"),
        ({"explanation": "x" * 2001}, "explanation"),
        ({"signature": "data:image/png;base64,AAAA"}, "signature"),
    ],
)
def test_what_is_charged_is_explained_and_signed(cast: Cast, changed: dict[str, Any], field: str) -> None:
    ticket = visiting(cast)
    whole = {"proof": "none", "voucher_number": "", "explanation": "no papers", "signer_name": "王秀英"}
    with pytest.raises(Invalid) as refused:
        decide(cast, ticket, **{**whole, **changed})
    assert field in [error[0] for error in refused.value.errors]
    assert left(ticket) == 0
    assert decide(cast, ticket, **whole).verdict == "charged"


@pytest.mark.rule("R11")
def test_an_exclusion_has_a_photograph_or_its_reason(cast: Cast) -> None:
    ticket = visiting(cast)
    charged = {"human_damage": True, "explanation": "water got in", "unsigned_reason": "left the room"}
    with pytest.raises(Invalid):
        decide(cast, ticket, **charged)
    said = decide(cast, ticket, **charged, human_damage_reason="cup of tea")
    assert said.inputs["exclusions"] == {"human_damage": "cup of tea"}
    kept = photograph(cast, ticket)
    shown = decide(cast, ticket, **charged)
    assert shown.inputs["photographs"] == [{"key": str(kept.key), "sha256": kept.sha256}]
    assert (shown.verdict, shown.inputs["rules"], WarrantyDecision.objects.count()) == ("charged", ["excluded"], 1)


@pytest.mark.rule("R11")
def test_refuses_a_serial_that_belongs_to_somebody_else(cast: Cast) -> None:
    ticket = visiting(cast)
    cast.ticket(phone="138 0000 4413", customer_name="李雷", serial="X-9001")
    cast.ticket(customer=ticket.customer, serial="Q-7007")
    for serial, code in (("x9001", "other_customer"), ("Q-7007", "other_product")):
        with pytest.raises(Invalid) as refused:
            decide(cast, ticket, proof="barcode", barcode=serial)
        assert refused.value.errors[0][:2] == ("barcode", code)
    assert left(ticket) == 0


def test_says_that_a_product_is_missing(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting", model=None, serial="")
    with pytest.raises(Invalid) as refused:
        decide(cast, ticket)
    assert refused.value.errors[0][1] == "no_product"


def test_the_same_command_fifty_times_is_one_decision(cast: Cast) -> None:
    ticket = visiting(cast)
    for _once in range(50):
        decide(cast, ticket)
    assert left(ticket) == 1


# ── what differs ───────────────────────────────────────────────────────────────────────────────
DIFFERS = {"travel": "charged", "differs_reason": "island", "explanation": "ferry", "signer_name": "王秀英"}


@pytest.mark.rule("R11")
def test_a_verdict_that_differs_waits_for_its_approver(cast: Cast) -> None:
    supervisor = cast.user("supervisor")
    ticket = visiting(cast)
    decision = decide(cast, ticket, **DIFFERS)
    assert (decision.state, decision.approver, decision.verdict) == ("to_approve", supervisor, "partly")
    event = ticket.events.get(kind="visit.warranty_decided")
    assert event.notices.filter(recipient=supervisor, urgent=True).exists()
    services.approve_warranty(ticket.pk, approve=True, by=cast.actor("supervisor"), at=cast.at + timedelta(hours=4))
    decision.refresh_from_db()
    assert (decision.final, decision.approved, decision.verdict) == (True, True, "partly")
    assert ticket.events.get(kind="visit.warranty_approved").notices.filter(recipient=cast.technician).exists()
    with pytest.raises(NotAllowed) as refused:
        decide(cast, ticket)
    assert refused.value.code == "decided"


@pytest.mark.rule("R11")
def test_the_terms_hold_where_it_is_not_approved(cast: Cast) -> None:
    cast.user("supervisor")
    ticket = visiting(cast)
    decide(cast, ticket, **DIFFERS)
    complete(cast, ticket)
    with pytest.raises(Invalid):
        services.approve_warranty(ticket.pk, approve=False, by=cast.actor("manager"))
    services.approve_warranty(ticket.pk, approve=False, note="no island", by=cast.actor("manager"))
    decision = WarrantyDecision.objects.get()
    assert (decision.travel, decision.verdict, decision.approved) == ("in_warranty", "in_warranty", False)
    with pytest.raises(NotAllowed):
        services.approve_warranty(ticket.pk, approve=True, by=cast.actor("manager"))


def test_is_approved_by_leaders_and_by_somebody_else(cast: Cast) -> None:
    ticket = visiting(cast)
    decide(cast, ticket, **DIFFERS, by=cast.actor("supervisor"))
    for by in (cast.actor("supervisor"), cast.actor("technician"), cast.actor("clerk")):
        with pytest.raises(Forbidden):
            services.approve_warranty(ticket.pk, approve=True, by=by)
    assert not WarrantyDecision.objects.get().final


@pytest.mark.rule("R11")
def test_is_frozen_when_the_visit_has_ended(cast: Cast) -> None:
    ticket = visiting(cast)
    decision = decide(cast, ticket)
    complete(cast, ticket)
    customers.set_terms("kfr-35gw", warranty_starts="purchase", labour=0, parts=0, travel=0, by=cast.actor("manager"))
    with pytest.raises(Refusal):
        decide(cast, ticket, proof="none", explanation="x", signer_name="x")
    decision.refresh_from_db()
    assert (decision.verdict, decision.inputs["months"]["parts"]) == ("in_warranty", 36)


def test_another_visits_page_decides_nothing(cast: Cast) -> None:
    ticket = visiting(cast)
    visit = ticket.visits.get()
    with pytest.raises(Refusal):
        decide(cast, ticket, seen=Seen(visit.pk + 1, visit.version))
    with pytest.raises(Missing):
        decide(cast, ticket, by=cast.actor("technician", "Wang"))
    assert left(ticket) == 0


# ── the page ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R11")
def test_is_decided_on_the_technicians_page(cast: Cast, client: Client) -> None:
    ticket = visiting(cast)
    visit = ticket.visits.get()
    client.force_login(cast.technician)
    path = f"/visits/{visit.pk}/do/decide_warranty/"
    form = {"version": visit.version, "proof": "voucher", "voucher_number": "", "misuse_reason": "kept"}
    page = client.post(path, form)
    assert page.status_code == 422
    assert "Enter the number of the voucher." in page.content.decode()
    assert 'value="kept"' in page.content.decode()
    done = client.post(path, {**form, "voucher_number": "FP-0001"})
    assert done["Location"] == f"/visits/{visit.pk}/#decide_warranty"
    html = client.get(f"/visits/{visit.pk}/").content.decode()
    assert "the service voucher decides" in html
    assert "Decide anew" in html
    story = client.get(f"/tickets/{ticket.number}/").content.decode()
    assert "decided the warranty: in warranty" in story
