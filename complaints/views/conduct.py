"""Conduct violations: what managers decide, what each finds about himself, and the appeal (R51)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.accounts.roles import LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Refusal
from aftersales.core.time import now
from complaints import selectors_conduct as selectors
from complaints.acting import HANDLERS
from complaints.forms_conduct import AppealForm, DecideForm, ProposeForm
from complaints.models import Complaint, ConductViolation
from complaints.services import conduct as services
from complaints.states import ESTABLISHED
from complaints.states_conduct import ConductState, Fact
from tickets.selectors import capped_count
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 40


@staff_page(*LEADERS)
@require_safe
def conduct(request: HttpRequest) -> HttpResponse:
    """Those to be decided, the oldest first; or all."""
    actor, every = Actor.of(request), request.GET.get("show") == "all"
    page = keyset.page(
        selectors.violations(actor, to_decide=not every),
        selectors.NEWEST if every else selectors.OLDEST,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": "all"} if every else {},
    )
    context = {
        "page": page,
        "every": every,
        "waiting": capped_count(selectors.violations(actor, to_decide=True)),
        "decides": person(request).role == Role.MANAGER,
    }
    return render(request, "complaints/conduct.html", context)


@staff_page(*NOT_ADMIN)
@require_safe
def my_conduct(request: HttpRequest) -> HttpResponse:
    """What was decided about oneself, with the way to appeal."""
    page = keyset.page(
        selectors.mine(person(request)), selectors.NEWEST, token=request.GET.get("after", ""), size=PAGE_SIZE
    )
    return render(request, "complaints/my_conduct.html", {"page": page, "at": now()})


@staff_page(*NOT_ADMIN)
@require_safe
def one(request: HttpRequest, violation_id: int) -> HttpResponse:
    """One violation: the evidence, the decision, the appeal."""
    return _page(request, _found(request, violation_id))


@staff_page(Role.MANAGER)
@sent_to(lambda violation_id: reverse("conduct_one", args=[violation_id]))
def decide(request: HttpRequest, violation_id: int) -> HttpResponse:
    """Confirm or reject a proposal; uphold or lift what was appealed against."""
    found = _found(request, violation_id)
    form = DecideForm(request.POST)
    status = 422
    stands = request.POST.get("decision") == "stands"
    if form.is_valid():
        given: dict[str, Any] = {
            "reason": form.cleaned_data["reason"],
            "by": Actor.of(request),
            "version": version(request),
        }
        try:
            if request.POST.get("decision") not in {"stands", "falls"}:
                form.add_error(None, _("Choose how you decide."))
                return _page(request, found, decide_form=form, status=422)
            if found.state == ConductState.APPEALED:
                services.rule(found.pk, uphold=stands, **given)
            else:
                services.decide(found.pk, confirm=stands, **given)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("conduct_one", args=[found.pk]), _("Your decision is kept."))
    return _page(request, _found(request, violation_id), decide_form=form, status=status)


@staff_page(*NOT_ADMIN)
@sent_to(lambda violation_id: reverse("conduct_one", args=[violation_id]))
def appeal(request: HttpRequest, violation_id: int) -> HttpResponse:
    """Say why it is not so."""
    found = _found(request, violation_id)
    form = AppealForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.appeal(found.pk, text=form.cleaned_data["text"], by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(
                request,
                reverse("conduct_one", args=[found.pk]),
                _("Your appeal is on record; a manager decides within a week."),
            )
    return _page(request, found, appeal_form=form, status=status)


@staff_page(*HANDLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, complaint_id: int) -> HttpResponse:
    """Propose a violation by hand, from the page of an upheld complaint."""
    actor = Actor.of(request)
    complaint = Complaint.objects.visible_to(actor).select_related("ticket", "visit").filter(pk=complaint_id).first()
    if complaint is None:
        raise Http404
    posted = request.POST if request.method == "POST" else None
    form = ProposeForm(posted, people=complaint.complained_of)
    status = 200
    if posted is not None:
        status = 422
        if form.is_valid():
            try:
                services.propose(complaint.pk, **form.cleaned_data, by=actor)
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(
                    request,
                    reverse("complaint", args=[complaint.pk]),
                    _("Proposed; a manager decides."),
                )
    context = {
        "form": form,
        "complaint": complaint,
        "established": complaint.verdict in ESTABLISHED,
        "concerned": complaint.concerns(actor),
    }
    return render(request, "complaints/conduct_propose.html", context, status=status)


def _found(request: HttpRequest, violation_id: int) -> ConductViolation:
    found = selectors.one(Actor.of(request), violation_id)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest,
    found: ConductViolation,
    *,
    decide_form: forms.Form | None = None,
    appeal_form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, me, at = Actor.of(request), person(request), now()
    own = found.person_id == me.pk
    facts = [
        {**fact, "word": Fact(fact["fact"]).label, "at": parse_datetime(fact["at"]) if fact.get("at") else None}
        for fact in found.evidence
        if fact["fact"] in Fact.values and not (own and fact["fact"] == Fact.WORDS)
    ]
    until = found.appeal_until
    context = {
        "violation": found,
        "facts": facts,
        "own": own,
        "may_decide": services.may_decide(found, actor),
        "may_appeal": own and found.state == ConductState.CONFIRMED and until is not None and at <= until,
        "appeal_over": found.state == ConductState.CONFIRMED and until is not None and at > until,
        "appealed": found.state == ConductState.APPEALED,
        "decide_form": decide_form or DecideForm(),
        "appeal_form": appeal_form or AppealForm(),
    }
    return render(request, "complaints/conduct_one.html", context, status=status)
