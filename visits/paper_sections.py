"""What each noun of a visit tells on the service sheet: consent, warranty, plan, parts, charges, workshop, photographs.

Stored words stay codes ("in_warranty"): a sheet is printed in two languages, and compared by value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from visits import papers
from visits.models import Consent, RepairPlan, Visit, WarrantyDecision
from visits.paper_facts import layout, moment, zone_of
from visits.paper_words import Labels
from visits.papers import Picture, Section
from visits.section_words import SECTION_WORDS
from visits.services import charge as charging
from visits.states_work import ChecklistKind

Data = dict[str, Any]
COVERS = ("labour", "parts", "travel")


def enter() -> None:
    """Enter the sections; called once when the house starts."""
    for section in (
        Section("consent", 20, "visits/papers/sections/consent.html", consent, SECTION_WORDS),
        Section("warranty", 30, "visits/papers/sections/warranty.html", warranty, SECTION_WORDS),
        Section("plan", 35, "visits/papers/sections/plan.html", plan, SECTION_WORDS),
        Section("parts", 40, "visits/papers/sections/parts.html", parts, SECTION_WORDS),
        Section("workshop", 45, "visits/papers/sections/workshop.html", workshop, SECTION_WORDS),
        Section("charges", 50, "visits/papers/sections/charges.html", charges, SECTION_WORDS),
        Section("conduct", 60, "visits/papers/sections/conduct.html", conduct, SECTION_WORDS),
        Section("photographs", 70, "visits/papers/sections/photographs.html", photographs, SECTION_WORDS, pictures),
    ):
        papers.sections.add(section)


def consent(visit: Visit) -> Data | None:
    """What was looked at before the work, and the customer's yes or no (R27)."""
    known: Consent | None = getattr(visit, "consent", None)
    if known is None:
        return None
    return {
        "voucher_seen": _yes(known.voucher_seen),
        "parts_complete": _yes(known.parts_complete),
        "damage_traces": _yes(known.human_damage),
        "mismatch": known.mismatch,
        "agreed": _yes(known.agreed),
        "countersigned": known.signer_name,
        "signature": _digest(known.signature),
        "consent_at": moment(known.recorded_at, zone_of(visit.ticket)),
    }


def warranty(visit: Visit) -> Data | None:
    """The verdict with its rule and terms, what is excluded, and who stands for it (R11, R28)."""
    known: WarrantyDecision | None = getattr(visit, "warranty_decision", None)
    if known is None:
        return None
    zone, inputs = zone_of(visit.ticket), known.inputs
    approval = "waits" if not known.final else "" if known.approved is None else _yes(known.approved)
    return {
        "verdict": known.verdict,
        **{cover: getattr(known, cover) for cover in COVERS},
        **{f"{cover}_until": (inputs.get("ends") or {}).get(cover) or "" for cover in COVERS},
        "proof": inputs["proof"],
        "proof_number": inputs.get("voucher_number") if inputs["proof"] == "voucher" else inputs.get("barcode"),
        "counts_from": inputs.get("started_on") or "",
        "reported": inputs.get("reported_on") or "",
        "rules": inputs["rules"],
        "exclusions": {code: reason or "✓" for code, reason in inputs["exclusions"].items()},
        "differs": known.differs_reason,
        "explained": known.explanation,
        "explained_signer": known.signer_name,
        "explained_unsigned": known.unsigned_reason,
        "signature": _digest(known.signature),
        "decided_by": known.decided_by.name if known.decided_by else "",
        "decided_at": moment(known.decided_at, zone),
        "approval": approval,
        "approved_by": known.approved_by.name if known.approved_by else "",
        "approval_note": known.approval_note,
    }


def plan(visit: Visit) -> Data | None:
    """The repair plan and the customer's answer to it (R30)."""
    known: RepairPlan | None = getattr(visit, "repair_plan", None)
    if known is None:
        return None
    return {
        "plan_state": known.state,
        "plan_what": known.what,
        "estimate": "" if known.estimate is None else str(known.estimate),
        "confirmed_by": known.customer_name,
        "signature": _digest(known.signature),
        "answered": moment(known.answered_at, zone_of(visit.ticket)),
        "dispute": known.dispute_reason,
        "decision": known.decision_reason,
        "decided_by": known.decided_by.name if known.decided_by else "",
    }


def parts(visit: Visit) -> Data | None:
    """Parts put in, with the serial numbers, and where the old ones go (R29, R35)."""
    rows = [
        {
            "part": str(use.part),
            "quantity": use.quantity,
            "old_serial": use.old_serial,
            "new_serial": use.new_serial,
            "old_part": "owed" if use.owed else "left" if use.old_left else "",
            "old_reason": use.old_left,
        }
        for use in visit.part_uses.select_related("part").order_by("pk")
    ]
    return {"parts_used": rows} if rows else None


def workshop(visit: Visit) -> Data | None:
    """What was taken along, in which condition, with whose consent (R29); where it is now is told elsewhere."""
    zone = zone_of(visit.ticket)
    rows = [
        {
            "item_number": item.number,
            "item_what": item.what,
            "condition": item.condition,
            "agreed_by": item.agreed_by,
            "taken_at": moment(item.taken_at, zone),
        }
        for item in visit.workshop_items.order_by("pk")
    ]
    return {"workshop": rows} if rows else None


def charges(visit: Visit) -> Data | None:
    """What the work costs, who agreed, and how it was paid (R15): one charge of a visit holds."""
    found = charging.of_visit(visit)
    if not found:
        return None
    charge, zone = found[-1], zone_of(visit.ticket)
    receipt = getattr(charge, "receipt", None)
    paid = {
        "received": str(receipt.amount),
        "method": receipt.method,
        "receipt": receipt.number,
        "received_at": moment(receipt.at, zone),
        "holder": receipt.holder.name,
        "explanation": receipt.explanation,
    } if receipt else {}  # fmt: skip
    return {
        "currency": charge.currency,
        "lines": [
            {
                "code": line.code,
                "item": line.name,
                "quantity": line.quantity,
                "unit": str(line.unit),
                "amount": str(line.amount),
            }
            for line in charge.lines.all()
        ],
        "announced": str(charge.total),
        "agreed_by": charge.agreed_by,
        "agreed_at": moment(charge.announced_at, zone),
        **paid,
    }


def conduct(visit: Visit) -> Data | None:
    """How the technician behaved, tested and instructed (R31); of what was not done: why."""
    check = visit.checklists.filter(kind=ChecklistKind.CONDUCT).first()
    return {"conduct": {item: reason or "✓" for item, reason in check.answers.items()}} if check else None


def photographs(visit: Visit) -> Data | None:
    """How many pictures are not printed."""
    more = visit.photographs.count() - papers.MOST_PICTURES
    return {"more_pictures": more} if more > 0 else None


def pictures(visit: Visit) -> Iterator[Picture]:
    """The visit's photographs, captions in the language that comes first."""
    language = layout(visit.ticket)
    labels = Labels(language.endswith("Hant"), language.startswith("en"), SECTION_WORDS)
    for one in visit.photographs.order_by("pk"):
        purpose = labels.first(SECTION_WORDS[f"purpose_{one.purpose}"])
        yield Picture(" · ".join(filter(None, [purpose, one.caption])), one.sha256, "image/jpeg", _reader(one.file))


def _reader(file: Any) -> Any:
    def read() -> bytes:
        with file.open("rb") as opened:
            content: bytes = opened.read()
        return content

    return read


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _digest(signature: Any) -> str:
    return hashlib.sha256(bytes(signature)).hexdigest() if signature else ""
