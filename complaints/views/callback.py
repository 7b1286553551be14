"""The callbacks' doors: the worklist, the card of one call, the panel of a ticket."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Forbidden, Invalid, Refusal, Stale
from aftersales.core.time import now
from complaints import selectors
from complaints.forms import AttemptForm
from complaints.models import Callback
from complaints.services import callback as services
from complaints.services.callback import CALLERS
from complaints.states_callback import REACHED, CallbackState, Outcome
from tickets.models import Ticket
from tickets.selectors import capped_count

PAGE_SIZE = 50
_KEYS = {Outcome.SATISFIED: "s", Outcome.NOT_SATISFIED: "u", Outcome.NOT_REACHED: "m", Outcome.WRONG_NUMBER: "w"}


@staff_page(*CALLERS)
@require_safe
def callbacks(request: HttpRequest) -> HttpResponse:
    """The calls that are owed, the most urgent first."""
    actor, at = Actor.of(request), now()
    later = request.GET.get("show") == "later"
    page = keyset.page(
        selectors.owed(actor, at=at, later=later),
        selectors.BY_DUE,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": "later"} if later else {},
    )
    context = {
        "page": page,
        "later": later,
        "now_count": capped_count(selectors.owed(actor, at=at)),
        "later_count": capped_count(selectors.owed(actor, at=at, later=True)),
    }
    template = (
        "complaints/callback_list.html#rows" if _wants(request, "callback-rows") else "complaints/callback_list.html"
    )
    return render(request, template, context)


@staff_page(*CALLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def callback(request: HttpRequest, callback_id: int) -> HttpResponse:
    """The card of one call: whom, about what, the questions, and how it went."""
    actor = Actor.of(request)
    found = selectors.call_card(callback_id)
    if found is None:
        raise Http404
    if services.own_visit(found, actor):
        raise Forbidden(_("Nobody calls back about their own visit."), rule="R68", code="own_visit")
    if request.method != "POST":
        return _card(request, found, AttemptForm())
    form = AttemptForm(request.POST)
    if not form.is_valid():
        return _card(request, found, form, status=422)
    try:
        services.record_attempt(found.pk, **form.cleaned_data, by=actor, ticket_version=_version(request))
    except Stale as refusal:
        if _sent_twice(found, form, actor):
            return redirect("callbacks")
        form.add_error(None, f"{refusal.message} {_('What you entered is still here.')}")
        return _card(request, _again(found), form, status=409)
    except Invalid as refusal:
        for field, _code, message in refusal.errors:
            form.add_error(field if field in form.fields else None, message)
        return _card(request, found, form, status=422)
    except Refusal as refusal:
        form.add_error(None, f"{refusal.message} ({refusal.rule})" if refusal.rule else refusal.message)
        return _card(request, _again(found), form, status=refusal.status)
    messages.success(request, _told(found, form.cleaned_data["outcome"]))
    return redirect("callbacks")


@staff_page(*(DESK | {Role.ARCHIVIST, Role.TECHNICIAN}))
@require_safe
def of_ticket(request: HttpRequest, number: str) -> HttpResponse:
    """The callbacks of a ticket, as a panel of its page."""
    actor = Actor.of(request)
    ticket = Ticket.objects.visible_to(actor).filter(number=number).first()
    if ticket is None:
        raise Http404
    rows = selectors.of_ticket(ticket)
    may_call = person(request).role in CALLERS
    context = {
        "ticket": ticket,
        "callbacks": [(row, may_call and not services.own_visit(row, actor)) for row in rows],
        "at": now(),
    }
    template = "complaints/ticket_panel.html#panel" if request.htmx else "complaints/ticket_panel.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _wants(request: HttpRequest, target: str) -> bool:
    return bool(request.htmx) and request.htmx.target == target  # type: ignore[attr-defined]


def _version(request: HttpRequest) -> int:
    """The version that the card was shown with; a form without one is older than any."""
    value = request.POST.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _again(found: Callback) -> Callback:
    """The callback as it is now, after a refusal."""
    fresh = selectors.call_card(found.pk)
    if fresh is None:
        raise Http404
    return fresh


def _sent_twice(found: Callback, form: AttemptForm, actor: Actor) -> bool:
    """Whether the newest attempt is this one, sent again by a double click."""
    newest = found.attempts.order_by("-at", "-pk").first()
    return (
        newest is not None
        and actor.user is not None
        and newest.by_id == actor.user.pk
        and newest.outcome == form.cleaned_data["outcome"]
        and newest.note == form.cleaned_data["note"].strip()
    )


def _told(found: Callback, outcome: str) -> str:
    number = found.ticket.number
    if outcome == Outcome.SATISFIED:
        return _("%(number)s is closed.") % {"number": number}
    if outcome == Outcome.NOT_SATISFIED:
        return _("%(number)s is opened again; owner and supervisor are told.") % {"number": number}
    return _("The attempt is kept; %(number)s is still to be called.") % {"number": number}


def _card(request: HttpRequest, found: Callback, form: AttemptForm, *, status: int = 200) -> HttpResponse:
    at = now()
    context: dict[str, Any] = {
        "callback": found,
        "ticket": found.ticket,
        "visit": found.visit,
        "form": form,
        "outcomes": [(Outcome(value), _KEYS[Outcome(value)], Outcome(value) in REACHED) for value in Outcome.values],
        "owed": found.state == CallbackState.OWED,
        "early": at < found.opens_at,
    }
    return render(request, "complaints/callback.html", context, status=status)
