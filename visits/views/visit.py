"""A technician's pages: my day, and the visit from setting out to the signed sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, Role
from aftersales.accounts.views import person
from aftersales.core.errors import Invalid, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from aftersales.customers import selectors as customers
from tickets import actions
from tickets.models import Ticket
from tickets.states import State
from tickets.verbs import available
from visits import cards, selectors
from visits.forms import CompleteForm
from visits.forms_arrival import CheckInForm
from visits.models import Visit
from visits.selectors import OVERSEERS
from visits.selectors_warranty import repeat_of
from visits.selectors_work import work_of
from visits.services import commands
from visits.services import visit as services
from visits.services.dispatch import Seen
from visits.states import ACTIVE, VisitState
from visits.verbs import DURING_A_VISIT
from visits.views.answers import add_refusal, command_id, go, sent_to, version

VISITORS = OVERSEERS | {Role.TECHNICIAN}
LATER = (VisitState.EN_ROUTE.value, VisitState.ON_SITE.value, "done")  # what the page of a telephone may be ahead of


@staff_page(Role.TECHNICIAN)
@require_safe
def my_day(request: HttpRequest) -> HttpResponse:
    """Show what is before a technician: the next visit first, what was left open above it."""
    at = now()
    days = selectors.my_days(person(request), at)
    following = next(iter([*days.unfinished, *days.today, *days.later]), None)
    return render(request, "visits/my_day.html", {"days": days, "following": following, "at": at})


@staff_page(*VISITORS)
@require_safe
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """One visit, as its technician works it down; a request for the sheet alone gets that."""
    found = _found(request, visit_id)
    later = request.GET.get("as", "")
    if later in LATER and found.state in ACTIVE:
        return _later(request, found, later)
    if request.htmx and request.htmx.target == "sheet":  # type: ignore[attr-defined]
        return render(request, "visits/visit.html#sheet", {"visit": found, "sheet": found.sheet})
    return _page(request, found)


def _later(request: HttpRequest, found: Visit, later: str) -> HttpResponse:
    """The page as it will be then: a telephone keeps it for when there is no network. Nothing is written."""
    if later == "done":
        return render(request, "visits/visit_kept.html", {"visit": found, "ticket": found.ticket})
    found.__dict__["state"] = later
    found.ticket.__dict__["state"] = (State.VISITING if later == VisitState.ON_SITE else State.VISIT_PLANNED).value
    return _page(request, found, later=later)


@staff_page(*VISITORS)
@sent_to(lambda visit_id: reverse("visit", args=[visit_id]))
def set_out(request: HttpRequest, visit_id: int) -> HttpResponse:
    """The technician says that he is on the way."""
    return _step(
        request, visit_id, services.set_out, _("On the way. The owner of the ticket is told."), VisitState.EN_ROUTE
    )


@staff_page(*VISITORS)
@sent_to(lambda visit_id: reverse("visit", args=[visit_id]))
def check_in(request: HttpRequest, visit_id: int) -> HttpResponse:
    """The technician is at the site; what is wrong with place or code is said, and the check-in is one tap away."""
    found = _found(request, visit_id)
    form = CheckInForm(request.POST)
    back = reverse("visit", args=[found.pk])
    status = 422
    if form.is_valid():
        seen = Seen(found.pk, version(request))
        try:
            services.check_in(found.ticket_id, **form.cleaned_data, by=Actor.of(request), seen=seen)
        except Refusal as refusal:
            if _is_now(found, VisitState.ON_SITE):
                return go(request, back)
            if not isinstance(refusal, Invalid):
                refuse_on_page(request, refusal)
                return go(request, back)
            status = add_refusal(form, refusal)
        else:
            return go(request, back, _("Checked in. Fill in the report when the work is done."))
    return _page(request, _found(request, visit_id), refused=("check_in", form), status=status)


@staff_page(*VISITORS)
@sent_to(lambda visit_id: reverse("visit", args=[visit_id]))
def report(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Take the report and the signature; what is wrong is said, and nothing of it is lost."""
    found = _found(request, visit_id)
    form = CompleteForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.complete_visit(
                found.ticket_id, **form.cleaned_data, by=Actor.of(request), seen=Seen(found.pk, version(request))
            )
        except Refusal as refusal:
            if _is_now(found, VisitState.COMPLETED, VisitState.NOT_SOLVED):
                return go(request, reverse("visit", args=[found.pk]))
            status = add_refusal(form, refusal)
        else:
            return go(
                request, reverse("visit", args=[found.pk]), _("The visit is recorded. The service sheet is being made.")
            )
    found = _found(request, visit_id)
    return _page(request, found, form=form, status=status)


