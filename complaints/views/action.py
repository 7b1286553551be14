"""Corrective actions: the list by due time, one with its steps and checks, and opening one (R49, R85)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import User
from aftersales.accounts.roles import DESK, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from aftersales.customers.models import ProductModel
from complaints import selectors_action as selectors
from complaints.acting import HANDLERS
from complaints.forms_action import ActionForm, CauseStepForm, CheckForm, OwnerForm, StepForm
from complaints.models import ActionStep, Complaint, CorrectiveAction, EffectivenessCheck
from complaints.services import action as services
from complaints.services import action_check, action_paper
from complaints.states import Cause
from complaints.states_action import CHECK_OPENS, ActionState, Discipline
from tickets.models import Ticket
from visits.states import SheetState
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 40
READERS = DESK | {Role.ARCHIVIST, Role.TECHNICIAN}


@dataclass
class Step:
    """One discipline as the page shows it."""

    discipline: Discipline
    now: ActionStep | None = None
    before: list[ActionStep] = field(default_factory=list)  # what stood there, the newest first
    form: forms.Form | None = None
    is_next: bool = False
    open: bool = False


@staff_page(*READERS)
@require_safe
def actions(request: HttpRequest) -> HttpResponse:
    """Actions under way by what is due next, or those closed."""
    actor = Actor.of(request)
    closed, mine = request.GET.get("show") == "closed", request.GET.get("mine") == "1"
    model, cause = request.GET.get("model", ""), request.GET.get("cause", "")
    if cause not in Cause.values:
        cause = ""
    rows = selectors.actions(actor, closed=closed, mine=mine, model=model[:40], cause=cause)
    params = {"show": "closed" if closed else "", "mine": "1" if mine else "", "model": model, "cause": cause}
    page = keyset.page(
        rows,
        selectors.NEWEST if closed else selectors.BY_DUE,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params=params,
    )
    context = {
        "page": page,
        "closed": closed,
        "mine": mine,
        "model": model,
        "cause": cause,
        "models": ProductModel.objects.order_by("code"),
        "causes": Cause.choices,
        "may_open": person(request).role in HANDLERS,
    }
    return render(request, "complaints/actions.html", context)


@staff_page(*HANDLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def action_new(request: HttpRequest) -> HttpResponse:
    """Open an action: from the complaint that the address names, or for a model or part and what shows it."""
    actor = Actor.of(request)
    complaint = _complaint(request, actor)
    posted = request.POST if request.method == "POST" else None
    form = ActionForm(posted, initial=_initial(complaint, person(request), request))
    status = 200
    if posted is not None:
        status = 422
        if form.is_valid():
            try:
                if complaint is None:
                    made = services.open_for_thing(**form.cleaned_data, by=actor)
                else:
                    made = services.open_action(complaint.pk, **form.cleaned_data, by=actor)
            except Missing as error:
                raise Http404 from error
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(
                    request, reverse("action", args=[made.pk]), _("%(number)s is open.") % {"number": made.number}
                )
    return render(request, "complaints/action_new.html", {"form": form, "complaint": complaint}, status=status)


@staff_page(*READERS)
@require_safe
def action(request: HttpRequest, action_id: int) -> HttpResponse:
    """One action: its steps, the complaints behind it, the checks."""
    return _page(request, _found(request, action_id))


@staff_page(*READERS)
@sent_to(lambda action_id, discipline: reverse("action", args=[action_id]))
def step(request: HttpRequest, action_id: int, discipline: int) -> HttpResponse:
    """Do a step or correct it."""
    found = _found(request, action_id)
    if discipline not in Discipline.values:
        raise Http404
    form = _form_of(discipline)(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.write_step(
                found.pk,
                discipline=discipline,
                **form.cleaned_data,
                by=Actor.of(request),
                version=version(request),
            )
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("action", args=[found.pk]), _("The step is kept."))
    return _page(request, _found(request, action_id), refused=(f"step-{discipline}", form), status=status)


@staff_page(*HANDLERS)
@sent_to(lambda action_id, days: reverse("action", args=[action_id]))
def check(request: HttpRequest, action_id: int, days: int) -> HttpResponse:
    """Record whether it helped."""
    found = _found(request, action_id)
    form = CheckForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            action_check.record_check(
                found.pk, days=days, **form.cleaned_data, by=Actor.of(request), version=version(request)
            )
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            again = not form.cleaned_data["effective"]
            message = _("Not effective: the action is open again.") if again else _("The check is kept.")
            return go(request, reverse("action", args=[found.pk]), message)
    return _page(request, _found(request, action_id), refused=("check", form), status=status)


@staff_page(*HANDLERS)
@sent_to(lambda action_id: reverse("action", args=[action_id]))
def give(request: HttpRequest, action_id: int) -> HttpResponse:
    """Make somebody else the owner."""
    found = _found(request, action_id)
    form = OwnerForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.give(found.pk, owner=form.cleaned_data["owner"], by=Actor.of(request), version=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("action", args=[found.pk]), _("The action has a new owner."))
    return _page(request, _found(request, action_id), refused=("owner", form), status=status)


@staff_page(*HANDLERS)
@sent_to(lambda action_id, complaint_id: reverse("action", args=[action_id]))
def add(request: HttpRequest, action_id: int, complaint_id: int) -> HttpResponse:
    """Put a further complaint behind the action."""
    found = _found(request, action_id)
    back = reverse("action", args=[found.pk])
    try:
        services.add_complaint(found.pk, complaint_id, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, _("The complaint stands behind the action now."))


@staff_page(*HANDLERS)
@sent_to(lambda action_id: reverse("action", args=[action_id]))
def paper(request: HttpRequest, action_id: int) -> HttpResponse:
    """Have the 8D report made, or its next version."""
    found = _found(request, action_id)
    made = action_paper.issue(found.pk, by=Actor.of(request))
    return go(request, reverse("action", args=[found.pk]), _("%(paper)s is being made.") % {"paper": made})


# ── what the doors share ───────────────────────────────────────────────────────────────────────
def _found(request: HttpRequest, action_id: int) -> CorrectiveAction:
    found = selectors.one(Actor.of(request), action_id)
    if found is None:
        raise Http404
    return found


def _form_of(discipline: int) -> type[StepForm]:
    return CauseStepForm if discipline == Discipline.CAUSE else StepForm


def _complaint(request: HttpRequest, actor: Actor) -> Complaint | None:
    """The complaint that the address names; 404 when it is none of the reader's."""
    value = request.GET.get("complaint", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 18):
        raise Http404
    found = (
        Complaint.objects.visible_to(actor)
        .select_related("ticket__product__model", "part", "team")
        .filter(pk=int(value))
        .first()
    )
    if found is None:
        raise Http404
    return found


