"""Deciding a warranty at the customer's, and the approval of a verdict that differs from the terms (R11, R28)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.models import Product, ProductModel
from aftersales.customers.warranty import Cover, months_of, started_on
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import Visit, WarrantyDecision
from visits.services import paper
from visits.services.dispatch import Seen, open_visit
from visits.services.visit import read_signature
from visits.states_warranty import DecisionState, Exclusion, Outcome, Proof, Purpose, Rule
from visits.warranty import Inputs, Verdict, decide, overall

LONGEST = {"voucher_number": 60, "barcode": 60, "differs_reason": 300, "signer_name": 80, "unsigned_reason": 200}
LONGEST_EXPLANATION = 2000
LONGEST_REASON = 200


@transaction.atomic
def decide_warranty(
    ticket_id: int,
    *,
    proof: str,
    voucher_number: str = "",
    barcode: str = "",
    started: date | None = None,
    human_damage: bool = False,
    human_damage_reason: str = "",
    force_majeure: bool = False,
    force_majeure_reason: str = "",
    misuse: bool = False,
    misuse_reason: str = "",
    modification: bool = False,
    modification_reason: str = "",
    labour: str = "",
    parts: str = "",
    travel: str = "",
    differs_reason: str = "",
    explanation: str = "",
    signer_name: str = "",
    signature: str = "",
    unsigned_reason: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Record what was found, the verdict on labour, parts and travel, and its rule; what is charged is signed.

    A cover left empty takes the computed outcome. A verdict that differs from it gives its reason and waits for an
    approver. Until then, and until the visit ends, it can be decided anew; the latest holds.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "decide_warranty", by)
    visit = open_visit(ticket, seen=seen)
    known = WarrantyDecision.objects.filter(visit=visit).first()
    if known is not None and known.approved_at is not None:
        raise NotAllowed(_("A leader has decided on this warranty; it stays as it is."), code="decided", rule="R11")
    product = _product(ticket)
    texts = {
        "voucher_number": clean_line(voucher_number),
        "barcode": clean_line(barcode),
        "differs_reason": clean_line(differs_reason),
        "signer_name": clean_line(signer_name),
        "unsigned_reason": clean_line(unsigned_reason),
    }
    for field, most in LONGEST.items():
        if len(texts[field]) > most:
            raise Invalid(_("At most %(max)s characters.") % {"max": most}, code="too_long", field=field)
    explanation = clean_text(explanation)
    if len(explanation) > LONGEST_EXPLANATION:
        raise Invalid(
            _("At most %(max)s characters.") % {"max": LONGEST_EXPLANATION}, code="too_long", field="explanation"
        )
    found = {
        Exclusion.HUMAN_DAMAGE: (human_damage, human_damage_reason),
        Exclusion.FORCE_MAJEURE: (force_majeure, force_majeure_reason),
        Exclusion.MISUSE: (misuse, misuse_reason),
        Exclusion.MODIFICATION: (modification, modification_reason),
    }
    exclusions = {code: clean_line(reason) for code, (is_so, reason) in found.items() if is_so}
    photographs = _evidence(visit, exclusions)
    inputs, sources = _inputs(ticket, product, proof, texts, started, exclusions)
    verdict = decide(inputs)
    covers = _chosen(verdict, {Cover.LABOUR: labour, Cover.PARTS: parts, Cover.TRAVEL: travel})
    differs = covers != verdict.covers
    word = overall(covers)
    _check(word, differs, texts, explanation, signature)
    drawn = read_signature(signature) if signature else None
    frozen = {
        **sources,
        "exclusions": {code.value: reason for code, reason in exclusions.items()},
        "photographs": photographs,
        "months": {cover.value: months for cover, months in inputs.months.items()},
        "ends": {cover.value: day and day.isoformat() for cover, day in verdict.ends.items()},
        "computed": {cover.value: outcome.value for cover, outcome in verdict.covers.items()},
        "rules": [rule.value for rule in verdict.rules],
    }
    approver = next(iter(notices.supervisor_of(ticket)), None) if differs else None
    decision = WarrantyDecision(
        visit=visit,
        inputs=frozen,
        labour=covers[Cover.LABOUR],
        parts=covers[Cover.PARTS],
        travel=covers[Cover.TRAVEL],
        verdict=word,
        rule_text=rule_words(verdict, inputs),
        differs_reason=texts["differs_reason"] if differs else "",
        explanation=explanation,
        signer_name=texts["signer_name"],
        signature=drawn,
        unsigned_reason=texts["unsigned_reason"],
        state=DecisionState.TO_APPROVE if differs else DecisionState.FINAL,
        decided_by=by.user,
        decided_at=at,
        approver=approver,
    )
    if known is not None and _same(known, decision):
        return ticket  # the same command again
    decision.pk = known.pk if known is not None else None
    decision.save()
    event = timeline.record(
        ticket,
        EventKind.WARRANTY_DECIDED,
        at=at,
        by=by,
        visit=visit.pk,
        verdict=word.value,
        differs=differs,
        approver=approver.name if approver else "",
        note=texts["differs_reason"] if differs else decision.rule_text,
    )
    if differs:
        notices.post(event, to=[approver, *notices.supervisor_of(ticket)], at=at, urgent=True)
    return ticket


@transaction.atomic
def approve_warranty(
    ticket_id: int,
    *,
    approve: bool,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Let a technician's differing verdict stand, or put the computed one in its place with the reason."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "approve_warranty", by)
    decision = (
        WarrantyDecision.objects.select_for_update(of=("self",))
        .select_related("visit__technician", "decided_by")
        .filter(visit__ticket=ticket, state=DecisionState.TO_APPROVE)
        .order_by("decided_at")[0]
    )
    if by.user is not None and decision.decided_by_id == by.user.pk:
        raise Forbidden(_("Somebody else approves what you decided."), code="own_decision", rule="R11")
    note = clean_line(note)
    if len(note) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="note")
    if not approve and not note:
        raise Invalid(_("Say why the technician's verdict does not stand."), code="required", field="note")
    if not approve:
        computed = {cover: Outcome(decision.inputs["computed"][cover.value]) for cover in Cover}
        decision.labour, decision.parts, decision.travel = (computed[cover] for cover in Cover)
        decision.verdict = overall(computed)
    decision.state = DecisionState.FINAL
    decision.approved, decision.approved_by, decision.approved_at = approve, by.user, at
    decision.approval_note = note
    decision.save()
    event = timeline.record(
        ticket,
        EventKind.WARRANTY_APPROVED,
        at=at,
        by=by,
        visit=decision.visit_id,
        approved=approve,
        verdict=decision.verdict,
        note=note,
    )
    notices.post(event, to=[decision.visit.technician, decision.decided_by, ticket.owner], at=at, urgent=True)
    paper.changed(decision.visit_id, by=by, at=at)
    return ticket


def waits_for_approval(ticket: Ticket) -> bool:
    """Whether a verdict of this ticket waits for a leader."""
    return WarrantyDecision.objects.filter(visit__ticket=ticket, state=DecisionState.TO_APPROVE).exists()


def rule_words(verdict: Verdict, inputs: Inputs) -> str:
    """The rule in sentences, as it is kept and printed."""
    words = [str(rule.label) for rule in verdict.rules]
    if Rule.EXCLUDED in verdict.rules:
        words += [str(one.label) for one in Exclusion if one in inputs.exclusions]
    if inputs.started_on is not None:
        for cover, day in verdict.ends.items():
            if day is not None:
                last = {"cover": cover.label, "day": date_format(day, "Y-m-d")}
                words.append(_("%(cover)s till %(day)s") % last)
    words.append(_("reported on %(day)s") % {"day": date_format(inputs.on, "Y-m-d")})
    return "; ".join(words)


# ── what it rests on ───────────────────────────────────────────────────────────────────────────
def _product(ticket: Ticket) -> Product:
    if ticket.product_id is None:
        raise Invalid(
            _("The ticket names no product, so there are no terms: have the desk add it to the customer's file first."),
            code="no_product",
            field="barcode",
        )
    return Product.objects.select_related("model").get(pk=ticket.product_id)


def _evidence(visit: Visit, exclusions: dict[Exclusion, str]) -> list[dict[str, str]]:
    """The photographs of damage; an exclusion without any gives its reason in words."""
    found = [
        {"key": str(key), "sha256": digest}
        for key, digest in visit.photographs.filter(purpose=Purpose.DAMAGE).values_list("key", "sha256")
    ]
    errors = []
    for code, reason in exclusions.items():
        field = f"{code.value}_reason"
        if len(reason) > LONGEST_REASON:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": LONGEST_REASON}))
        if not reason and not found:
            errors.append((field, "no_evidence", _("Take a photograph of the damage, or write what shows it.")))
    if errors:
        raise Invalid(errors=errors)
    return found if exclusions else []


def _inputs(
    ticket: Ticket,
    product: Product,
    proof: str,
    texts: dict[str, str],
    started: date | None,
    exclusions: dict[Exclusion, str],
) -> tuple[Inputs, dict[str, Any]]:
    """What is judged, and where it comes from."""
    if proof not in Proof.values:
        raise Invalid(_("Say whether voucher or barcode was found."), code="required", field="proof")
    zone = ZoneInfo(ticket.site.region.zone) if ticket.site else timezone.get_default_timezone()
    reported = timezone.localdate(ticket.received_at, zone)
    if proof == Proof.VOUCHER and not texts["voucher_number"]:
        raise Invalid(_("Enter the number of the voucher."), code="required", field="voucher_number")
    if proof == Proof.BARCODE and not texts["barcode"]:
        raise Invalid(_("Scan or type the barcode."), code="required", field="barcode")
    owner = _owner_of(texts["barcode"], product)
    if started is not None and started > reported:
        raise Invalid(_("This day is after the customer's request."), code="future", field="started")
    start, source = started, "entered"
    if start is None:
        start, source = started_on(product), "product"
    if start is None and proof == Proof.BARCODE:
        start, source = product.manufactured_on, "manufacture"  # a part without papers counts from its making
    if start is not None and start > reported:
        start, source = None, ""
    inputs = Inputs(reported, Proof(proof), start, months_of(product.model), frozenset(exclusions))
    return inputs, {
        "proof": proof,
        "voucher_number": texts["voucher_number"],
        "voucher_matches": _same_text(texts["voucher_number"], product.voucher_number),
        "barcode": texts["barcode"],
        "barcode_matches": owner,
        "product": product.pk,
        "serial": product.serial,
        "model": product.model.code,
        "warranty_starts": ProductModel.Starts(product.model.warranty_starts).value,
        "started_on": start and start.isoformat(),
        "start_from": source if start else "",
        "reported_on": reported.isoformat(),
    }


def _owner_of(barcode: str, product: Product) -> bool | None:
    """Whether the barcode is this product's; None where it is nobody's that we know (a part). Raises Invalid."""
    key = Product.key(barcode)
    if not key:
        return None
    if key == product.serial_key:
        return True
    owners = list(Product.objects.filter(serial_key=key).values_list("customer_id", flat=True)[:50])
    if product.customer_id in owners:
        raise Invalid(
            _("This barcode is another product of the customer: the ticket is about %(serial)s.")
            % {"serial": product.serial or product.model.name},
            code="other_product",
            field="barcode",
            rule="R11",
        )
    if owners:
        raise Invalid(
            _("This serial number belongs to another customer's product. Look at the plate again, or call the desk."),
            code="other_customer",
            field="barcode",
            rule="R11",
        )
    return None


def _same_text(typed: str, known: str) -> bool | None:
    return Product.key(typed) == Product.key(known) if typed and known else None


def _chosen(verdict: Verdict, given: dict[Cover, str]) -> dict[Cover, Outcome]:
    chosen = {}
    for cover, word in given.items():
        if word not in ("", Outcome.IN_WARRANTY, Outcome.CHARGED):
            raise Invalid(_("In warranty or charged."), code="invalid_choice", field=cover.value)
        chosen[cover] = Outcome(word) if word else verdict.covers[cover]
    return chosen


def _check(word: Outcome, differs: bool, texts: dict[str, str], explanation: str, signature: str) -> None:
    errors = []
    if differs and not texts["differs_reason"]:
        errors.append(
            ("differs_reason", "required", _("The terms say otherwise: write why. A leader is asked to approve it."))
        )
    if word != Outcome.IN_WARRANTY:  # R28: explained, noted, signed
        if not explanation:
            errors.append(("explanation", "required", _("Write what was explained to the customer, and why it costs.")))
        if not texts["signer_name"] and not texts["unsigned_reason"]:
            errors.append(("signer_name", "required", _("The customer signs for what is charged, or write why not.")))
    if signature and not texts["signer_name"]:
        errors.append(("signer_name", "required", _("Write the name of who signs.")))
    if errors:
        raise Invalid(errors=errors, rule="R28" if word != Outcome.IN_WARRANTY else "R11")


_COMPARED = (
    "inputs", "labour", "parts", "travel", "differs_reason", "explanation", "signer_name", "unsigned_reason", "state",
)  # fmt: skip


def _same(known: WarrantyDecision, new: WarrantyDecision) -> bool:
    def signature(one: WarrantyDecision) -> bytes:
        return bytes(one.signature or b"")

    return all(getattr(known, name) == getattr(new, name) for name in _COMPARED) and signature(known) == signature(new)
