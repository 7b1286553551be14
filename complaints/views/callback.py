"""The callbacks' doors: the worklist, the desk, the card of one call, the panel of a ticket."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Invalid, Missing, Refusal, Stale
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from complaints import calling, fairness, scripts, selectors
from complaints.forms import AssignForm, AttemptForm, GiveUpForm
from complaints.models import Callback
from complaints.services import callback as services
from complaints.services import claim
from complaints.services.callback import CALLERS
from complaints.states_callback import CallbackKind, CallbackState, NextStep, Outcome, consequence
from tickets.forms import LOCAL
from tickets.models import Ticket
from tickets.selectors import capped_count
from visits.views.answers import add_refusal, go, sent_to

PAGE_SIZE = 50
_KEYS = {
    Outcome.SATISFIED: "s",
    Outcome.QUESTION: "q",
    Outcome.NOT_SATISFIED: "u",
    Outcome.NOT_REACHED: "m",
    Outcome.WRONG_NUMBER: "w",
    Outcome.REFUSED: "r",
}
SHOWS = ("", "later", "nobody")


@staff_page(*CALLERS)
@require_safe
def callbacks(request: HttpRequest) -> HttpResponse:
    """The calls that are owed, the most urgent first; for leaders also those that nobody makes."""
    actor, at = Actor.of(request), now()
    leader = person(request).role in LEADERS
    show = request.GET.get("show", "")
    show = show if show in SHOWS and (show != "nobody" or leader) else ""
    kind = request.GET.get("kind", "")
    kind = kind if kind in CallbackKind.values and show != "nobody" else ""
    nobody = selectors.nobody_calls(actor, at=at) if leader else None
    rows = nobody if show == "nobody" and nobody is not None else selectors.owed(
        actor, at=at, later=show == "later", kind=kind
    )  # fmt: skip
    page = keyset.page(
        rows,
        selectors.BY_DUE,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": show, "kind": kind},
    )
    context = {
        "page": page,
        "show": show,
        "later": show == "later",
        "kind": kind,
        "kinds": list(CallbackKind),
        "tab": show or "now",
        "now_count": capped_count(selectors.owed(actor, at=at)),
        "later_count": capped_count(selectors.owed(actor, at=at, later=True)),
        "nobody_count": capped_count(nobody) if nobody is not None else None,
        "at": at,
    }
    template = (
        "complaints/callback_list.html#rows" if _wants(request, "callback-rows") else "complaints/callback_list.html"
    )
    return render(request, template, context)


@staff_page(*CALLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def callback(request: HttpRequest, callback_id: int) -> HttpResponse:
    """The card of one call: whom, about what, the questions, and how it went."""
    found = selectors.call_card(callback_id)
    if found is None:
        raise Http404
    fairness.check(found, Actor.of(request))
    return _call(request, found, after="callbacks")


@staff_page(*CALLERS)
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """One customer after the other: what is saved here brings the next one at once."""
    actor = Actor.of(request)
    if request.method == "POST":
        pk = request.POST.get("callback", "")
        found = selectors.call_card(int(pk)) if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
        if found is None:
            raise Http404
        fairness.check(found, actor)
        return _call(request, found, after="callback_desk")
    mine = claim.next_call(by=actor)
    found = selectors.call_card(mine.pk) if mine is not None else None
    if found is None:
        return render(request, "complaints/callback_desk.html", _desk_context(request, now()))
    return _card(request, found, _blank(), after="callback_desk")


@staff_page(*CALLERS)
@sent_to(lambda callback_id: reverse("callback_desk"))
def skip(request: HttpRequest, callback_id: int) -> HttpResponse:
    """Put this customer back, and call another first."""
    try:
        claim.skip(callback_id, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    return redirect("callback_desk")


@staff_page(*LEADERS)
@sent_to(lambda callback_id: reverse("callback", args=[callback_id]))
def give_up(request: HttpRequest, callback_id: int) -> HttpResponse:
    """Have nobody called any more, with the reason."""
    found = _other(request, callback_id)
    form = GiveUpForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.give_up(callback_id, **form.cleaned_data, by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("callback", args=[callback_id]), _("The call is given up; a letter may follow."))
    return _card(request, found, _blank(), status=status, give_up=form)


@staff_page(*LEADERS)
@sent_to(lambda callback_id: reverse("callback", args=[callback_id]))
def assign(request: HttpRequest, callback_id: int) -> HttpResponse:
    """Say who makes this call."""
    _other(request, callback_id)
    form = AssignForm(request.POST)
    back = reverse("callback", args=[callback_id])
    if not form.is_valid():
        messages.error(request, _("There is no such person among the callers."))
        return go(request, back)
    try:
        services.assign(callback_id, person=form.cleaned_data["person"], by=Actor.of(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, _("It is noted who calls."))


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
        "callbacks": [(row, may_call and not fairness.own(row, actor.user)) for row in rows],
        "at": now(),
    }
    template = "complaints/ticket_panel.html#panel" if request.htmx else "complaints/ticket_panel.html"  # type: ignore[attr-defined]
    return render(request, template, context)


# ── a call ─────────────────────────────────────────────────────────────────────────────────────
def _call(request: HttpRequest, found: Callback, *, after: str) -> HttpResponse:
    """Show the card, or keep how the call went and go on to `after`."""
    actor = Actor.of(request)
    if request.method != "POST":
        return _card(request, found, _blank(), after=after)
    form = AttemptForm(request.POST)
    if not form.is_valid():
        return _card(request, found, form, status=422, after=after)
    try:
        services.record_attempt(found.pk, **form.cleaned_data, by=actor, ticket_version=_version(request))
    except Stale as refusal:
        if _sent_twice(found, form, actor):
            return redirect(after)
        form.add_error(None, f"{refusal.message} {_('What you entered is still here.')}")
        return _card(request, _again(found), form, status=409, after=after)
    except Invalid as refusal:
        add_refusal(form, refusal)
        return _card(request, found, form, status=422, after=after)
    except Refusal as refusal:
        form.add_error(None, f"{refusal.message} ({refusal.rule})" if refusal.rule else refusal.message)
        return _card(request, _again(found), form, status=refusal.status, after=after)
    messages.success(request, _told(found, form.cleaned_data))
    return redirect(after)


def _other(request: HttpRequest, callback_id: int) -> Callback:
    """A call that is not about the reader; 404, 403."""
    found = selectors.call_card(callback_id)
    if found is None:
        raise Http404
    fairness.check(found, Actor.of(request))
    return found


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


def _told(found: Callback, entered: dict[str, Any]) -> str:
    number, outcome = found.ticket.number, entered["outcome"]
    said = {"number": number, "customer": found.ticket.customer.name}
    if outcome == Outcome.SATISFIED:
        if found.kind == CallbackKind.FIRST and not found.ticket.goods_wait:
            return _("%(number)s is closed.") % said
        return _("The call with %(customer)s is done.") % said
    if outcome == Outcome.QUESTION:
        return _("The answer to %(customer)s is promised.") % said
    if outcome == Outcome.REFUSED:
        return _("%(customer)s is not asked again about this.") % said
    if outcome == Outcome.NOT_SATISFIED:
        if found.kind == CallbackKind.COMPLAINT:
            return _("The complaint of %(customer)s is opened again.") % said
        if entered.get("next_step") == NextStep.COMPLAIN:
            return _("A complaint is opened for %(number)s; owner and supervisor are told.") % said
        return _("%(number)s is opened again; owner and supervisor are told.") % said
    kept = _("The attempt is kept; %(number)s is still to be called.") % said
    if outcome == Outcome.WRONG_NUMBER:
        page = reverse("customer_phone_add", args=[found.ticket.customer_id])
        return format_html('{} <a href="{}">{}</a>', kept, page, _("Enter the right number"))
    return kept


def _blank() -> AttemptForm:
    """An empty form; an answer is promised for tomorrow evening unless the caller says otherwise."""
    tomorrow = timezone.localdate(now()) + timedelta(days=1)
    return AttemptForm(initial={"promised_at": datetime.combine(tomorrow, time(18)).strftime(LOCAL)})


def _desk_context(request: HttpRequest, at: datetime) -> dict[str, Any]:
    user = person(request)
    return {"done_today": selectors.done_today(user, at=at), "tab": "desk", "on_desk": True}


def _card(
    request: HttpRequest,
    found: Callback,
    form: AttemptForm,
    *,
    status: int = 200,
    after: str = "callbacks",
    give_up: GiveUpForm | None = None,
) -> HttpResponse:
    at, settings, zone = now(), calling.rules(), calling.zone_of(found.ticket)
    attempts = list(found.attempts.all())
    owed = found.state == CallbackState.OWED
    leader = person(request).role in LEADERS
    desk = after == "callback_desk"
    context: dict[str, Any] = {
        "callback": found,
        "ticket": found.ticket,
        "visit": found.visit,
        "form": form,
        "outcomes": [(one, _KEYS[one], consequence(found.kind, one)) for one in Outcome],
        "owed": owed,
        "early": at < found.opens_at,
        "quiet": calling.quiet_until(at, zone, settings) if owed else None,
        "paused": calling.pause_until(found, at, settings) if owed else None,
        "same_part": calling.same_part(attempts, at, zone) if owed else None,
        "claimed": found.claimed_by if found.claimed_by_another(person(request), at) else None,
        "stands_in": desk and found.assigned_to_id not in (None, person(request).pk),
        "script": scripts.said(found),
        "history": selectors.history(found),
        "give_up": give_up
        or (GiveUpForm() if owed and leader and calling.given_up_soon(found, attempts, zone, settings) else None),
        "assign": AssignForm(initial={"person": found.assigned_to.username if found.assigned_to else ""})
        if owed and leader
        else None,
        "on_desk": False,
        **(_desk_context(request, at) if desk else {}),
    }
    template = "complaints/callback_desk.html" if desk else "complaints/callback.html"
    return render(request, template, context, status=status)