def _initial(complaint: Complaint | None, me: User, request: HttpRequest) -> dict[str, Any]:
    known: dict[str, Any] = {"owner": me.username, "model": request.GET.get("model", "")}
    if complaint is None:
        return known
    ticket: Ticket = complaint.ticket
    return {
        **known,
        "title": ticket.summary,
        "cause": complaint.cause,
        "model": ticket.product.model.code if ticket.product else "",
        "part": complaint.part.number if complaint.part else "",
        "part_batch": complaint.part_batch if complaint.part else "",
        "team": complaint.team.code if complaint.team else "",
    }


def _steps(found: CorrectiveAction, refused: tuple[str, forms.Form] | None, *, may_lead: bool) -> list[Step]:
    every = selectors.every_step(found)
    steps = []
    done = 0
    for discipline in Discipline:
        mine = [one for one in every if one.cycle == found.cycle and one.discipline == discipline]
        step = Step(discipline, mine[-1] if mine else None, mine[-2::-1] if len(mine) > 1 else [])
        done += bool(mine)
        step.is_next = not mine and discipline == done + 1
        if may_lead and found.state == ActionState.OPEN and (mine or step.is_next):
            if refused and refused[0] == f"step-{discipline.value}":
                step.form, step.open = refused[1], True
            else:
                last = [one for one in every if one.discipline == discipline]  # a cycle before says how it began
                known = step.now or (last[-1] if last else None)
                step.form = _form_of(discipline)(
                    initial={"text": known.text, "escape": known.escape} if known else None,
                    auto_id=f"id_d{discipline.value}_%s",
                )
        steps.append(step)
    return steps


def _page(
    request: HttpRequest,
    found: CorrectiveAction,
    *,
    refused: tuple[str, forms.Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, at = Actor.of(request), now()
    may_lead = services.may_lead(found, actor)
    may_handle = may_lead and person(request).role in HANDLERS
    checks = list(found.checks.select_related("checked_by").prefetch_related("returned").order_by("cycle", "days"))
    next_check = _next_check(found, checks)
    every = selectors.every_step(found)
    told = action_paper.with_facts(found.pk)
    versions = action_paper.versions(found.pk)
    context = {
        "action": found,
        "steps": _steps(found, refused, may_lead=may_lead),
        "earlier": _earlier(found, every),
        "complaints": selectors.behind(found),
        "returned": list(
            selectors.with_people(selectors.returned(found)).order_by("-registered_at")[: selectors.MOST_RETURNED]
        ),
        "checks": checks,
        "next_check": next_check,
        "check_opens_at": next_check.due_at - CHECK_OPENS if next_check else None,
        "may_check": may_handle and next_check is not None and at >= next_check.due_at - CHECK_OPENS,
        "check_form": refused[1] if refused and refused[0] == "check" else CheckForm(auto_id="id_check_%s"),
        "may_give": may_handle and found.state == ActionState.OPEN,
        "owner_form": refused[1]
        if refused and refused[0] == "owner"
        else OwnerForm(initial={"owner": found.owner and found.owner.username}, auto_id="id_owner_%s"),
        "owner_refused": bool(refused and refused[0] == "owner"),
        "reads_tickets": person(request).role != Role.TECHNICIAN,
        "may_print": person(request).role in HANDLERS,
        "versions": versions,
        "may_issue": told is not None and (not versions or action_paper.stale(told, versions[0])),
        "waiting": any(one.state == SheetState.QUEUED for one in versions),
        "refused_form": refused[1] if refused else None,
    }
    if request.htmx and request.htmx.target == "action-papers":  # type: ignore[attr-defined]
        return render(request, "complaints/action.html#papers", context)
    return render(request, "complaints/action.html", context, status=status)


def _next_check(found: CorrectiveAction, checks: list[EffectivenessCheck]) -> EffectivenessCheck | None:
    pending = (one for one in checks if one.cycle == found.cycle and not one.checked_at and not one.dropped_at)
    return next(pending, None)


def _earlier(found: CorrectiveAction, every: list[ActionStep]) -> list[tuple[int, list[ActionStep]]]:
    """The cycles before this one with what their steps said last."""
    cycles: dict[int, dict[int, ActionStep]] = {}
    for one in every:
        if one.cycle != found.cycle:
            cycles.setdefault(one.cycle, {})[one.discipline] = one
    return [(cycle, list(steps.values())) for cycle, steps in sorted(cycles.items(), reverse=True)]
