"""The doors of plans, letters, reminders and campaigns, and of the registers of calls and letters."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from aftersales.customers.models import Customer
from complaints import paper_calls
from complaints.forms_letter import CampaignForm, LetterForm, PeriodForm, PersonForm, PlanForm, ReminderForm
from complaints.models import Callback, Campaign, FollowUpPlan, Invitation, Letter, LetterRun, PlanState
from complaints.services import invitation as invitations_service
from complaints.services import letter as letter_service
from complaints.services import plan as plan_service
from complaints.services.callback import CALLERS
from complaints.services.letter import WRITERS
from complaints.states_letter import InvitationKind, InvitationState, LetterKind
from tickets.models import Ticket
from visits.models import Paper
from visits.services import paper as papers
from visits.states import PaperKind, SheetState
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 40
NEWEST = keyset.Order("-written_at", "-id")
BY_DUE = keyset.Order("due_at", "id")
SOONEST = keyset.Order("-id")
REGISTRARS = LEADERS | {Role.ARCHIVIST}
_PAPERS = (PaperKind.CALL_REGISTER, PaperKind.LETTER_REGISTER, PaperKind.CALL_RECORD)


# ── plans ──────────────────────────────────────────────────────────────────────────────────────
@staff_page(*(DESK | {Role.ARCHIVIST}))
@require_safe
def plans_of_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The follow-up plans of a customer's products and the last letters, as a panel of the customer's file."""
    if not Customer.objects.filter(pk=customer_id).exists():
        raise Http404
    role = person(request).role
    plans = FollowUpPlan.objects.filter(product__customer=customer_id).select_related("product__model", "person")
    context = {
        "customer_id": customer_id,
        "plans": plans.order_by("-pk")[:30],
        "letters": Letter.objects.filter(Q(customer=customer_id) | Q(customer__merged_into=customer_id)).order_by(
            "-written_at"
        )[:10],
        "may_plan": role in plan_service.PLANNERS,
        "may_write": role in WRITERS,
        "base": "base.html",
    }
    template = "complaints/plans.html#panel" if request.htmx else "complaints/plans.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@staff_page(*plan_service.PLANNERS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    """One plan: its dates and calls; paused, resumed or ended with a reason; who calls."""
    found = (
        FollowUpPlan.objects.select_related("product__model", "product__customer", "ticket", "person", "visit")
        .filter(pk=plan_id)
        .first()
    )
    if found is None:
        raise Http404
    actor, back = Actor.of(request), reverse("follow_up_plan", args=[plan_id])
    form = PlanForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                plan_service.change(
                    found.pk, request.POST.get("do", ""), **form.cleaned_data, by=actor, version=version(request)
                )
            except Missing as error:
                raise Http404 from error
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, back, _("The plan is changed."))
    calls = Callback.objects.filter(plan=found).prefetch_related("attempts__by").order_by("-plan_on")[:30]
    coming = [found.date_of(found.step + more) for more in range(6)] if found.state != PlanState.ENDED else []
    context = {
        "plan": found,
        "form": form,
        "calls": calls,
        "coming": coming,
        "assign": PersonForm(initial={"person": found.person.username if found.person else ""})
        if person(request).role in LEADERS
        else None,
    }
    return render(request, "complaints/plan.html", context, status=status)


@staff_page(*LEADERS)
@sent_to(lambda plan_id: reverse("follow_up_plan", args=[plan_id]))
def plan_assign(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Say who makes the calls of a plan."""
    form = PersonForm(request.POST)
    back = reverse("follow_up_plan", args=[plan_id])
    if not form.is_valid():
        messages.error(request, _("There is no such person among the callers."))
        return go(request, back)
    try:
        plan_service.assign(plan_id, person=form.cleaned_data["person"], by=Actor.of(request), version=version(request))
    except Missing as error:
        raise Http404 from error
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, _("It is noted who calls."))


# ── letters ────────────────────────────────────────────────────────────────────────────────────
@staff_page(*WRITERS)
@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """Every letter, the latest first, or those that are still to be printed; what was printed last."""
    show = "print" if request.GET.get("show") == "print" else ""
    rows = Letter.objects.select_related("written_by", "run", "ticket").defer("text")
    if show:
        rows = rows.filter(run=None)
    page = keyset.page(
        rows, NEWEST, token=request.GET.get("after", ""), size=PAGE_SIZE, params={"show": show} if show else {}
    )
    runs = list(LetterRun.objects.select_related("created_by").order_by("-pk")[:8])
    context = {
        "page": page,
        "show": show,
        "runs": runs,
        "waiting": any(run.state == SheetState.QUEUED for run in runs),
        "tab": "letters",
    }
    if request.htmx and request.htmx.target == "letter-runs":  # type: ignore[attr-defined]
        return render(request, "complaints/letters.html#runs", context)
    return render(request, "complaints/letters.html", context)


