"""What the technician's page shows of photographs, consent, warranty, findings, repair plan and major failure."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import LEADERS
from aftersales.core.time import now
from aftersales.customers import selectors as customers
from visits.cards import Line
from visits.forms_failure import FailureForm
from visits.forms_finding import ConsentForm, FindingForm
from visits.forms_photograph import PhotographForm
from visits.forms_plan import ConfirmForm, DisputeForm, PlanForm
from visits.forms_warranty import WarrantyForm
from visits.models import Consent, RepairPlan, RepeatRepair, Visit, WarrantyDecision
from visits.services.finding import codes_for
from visits.services.photograph import MOST
from visits.services.plan import TO_ANSWER
from visits.states import ACTIVE, VisitState
from visits.states_warranty import DecisionState, Exclusion, PlanState


def photographs(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """The pictures of the visit, and the form while it goes on."""
    found = list(visit.photographs.all())
    goes_on = visit.state in ACTIVE
    if not found and (not goes_on or visit.state == VisitState.PLANNED):
        return None
    room = goes_on and len(found) < MOST
    return {
        "photographs": found,
        "form": PhotographForm() if room else None,
        "full": goes_on and not room,
        "line": Line(),
    }


def _works(visit: Visit) -> bool:
    """Whether the work goes on: the technician is there, and the customer has not said no (R27)."""
    known: Consent | None = getattr(visit, "consent", None)
    return visit.state == VisitState.ON_SITE and (known is None or known.agreed)


def warranty(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """The decision as it stands, what the terms say, and the form while the visit goes on."""
    decision: WarrantyDecision | None = getattr(visit, "warranty_decision", None)
    at_the_site = visit.state == VisitState.ON_SITE
    product = visit.ticket.product
    if decision is None and not at_the_site:
        return None
    return {
        "decision": decision,
        "exclusions": _exclusions(decision) if decision else [],
        "may_approve": decision is not None
        and not decision.final
        and actor.may(LEADERS)
        and (actor.user is None or decision.decided_by_id != actor.user.pk),
        "product": product,
        "terms": customers.warranty(product, at=now()) if product else None,
        "form": WarrantyForm(initial=_before(decision)) if at_the_site and product else None,
        "open": decision is None or decision.approved_at is None,
        "line": Line(
            _verdict(decision) if decision else _("not decided yet"),
            done=decision is not None and decision.final,
            due=decision is None and product is not None and _works(visit),
        ),
    }


def _verdict(decision: WarrantyDecision) -> str:
    verdict = str(decision.verdict_word.label)
    return verdict if decision.final else f"{verdict} · {DecisionState.TO_APPROVE.label}"


def _exclusions(decision: WarrantyDecision) -> list[tuple[Exclusion, str]]:
    found = decision.inputs["exclusions"]
    return [(code, found[code.value]) for code in Exclusion if code.value in found]


def _before(decision: WarrantyDecision | None) -> dict[str, Any]:
    """What was entered before, to be corrected."""
    if decision is None:
        return {}
    inputs = decision.inputs
    found = inputs["exclusions"]
    return {
        "proof": inputs["proof"],
        "voucher_number": inputs["voucher_number"],
        "barcode": inputs["barcode"],
        "started": inputs["started_on"] if inputs["start_from"] == "entered" else None,
        **{code.value: code.value in found for code in Exclusion},
        **{f"{code.value}_reason": found.get(code.value, "") for code in Exclusion},
        **{
            cover: getattr(decision, cover)
            for cover in ("labour", "parts", "travel")
            if getattr(decision, cover) != inputs["computed"][cover]
        },
        "differs_reason": decision.differs_reason,
        "explanation": decision.explanation,
        "signer_name": decision.signer_name,
        "unsigned_reason": decision.unsigned_reason,
    }


def consent(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """What was looked at and the customer's answer; after the visit also that nothing was recorded."""
    known: Consent | None = getattr(visit, "consent", None)
    at_the_site = visit.state == VisitState.ON_SITE
    if known is None and not at_the_site and visit.state not in (VisitState.COMPLETED, VisitState.NOT_SOLVED):
        return None
    names = ("voucher_seen", "parts_complete", "human_damage", "agreed")
    initial: dict[str, Any] = {}
    if known is not None:
        initial = {name: str(getattr(known, name)).lower() for name in names}
        initial |= {"mismatch": known.mismatch, "signer_name": known.signer_name}
    return {
        "consent": known,
        "form": ConsentForm(initial=initial) if at_the_site else None,
        "words": f"{_('yes')},{_('no')}",
        "line": Line(
            str(known) if known else _("not recorded"), done=known is not None and known.agreed, due=known is None
        ),
    }


def findings(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """What was found, and the form with the codes of the product's line while the visit goes on."""
    at_the_site = visit.state == VisitState.ON_SITE
    found = list(visit.findings.select_related("code").prefetch_related("photographs"))
    if not found and not at_the_site:
        return None
    codes = list(codes_for(visit.ticket)) if at_the_site else []
    return {
        "findings": found,
        "codes": codes,
        "line": Line(
            pgettext("between the things of a list", ", ").join(one.code.name for one in found) or _("none yet"),
            done=bool(found),
            due=not found and bool(codes) and _works(visit),
        ),
        "photographs": list(visit.photographs.all()) if at_the_site else [],
        "form": FindingForm() if at_the_site else None,
    }


def plan(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """The repair plan, where it stands, and what may be said to it now."""
    known: RepairPlan | None = getattr(visit, "repair_plan", None)
    at_the_site = visit.state == VisitState.ON_SITE
    if known is None and not at_the_site:
        return None
    disputed = known is not None and known.state == PlanState.DISPUTED
    to_answer = at_the_site and known is not None and known.state in TO_ANSWER
    return {
        "plan": known,
        "to_answer": to_answer,
        "line": Line(
            str(known.state_word.label) if known else _("none yet"),
            done=known is not None and known.state == PlanState.CONFIRMED,
            due=to_answer or (known is None and _works(visit)),
            urgent=disputed and at_the_site,
        ),
        "may_decide": disputed and actor.may(LEADERS),
        "form": PlanForm() if at_the_site and not disputed else None,
        "confirm": ConfirmForm(),
        "dispute": DisputeForm(),
    }


def repeat(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """The visit that this one repeats (R17)."""
    row = (
        RepeatRepair.objects.filter(ticket=visit.ticket_id)
        .select_related("earlier__technician", "earlier__ticket", "code")
        .first()
    )
    return None if row is None or row.earlier_id == visit.pk else {"earlier": row.earlier, "code": row.code}


def failure(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """Major failures of the ticket, and the report while the visit goes on."""
    found = list(visit.ticket.major_failures.order_by("-id")[:5])
    goes_on = visit.state in (VisitState.EN_ROUTE, VisitState.ON_SITE)
    if not found and not goes_on:
        return None
    site = visit.ticket.site
    return {
        "failures": found,
        "line": Line(pgettext("between the things of a list", ", ").join(one.number for one in found)),
        "form": FailureForm(initial={"occurred_at": now(), "place": site.address[:200] if site else ""}),
    }
