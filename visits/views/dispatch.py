"""The dispatch list: whom to send, when, and who is where on the day; the orders that the manager signs (R20)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import Region
from aftersales.accounts.roles import LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from tickets.forms import LOCAL
from tickets.models import Ticket
from tickets.selectors import capped_count
from tickets.verbs import available
from visits import selectors, selectors_day, selectors_watch
from visits.forms import CallOffForm, MoveForm, PlanForm
from visits.models import Visit
from visits.readiness import checks
from visits.selectors import OVERSEERS, Candidate, Window
from visits.services import dispatch as services
from visits.services import late, promises
from visits.services.dispatch import FURTHEST
from visits.states import VisitState
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 40


@dataclass(frozen=True)
class Asked:
    """What the address of the page says: the filters of the list, the day, and what is being planned."""

    region: str = ""
    show: str = ""
    after: str = ""
    day: date | None = None
    ticket: str = ""
    visit: int = 0
    technician: str = ""
    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def read(cls, request: HttpRequest) -> Asked:
        get = request.GET.get
        visit = get("visit", "")
        return cls(
            region=get("region", "")[:40],
            show="sign" if get("show") == "sign" else "",
            after=get("after", ""),
            day=_day(get("day", "")),
            ticket=get("ticket", "")[:30],
            visit=int(visit) if visit.isascii() and visit.isdigit() and len(visit) < 19 else 0,
            technician=get("technician", "")[:60],
            start=_moment(get("start", "")),
            end=_moment(get("end", "")),
        )

    def url(self, **changes: Any) -> str:
        """The address with some of it changed; the day's table and the list keep theirs."""
        new = replace(self, **changes)
        values = {
            "region": new.region,
            "show": new.show,
            "after": new.after,
            "day": new.day.isoformat() if new.day else "",
            "ticket": new.ticket,
            "visit": new.visit or "",
            "technician": new.technician,
            "start": timezone.localtime(new.start).strftime(LOCAL) if new.start else "",
            "end": timezone.localtime(new.end).strftime(LOCAL) if new.end else "",
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return reverse("dispatch") + (f"?{query}" if query else "")


def _day(text: str) -> date | None:
    """A day that the table can show; anything else is today."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and abs(day - timezone.localdate()) <= FURTHEST * 2 else None


def _moment(text: str) -> datetime | None:
    try:
        value = parse_datetime(text)
    except ValueError:
        return None
    if value is None or _day(value.date().isoformat()) is None:
        return None
    return timezone.make_aware(value) if timezone.is_naive(value) else value


@staff_page(*OVERSEERS)
@require_safe
def dispatch(request: HttpRequest) -> HttpResponse:
    """Show what is to be planned beside the technicians' day; with a ticket or a visit chosen, its form."""
    return _page(request, Asked.read(request))


@staff_page(*OVERSEERS)
@sent_to(lambda number: f"{reverse('dispatch')}?ticket={number}")
def plan(request: HttpRequest, number: str) -> HttpResponse:
    """Plan the visit of a ticket, or say who is there already."""
    asked = replace(Asked.read(request), ticket=number, visit=0)
    ticket = Ticket.objects.filter(number=number).only("pk").first()
    if ticket is None:
        raise Http404
    form = PlanForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.plan_visit(ticket.pk, **form.cleaned_data, by=Actor.of(request), version=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            message = _("%(number)s is planned with %(technician)s; the technician is told.") % {
                "number": number,
                "technician": form.cleaned_data["technician"].name,
            }
            return go(request, _on_the_day(asked, form), message)
    return _page(request, asked, form=form, status=status)


@staff_page(*OVERSEERS)
@sent_to(lambda visit_id: f"{reverse('dispatch')}?visit={visit_id}")
def move(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Give an appointment another time or person."""
    asked, found = _for_visit(request, visit_id)
    form = MoveForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.move_visit(found.ticket_id, **form.cleaned_data, by=Actor.of(request), version=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            if late.pending(found) is not None:
                return go(request, asked.url(), _asked_supervisor(found))
            return go(request, _on_the_day(asked, form), _("%(order)s is moved.") % {"order": found.order_number})
    return _page(request, asked, form=form, status=status)


@staff_page(*OVERSEERS)
@sent_to(lambda visit_id: f"{reverse('dispatch')}?visit={visit_id}")
def call_off(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Call an appointment off; the ticket is to be planned again."""
    asked, found = _for_visit(request, visit_id)
    form = CallOffForm(request.POST, prefix="off")
    status = 422
    if form.is_valid():
        try:
            services.cancel_visit(found.ticket_id, **form.cleaned_data, by=Actor.of(request), version=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            if late.pending(found) is not None:
                return go(request, asked.url(), _asked_supervisor(found))
            message = _("%(order)s is called off; the ticket is to be planned again.") % {"order": found.order_number}
            return go(request, asked.url(visit=0, technician="", start=None, end=None), message)
    return _page(request, asked, off=form, status=status)


@staff_page(Role.MANAGER)
@sent_to(lambda number: f"{reverse('dispatch')}?show=sign")
def sign(request: HttpRequest, number: str) -> HttpResponse:
    """Sign an installation order, so that somebody may be sent (R20)."""
    ticket = Ticket.objects.filter(number=number).only("pk").first()
    if ticket is None:
        raise Http404
    back = Asked.read(request).url(after="")
    try:
        services.approve_dispatch(ticket.pk, by=Actor.of(request), version=version(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, _("%(number)s is signed.") % {"number": number})


@staff_page()
@require_safe
def order(request: HttpRequest, visit_id: int) -> HttpResponse:
    """The dispatch order as a sheet to print (R20)."""
    found = selectors.visit_page(selectors.with_sheet(Actor.of(request)), visit_id)
    if found is None:
        raise Http404
    return render(request, "visits/order.html", {"visit": found, "ticket": found.ticket})


def _asked_supervisor(found: Visit) -> str:
    return _("%(order)s stays as it is: the supervisor is asked, and answers on the ticket's page.") % {
        "order": found.order_number
    }


def _for_visit(request: HttpRequest, visit_id: int) -> tuple[Asked, Visit]:
    found = Visit.objects.filter(pk=visit_id).only("pk", "ticket_id", "order_number").first()
    if found is None:
        raise Http404
    return replace(Asked.read(request), visit=visit_id, ticket=""), found


def _on_the_day(asked: Asked, form: forms.Form) -> str:
    day = timezone.localdate(form.cleaned_data["window_start"])
    return asked.url(ticket="", visit=0, technician="", start=None, end=None, day=day)


# ── the page ───────────────────────────────────────────────────────────────────────────────────
def _page(
    request: HttpRequest,
    asked: Asked,
    *,
    form: forms.Form | None = None,
    off: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    board = _board(request, asked, form, off)
    if request.htmx and request.htmx.target == "board":  # type: ignore[attr-defined]
        return render(request, "visits/dispatch.html#board", board, status=status)
    tickets = selectors.to_plan(region=asked.region, to_sign=asked.show == "sign")
    page = keyset.page(
        tickets,
        selectors.BY_ON_SITE,
        token=asked.after,
        size=PAGE_SIZE,
        params={"region": asked.region, "show": asked.show},
    )
    context = {
        **board,
        "page": page,
        "rows": [_row(ticket, asked) for ticket in selectors.with_lines(page.rows)],
        "to_plan_count": capped_count(selectors.to_plan(region=asked.region)),
        "to_sign_count": capped_count(selectors.to_plan(region=asked.region, to_sign=True)),
        "conflict_count": selectors.conflicts().count(),
        "regions": Region.objects.all(),
        "watch": selectors_watch.gather(region=asked.region, at=board["at"]),
        "plan_url": asked.url(show="", after="", ticket="", visit=0, start=None, end=None, technician=""),
        "sign_url": asked.url(show="sign", after="", ticket="", visit=0, start=None, end=None, technician=""),
        "may_sign": person(request).role == Role.MANAGER,
        "may_approve": person(request).role in LEADERS,
    }
    return render(request, "visits/dispatch.html", context, status=status)


@dataclass(frozen=True)
class ToPlan:
    """One line of the list."""

    ticket: Ticket
    url: str
    wishes: list[Window]
    unsigned: bool
    sign_url: str


def _row(ticket: Ticket, asked: Asked) -> ToPlan:
    url = asked.url(ticket=ticket.number, visit=0, technician="", start=None, end=None, day=None)
    sign_url = asked.url(ticket="", visit=0).replace(
        reverse("dispatch"), reverse("dispatch_sign", args=[ticket.number])
    )
    return ToPlan(ticket, url, selectors.wishes(ticket), services.needs_approval(ticket), sign_url)


def _board(request: HttpRequest, asked: Asked, form: forms.Form | None, off: forms.Form | None) -> dict[str, Any]:
    """The right side: the form of what was chosen above the day of every technician."""
    at = now()
    actor = Actor.of(request)
    chosen: dict[str, Any] = {}
    ticket = visit = None
    if asked.visit:
        visit = selectors.visit_page(Visit.objects.all(), asked.visit)
        if visit is None:
            raise Http404
        ticket = visit.ticket
    elif asked.ticket:
        ticket = selectors.ticket_to_plan(asked.ticket)
        if ticket is None:
            raise Http404
    people = selectors.candidates(ticket, region="" if ticket else asked.region)
    window: Window | None = None
    is_wish = False
    if ticket is not None:
        window, is_wish = _window(asked, ticket, visit, people, form, at)
    day = timezone.localdate(window.start) if window else asked.day or timezone.localdate(at)
    visits = selectors_day.visits_on(day)
    if ticket is not None and window is not None:
        others = [one for one in visits if visit is None or one.pk != visit.pk]
        people = selectors.weigh(people, window, others)
        verbs = {verb.name for verb in available(ticket, actor)}
        chosen = {
            "visit": visit,
            "ticket": ticket,
            "wishes": selectors.wishes(ticket),
            "best": people[:6],
            "rest": people[6:],
            "form": form or _form(asked, visit, people, window, is_wish),
            "off": off or CallOffForm(prefix="off"),
            **(_in_danger(ticket, visit, at) if visit is not None else {}),
            "may_plan": "plan_visit" in verbs and visit is None,
            "may_move": visit is not None and "move_visit" in verbs and visit.state == "planned",
            "may_override": bool(actor.user and actor.user.leads),
            "may_call_off": visit is not None and "cancel_visit" in verbs,
            "why_not": _why_not(ticket, visit, verbs),
            "close_url": asked.url(ticket="", visit=0, technician="", start=None, end=None, day=day),
            "query": _query(asked),
            "older_than_shown": form is not None and version(request) != ticket.version,
        }
    stays = asked.url(technician="", start=None, end=None, day=day)
    return {
        **chosen,
        "asked": asked,
        "at": at,
        "table": selectors_day.day_table(day, people, visits, at, window),
        "today": timezone.localdate(at),
        "previous_url": asked.url(day=day - timedelta(days=1), technician="", start=None, end=None),
        "next_url": asked.url(day=day + timedelta(days=1), technician="", start=None, end=None),
        "today_url": asked.url(day=timezone.localdate(at), technician="", start=None, end=None),
        "stays": stays,
        "joint": "&" if "?" in stays else "?",
    }


def _in_danger(ticket: Ticket, visit: Visit, at: datetime) -> dict[str, Any]:
    """What stands against a planned visit, and whether it is too late to call it off with notice (R24)."""
    if visit.state != VisitState.PLANNED:
        return {}
    return {
        "missing": checks.missing(visit, at),
        "cut_off": promises.cut_off(ticket, visit),
        "too_late": late.is_late(ticket, visit, at=at),
        "asked_late": late.pending(visit),
    }


def _query(asked: Asked) -> str:
    """The filters that a form carries along in its address."""
    url = asked.url(ticket="", visit=0, technician="", start=None, end=None, day=None)
    return url.partition("?")[2]


def _why_not(ticket: Ticket, visit: Visit | None, verbs: set[str]) -> str:
    """Why nothing can be planned now; empty when it can."""
    if visit is not None:
        return "" if {"move_visit", "cancel_visit"} & verbs else str(visit.state_word.label)
    if "plan_visit" in verbs:
        return ""
    if services.needs_approval(ticket):
        return _("The manager signs an installation order before anyone is sent.")
    return _("A visit cannot be planned while the ticket is “%(state)s”.") % {"state": ticket.state_word.label}


def _window(
    asked: Asked, ticket: Ticket, visit: Visit | None, people: list[Candidate], form: forms.Form | None, at: datetime
) -> tuple[Window, bool]:
    """The time that the form starts from: what was typed, clicked, promised already, wished, or is free next."""
    if form is not None and form.is_bound:
        start, end = _typed(form, "window_start"), _typed(form, "window_end")
        if start and end and start < end:
            return Window(start, end), False
    if asked.start and asked.end and asked.start < asked.end:
        window = Window(asked.start, asked.end)
        return window, visit is None and selectors.is_wished(ticket, window)
    if visit is not None:
        window, wish = Window(visit.window_start, visit.window_end), False
    else:
        selectors.learn_bookings(people, at, at + selectors.LOOK_AHEAD)
        window, wish = selectors.propose(ticket, people, at)
    if asked.day and asked.day != timezone.localdate(window.start):
        shift = timedelta(days=(asked.day - timezone.localdate(window.start)).days)
        window, wish = Window(window.start + shift, window.end + shift), False
    return window, wish


def _typed(form: forms.Form, name: str) -> datetime | None:
    """What was typed, also where the form refuses it: the day is shown as it would be."""
    field = form.fields[name]
    try:
        value = field.clean(form[name].value())
    except forms.ValidationError:
        return None
    return value if value and abs(value.date() - timezone.localdate()) <= FURTHEST * 2 else None


def _form(
    asked: Asked, visit: Visit | None, people: list[Candidate], window: Window, is_wish: bool
) -> PlanForm | MoveForm:
    technician = asked.technician or (visit.technician.username if visit else "")
    if not technician:
        free = [one for one in people if one.clash is None and not one.away]
        technician = free[0].user.username if free else ""
    initial = {
        "technician": technician,
        "window_start": timezone.localtime(window.start).strftime(LOCAL),
        "window_end": timezone.localtime(window.end).strftime(LOCAL),
        "customer_wish": is_wish,
    }
    return MoveForm(initial=initial) if visit else PlanForm(initial=initial)