@staff_page(*WRITERS)
@require_http_methods(["GET", "HEAD", "POST"])
def letter_new(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Write a letter to a customer; `?ticket=` is what it is about, with the text for who was not reached."""
    customer = Customer.objects.prefetch_related("sites").filter(pk=customer_id, merged_into=None).first()
    if customer is None:
        raise Http404
    ticket = None
    number = request.GET.get("ticket", "")
    if number:
        ticket = (
            Ticket.objects.visible_to(Actor.of(request))
            .select_related("site")
            .filter(number=number, customer=customer)
            .first()
        )
        if ticket is None:
            raise Http404
    kind = LetterKind.NOT_REACHED if ticket is not None else LetterKind.OTHER
    names = {"customer": customer.name, "summary": ticket.summary if ticket else ""}
    subject, text = letter_service.drafted(kind, customer.language, names)
    initial = {
        "kind": kind,
        "subject": subject,
        "text": text,
        "address": letter_service.address_of(customer, ticket),
    }
    form = LetterForm(request.POST or None, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            made = letter_service.write(
                customer.pk, **form.cleaned_data, ticket_id=ticket.pk if ticket else None, by=Actor.of(request)
            )
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            said = _("%(number)s is written; print it with the others.") % {"number": made.number}
            return go(request, reverse("letters") + "?show=print", said)
    context = {"form": form, "customer": customer, "ticket": ticket, "tab": "letters"}
    return render(request, "complaints/letter_new.html", context, status=status)


@staff_page(*WRITERS)
@sent_to(lambda: reverse("letters"))
def letters_print(request: HttpRequest) -> HttpResponse:
    """Have the chosen letters made into one file."""
    try:
        letter_service.print_together(_chosen(request, "letters"), by=Actor.of(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, reverse("letters"))
    return go(request, reverse("letters"), _("The letters are being made into one file."))


@staff_page(*WRITERS)
@require_safe
def letters_pdf(request: HttpRequest, run_id: int) -> HttpResponse:
    """The file of letters that were printed together."""
    run = LetterRun.objects.filter(pk=run_id, state=SheetState.READY).first()
    if run is None:
        raise Http404
    return FileResponse(run.pdf.open("rb"), content_type="application/pdf", filename=f"letters-{run.pk}.pdf")  # type: ignore[return-value]


@staff_page(*WRITERS)
@sent_to(lambda run_id: reverse("letters"))
def letters_again(request: HttpRequest, run_id: int) -> HttpResponse:
    """Have a file made whose making failed."""
    try:
        letter_service.again(run_id, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    except Refusal as refusal:
        refuse_on_page(request, refusal)
    return go(request, reverse("letters"))


def _chosen(request: HttpRequest, name: str) -> list[int]:
    return [
        int(value) for value in request.POST.getlist(name) if value.isascii() and value.isdigit() and len(value) < 19
    ]


# ── reminders and campaigns ────────────────────────────────────────────────────────────────────
@staff_page(*CALLERS)
@require_safe
def invitations(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a maintenance or a campaign: by telephone, or by letter; the most urgent first."""
    return _invitations(request, None)


@staff_page(*CALLERS)
@require_http_methods(["POST", "GET"])
def invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Keep how a call about an invitation went."""
    if request.method != "POST":
        return go(request, reverse("invitations"))
    form = ReminderForm(request.POST)
    if not form.is_valid():
        return _invitations(request, (invitation_id, form), status=422)
    try:
        invitations_service.record_call(invitation_id, **form.cleaned_data, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    except Refusal as refusal:
        status = add_refusal(form, refusal)
        return _invitations(request, (invitation_id, form), status=status)
    return go(request, _back(request), _("The call is kept."))


@staff_page(*CALLERS)
@sent_to(lambda: reverse("invitations"))
def invitation_letters(request: HttpRequest) -> HttpResponse:
    """Write the letters that the chosen invitations owe, and have them printed together."""
    actor = Actor.of(request)
    try:
        made = invitations_service.write_letters(_chosen(request, "invitations"), by=actor)
        letter_service.print_together([letter.pk for letter in made], by=actor)
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, reverse("invitations") + "?show=letters")
    return go(request, reverse("letters"), _("The letters are being made into one file."))


def _back(request: HttpRequest) -> str:
    campaign = request.POST.get("campaign", "")
    known = campaign.isascii() and campaign.isdigit() and len(campaign) < 19
    return reverse("invitations") + (f"?campaign={campaign}" if known else "")


def _invitations(request: HttpRequest, entered: tuple[int, ReminderForm] | None, *, status: int = 200) -> HttpResponse:
    show = "letters" if request.GET.get("show") == "letters" else ""
    rows = Invitation.objects.filter(state=InvitationState.LETTER if show else InvitationState.CALL)
    campaign = request.GET.get("campaign", "") or request.POST.get("campaign", "")
    chosen = None
    if campaign.isascii() and campaign.isdigit() and len(campaign) < 19:
        chosen = Campaign.objects.filter(pk=int(campaign)).first()
        rows = rows.filter(campaign=chosen)
    page = keyset.page(
        rows.select_related("customer", "campaign").prefetch_related("customer__phones", "customer__sites"),
        BY_DUE,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": show, "campaign": str(chosen.pk) if chosen else ""},
    )
    context = {
        "page": page,
        "show": show,
        "chosen": chosen,
        "form": ReminderForm(),
        "entered": entered,
        "at": now(),
        "tab": "invitations",
        "maintenance": InvitationKind.MAINTENANCE,
    }
    return render(request, "complaints/invitations.html", context, status=status)


@staff_page(*CALLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def campaigns(request: HttpRequest) -> HttpResponse:
    """The campaigns, the latest first; leaders plan a new one."""
    leader = person(request).role in LEADERS
    form = CampaignForm(request.POST if request.method == "POST" else None) if leader else None
    status = 200
    if request.method == "POST":
        if form is None:
            return go(request, reverse("campaigns"))
        status = 422
        if form.is_valid():
            try:
                invitations_service.plan_campaign(**form.cleaned_data, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("campaigns"), _("The campaign is planned; its call list comes by itself."))
    page = keyset.page(
        Campaign.objects.select_related("region", "created_by"), SOONEST, token=request.GET.get("after", ""), size=20
    )
    return render(
        request, "complaints/campaigns.html", {"page": page, "form": form, "tab": "invitations"}, status=status
    )


# ── registers ──────────────────────────────────────────────────────────────────────────────────
@staff_page(*REGISTRARS)
@require_http_methods(["GET", "HEAD", "POST"])
def registers(request: HttpRequest) -> HttpResponse:
    """Have the register of some days' calls or letters made as a numbered form; and find the last ones."""
    today = timezone.localdate(now())
    form = PeriodForm(
        request.POST if request.method == "POST" else None, initial={"first_day": today, "last_day": today}
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            kind = PaperKind.LETTER_REGISTER if request.POST.get("do") == "letters" else PaperKind.CALL_REGISTER
            try:
                made = papers.issue_period(kind, **form.cleaned_data, most=paper_calls.MOST_ROWS, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                said = _("%(paper)s is ready or being made.") % {"paper": made}
                return go(request, reverse("call_registers"), said)
    rows = list(
        Paper.objects.filter(kind__in=_PAPERS, current=True)
        .select_related("created_by")
        .defer("content", "changes")
        .order_by("-id")[:30]
    )
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "waiting": any(row.state == SheetState.QUEUED for row in rows),
        "tab": "registers",
    }
    if request.htmx and request.htmx.target == "registers":  # type: ignore[attr-defined]
        return render(request, "complaints/call_registers.html#rows", context)
    return render(request, "complaints/call_registers.html", context, status=status)


@staff_page(*REGISTRARS)
@sent_to(lambda callback_id: reverse("call_registers"))
def call_record(request: HttpRequest, callback_id: int) -> HttpResponse:
    """Have the record of a call made as a numbered form, or its next version."""
    subject = paper_calls.with_facts(callback_id)
    if subject is None:
        raise Http404
    made = papers.issue_numbered(PaperKind.CALL_RECORD, subject, by=Actor.of(request))
    return go(request, reverse("call_registers"), _("%(paper)s is ready or being made.") % {"paper": made})
