"""What the cards of kit, parts, charges, workshop, interruption and conduct show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.accounts.actors import Actor
from aftersales.core.templatetags.ui import moment
from tickets.forms import LOCAL
from tickets.verbs import available
from visits.cards import Line
from visits.forms_charge import AnnounceForm, CollectForm
from visits.forms_parts import NeedPartForm, SerialForm, UsePartForm
from visits.forms_work import CallForm, ConductForm, InterruptForm, KitForm, WorkshopForm, initial_of_checklist
from visits.models import Checklist, Interruption, Part, Visit
from visits.services import charge as charging
from visits.services import kit as kits
from visits.states import ACTIVE, CallPurpose, VisitState
from visits.states_work import ChargeState, ChecklistKind
from visits.templatetags.money import money

_BEFORE = (VisitState.PLANNED, VisitState.EN_ROUTE)


def kit(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """The call before leaving, the parts to bring, the kit check (R21)."""
    if visit.state == VisitState.CANCELLED:
        return None
    calls = [call for call in visit.calls.order_by("-at")[:20] if call.purpose == CallPurpose.BEFORE_LEAVING]
    check = _check(visit, ChecklistKind.KIT)
    before = visit.state in _BEFORE
    if not before and not calls and check is None:
        return None
    done = check is not None and not check.missing and any(call.reached for call in calls)
    return {
        "before": before,
        "calls": calls,
        "check": check,
        "line": Line(_checked(check, _("kit complete")), done=done, due=visit.state == VisitState.PLANNED and not done),
        "needed": kits.needed(visit) if before else [],
        "call_form": CallForm(auto_id="call_%s"),
        "kit_form": KitForm(auto_id="kit_%s", initial=initial_of_checklist(check.answers) if check else None),
        "need_form": NeedPartForm(auto_id="need_%s"),
    }


def charges(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """What it costs, who agreed, and the receipt (R15)."""
    found = charging.of_visit(visit)
    at_work = visit.state == VisitState.ON_SITE
    if not found and not at_work:
        return None
    open_charge = next((charge for charge in found if charge.state == ChargeState.ANNOUNCED), None)
    verbs = {verb.name for verb in available(visit.ticket, actor)}
    chargeable = charging.chargeable(visit)
    return {
        "charges": found,
        "open": open_charge,
        "chargeable": chargeable,
        "line": Line(
            f"{money(found[0].total, found[0].currency)} · {found[0].state_word.label}"
            if found
            else (_("nothing is charged") if chargeable is False else _("none announced")),
            done=bool(found),
            due=at_work and bool(chargeable) and not found,
        ),
        "may_announce": at_work
        and "announce_charges" in verbs
        and not any(charge.state == ChargeState.COLLECTED for charge in found),
        "may_collect": open_charge is not None and "collect_charge" in verbs,
        "announce_form": AnnounceForm(auto_id="charge_%s", initial={"lines": _lines(open_charge)}),
        "collect_form": CollectForm(
            auto_id="collect_%s", initial={"amount": open_charge.total if open_charge else None}
        ),
    }


def _lines(charge: Any) -> list[dict[str, Any]]:
    return [{"code": line.code, "quantity": line.quantity} for line in charge.lines.all()] if charge else []


def parts(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """Parts put in, old ones owed, numbers that changed; what lies in the van comes first (R35)."""
    uses = list(visit.part_uses.select_related("part").order_by("pk"))
    at_work = visit.state == VisitState.ON_SITE
    if not uses and not at_work:
        return None
    pieces = sum(use.quantity for use in uses)
    form = UsePartForm(auto_id="part_%s")
    field = form.fields["part"]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = Part.objects.filter(
        active=True, van_stock__technician=visit.technician_id, van_stock__quantity__gt=0
    ).order_by("number")
    return {
        "at_work": at_work,
        "uses": uses,
        "line": Line(
            ngettext("%(count)d part", "%(count)d parts", pieces) % {"count": pieces} if pieces else _("none")
        ),
        "use_form": form,
        "serial_form": SerialForm(auto_id="serial_%s"),
    }


def workshop(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """What was taken along, with its label (R29)."""
    items = list(visit.workshop_items.order_by("pk"))
    at_work = visit.state == VisitState.ON_SITE
    if not items and not at_work:
        return None
    return {
        "at_work": at_work,
        "items": items,
        "line": Line(
            pgettext("between the things of a list", ", ").join(item.what for item in items) or _("nothing taken along")
        ),
        "form": WorkshopForm(auto_id="workshop_%s", initial={"agreed_by": visit.ticket.customer.name}),
    }


def interruption(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """Work that stopped: until when, and the button to go on (R26)."""
    pauses = list(visit.interruptions.select_related("continued_by"))
    before = Interruption.objects.filter(continued_by=visit).select_related("visit").first()
    if visit.state not in ACTIVE and not pauses and before is None:
        return None
    if visit.state in _BEFORE and before is None:
        return None
    interrupted = visit.state == VisitState.INTERRUPTED
    soon = timezone.localtime() + timedelta(hours=1)
    return {
        "pauses": pauses,
        "line": Line(
            _("since %(time)s") % {"time": moment(pauses[-1].at)} if interrupted and pauses else "",
            urgent=interrupted,
        ),
        "continues": before,
        "at_work": visit.state == VisitState.ON_SITE,
        "interrupted": interrupted,
        "form": InterruptForm(auto_id="interrupt_%s", initial={"resume_at": soon.replace(minute=0).strftime(LOCAL)}),
    }


def conduct(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """How the technician behaved, before the customer signs (R31)."""
    check = _check(visit, ChecklistKind.CONDUCT)
    at_work = visit.state == VisitState.ON_SITE
    if check is None and not at_work:
        return None
    return {
        "at_work": at_work,
        "check": check,
        "line": Line(
            _checked(check, _("all done")), done=check is not None and not check.missing, due=at_work and check is None
        ),
        "form": ConductForm(auto_id="conduct_%s", initial=initial_of_checklist(check.answers) if check else None),
    }


def _checked(check: Checklist | None, complete: str) -> str:
    if check is None:
        return _("to do")
    return _("something is missing") if check.missing else complete


def _check(visit: Visit, kind: ChecklistKind) -> Checklist | None:
    return next((check for check in visit.checklists.all() if check.kind == kind), None)