@staff_page(*VISITORS)
@sent_to(lambda visit_id, name: reverse("visit", args=[visit_id]))
def do(request: HttpRequest, visit_id: int, name: str) -> HttpResponse:
    """Do one of the things that are done during a visit; what is wrong is said beside its card, and nothing is lost."""
    found = _found(request, visit_id)
    action = actions.get(name) if name in DURING_A_VISIT else None
    if action is None:
        raise Http404
    form = action.form(request.POST, request.FILES)
    by = Actor.of(request)

    def run() -> None:
        action.run(found.ticket_id, **form.cleaned_data, by=by, seen=Seen(found.pk, version(request)))

    status = 422
    if form.is_valid():
        try:
            given = command_id(request)
            if given is None:
                run()
            else:
                commands.once(found, given, name, run, by=by)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("visit", args=[found.pk]) + f"#{name}")
    return _page(request, _found(request, visit_id), refused=(name, form), status=status)


@staff_page(*(DESK | {Role.ARCHIVIST, Role.TECHNICIAN}))
@require_safe
def of_ticket(request: HttpRequest, number: str) -> HttpResponse:
    """The visits of a ticket, as a panel of its page."""
    return panel(request, number)


@dataclass(frozen=True)
class Given:
    """A customer's link that was made just now: the only time that it is shown."""

    visit_id: int
    url: str
    mail_state: str


def panel(request: HttpRequest, number: str, *, given: Given | None = None) -> HttpResponse:
    """The panel; with a link that was just given."""
    actor = Actor.of(request)
    ticket = Ticket.objects.visible_to(actor).filter(number=number).select_related("technician").first()
    if ticket is None:
        raise Http404
    role = person(request).role
    verbs = {verb.name for verb in available(ticket, actor)}
    context = {
        "ticket": ticket,
        "visits": selectors.of_ticket(ticket),
        "repeat": repeat_of(ticket, now()),
        "work": work_of(ticket),
        "may_plan": role in OVERSEERS and "plan_visit" in verbs,
        "may_move": role in OVERSEERS and "move_visit" in verbs,
        "may_open": role in OVERSEERS,
        "may_confirm": "confirm_visit" in verbs,
        "may_link": role in DESK,
        "given": given,
        "may_print": role != Role.TECHNICIAN,
        "mine": person(request).pk,
        "sees_all": role != Role.TECHNICIAN,
    }
    template = "visits/ticket_panel.html#panel" if request.htmx else "visits/ticket_panel.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _found(request: HttpRequest, visit_id: int) -> Visit:
    """The visit with all that its page shows; 404 when it is not there or not the reader's to see."""
    found = selectors.visit_page(selectors.visible(Actor.of(request)), visit_id)
    if found is None:
        raise Http404
    return found


def _is_now(visit: Visit, *states: VisitState) -> bool:
    """Whether what was asked is done already: the second tap of a thumb is no error."""
    return Visit.objects.filter(pk=visit.pk, state__in=states).exists()


def _step(
    request: HttpRequest, visit_id: int, service: Callable[..., Ticket], message: str, *done: VisitState
) -> HttpResponse:
    found = _found(request, visit_id)
    back = reverse("visit", args=[found.pk])
    try:
        service(found.ticket_id, by=Actor.of(request), seen=Seen(found.pk, version(request)))
    except Refusal as refusal:
        if _is_now(found, *done):
            return go(request, back)
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, message)


def _page(
    request: HttpRequest,
    found: Visit,
    *,
    form: CompleteForm | None = None,
    refused: tuple[str, Form] | None = None,
    later: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page; `refused` is a command that could not be done with its form as it was sent: its card shows it again.

    `later`: the state that the page is ahead to, for a telephone to keep.
    """
    ticket = found.ticket
    actor = Actor.of(request)
    if refused:
        refused[1].auto_id = f"{refused[0]}_%s"  # the report's fields may have the same names
    # The verbs are the ticket's; only the visit that is open now may be worked.
    verbs = {verb.name for verb in available(ticket, actor)} if found.state in ACTIVE else set()
    shown = cards.shown(found, actor, refused[0] if refused else "")
    context: dict[str, Any] = {
        "visit": found,
        "ticket": ticket,
        "sheet": found.sheet,
        "history": selectors.history(found),
        "warranty": customers.warranty(ticket.product, at=now()) if ticket.product else None,
        "form": form or CompleteForm(),
        "cards": shown,
        "check_in_form": refused[1] if refused and refused[0] == "check_in" else CheckInForm(auto_id="check_in_%s"),
        "verbs": verbs,
        "refused": refused and {"name": refused[0], "form": refused[1]},
        "may_set_out": "set_out" in verbs and found.state == VisitState.PLANNED,
        "may_check_in": "check_in" in verbs,
        "may_report": "complete_visit" in verbs and found.state == VisitState.ON_SITE,
        "report_open": form is not None or not cards.due(shown),
        "problem_open": found.state in (VisitState.PLANNED, VisitState.EN_ROUTE),
        "overseer": person(request).role in OVERSEERS,
        "later": later,
        "pass": commands.pass_for(found, actor),
    }
    return render(request, "visits/visit.html", context, status=status)
