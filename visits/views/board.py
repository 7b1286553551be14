"""The dispatch board: technicians' days as a timeline beside what waits to be planned; moved by hand or by form."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import Region, User
from aftersales.core import keyset, problems
from aftersales.core.errors import Invalid, NotAllowed, Refusal
from aftersales.core.time import now
from aftersales.customers import skills
from tickets.selectors import capped_count
from tickets.verbs import available
from visits import board as reading
from visits import selectors
from visits.forms import MoveForm, PlanForm
from visits.models import Visit
from visits.selectors import OVERSEERS, Window
from visits.services import booking
from visits.services import dispatch as services
from visits.services.dispatch import FURTHEST
from visits.views.answers import add_refusal, version

COLUMN = 25  # tickets on one page of what waits
DAYS = {"day": 1, "week": 7, "list": 1}


@dataclass(frozen=True)
class Asked:
    """What the address of the board says: the days, the filters, the pages of rows and of what waits."""

    view: str = "day"
    day: date | None = None
    region: str = ""
    skill: str = ""
    team: str = ""
    page: int = 1
    after: str = ""

    @classmethod
    def read(cls, request: HttpRequest) -> Asked:
        get = request.GET.get
        view, page = get("view", ""), get("page", "")
        return cls(
            view=view if view in DAYS else "day",
            day=_day(get("day", "")),
            region=_code(get("region", "")),
            skill=_code(get("skill", "")),
            team=_code(get("team", "")),
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1,
            after=get("after", ""),
        )

    def params(self) -> dict[str, str]:
        values = {
            "view": "" if self.view == "day" else self.view,
            "day": self.day.isoformat() if self.day else "",
            "region": self.region,
            "skill": self.skill,
            "team": self.team,
            "page": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in values.items() if value}

    def url(self, **changes: Any) -> str:
        """The board's address with some of it changed."""
        query = urlencode(replace(self, **changes).params())
        return reverse("board") + (f"?{query}" if query else "")

    def rows(self) -> reading.Rows:
        return reading.rows(region=self.region, skill=self.skill, team=self.team, page=self.page)


def _code(text: str) -> str:
    """A code as an address may name it; PostgreSQL takes no NUL."""
    return text.replace("\0", "")[:60]


def _day(text: str) -> date | None:
    """A day that the board can show; anything else is today."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and abs(day - timezone.localdate()) <= FURTHEST * 2 else None


@staff_page(*OVERSEERS)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Show the technicians' days beside what waits to be planned; the column and the list are also served alone."""
    asked = Asked.read(request)
    target = request.htmx.target if request.htmx else ""  # type: ignore[attr-defined]
    if target == "waiting":
        return render(request, "visits/board.html#waiting", _waiting(asked))
    today = timezone.localdate(now())
    day = asked.day or today
    count = DAYS[asked.view]
    first = day - timedelta(days=day.weekday()) if asked.view == "week" else day
    rows = asked.rows()
    asked = replace(asked, page=rows.page)
    context: dict[str, Any] = {
        "asked": asked,
        "rows": rows,
        "days": reading.days(rows.rows, first, count),
        "first": first,
        "last": first + timedelta(days=count - 1),
        "today": today,
    }
    if target == "board-list":
        return render(request, "visits/board.html#list", context)
    context |= _waiting(asked) | {
        "board": _board(asked, rows, first, count),
        "regions": Region.objects.all(),
        "teams": reading.teams(),
        "skills": [(code, skills.word(code)) for code in rows.skills],
        "previous_url": asked.url(day=day - timedelta(days=count)),
        "today_url": asked.url(day=None),
        "next_url": asked.url(day=day + timedelta(days=count)),
        "views": [(name, word, asked.url(view=name)) for name, word in _views()],
        "above_url": asked.url(page=rows.page - 1) if rows.page > 1 else "",
        "below_url": asked.url(page=rows.page + 1) if rows.more else "",
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "visits/board.html", context)


def _views() -> list[tuple[str, str]]:
    return [
        ("day", pgettext("view of the board", "Day")),
        ("week", pgettext("view of the board", "Week")),
        ("list", pgettext("view of the board", "List")),
    ]


def _board(asked: Asked, rows: reading.Rows, first: date, count: int) -> dict[str, Any]:
    """What the script needs: the rows, where the rest comes from, and its words."""
    feed = {**asked.params(), "start": first.isoformat(), "end": (first + timedelta(days=count)).isoformat()}
    offset = timezone.localtime(now()).strftime("%z")
    return {
        "view": asked.view,
        "day": first.isoformat(),
        "feed": f"{reverse('board_feed')}?{urlencode(feed)}",
        "offset": f"{offset[:3]}:{offset[3:5]}",
        "usual": int(selectors.USUAL.total_seconds() // 60),
        "rows": [
            {
                "id": row.user.username,
                "name": row.user.name,
                "skills": list(row.skills),
                "regions": [region.code for region in row.regions],
                "about": ", ".join([*(region.name for region in row.regions), *map(skills.word, row.skills)]),
            }
            for row in rows.rows
        ],
        "words": {
            "board": _("Timeline of the technicians"),
            "travel": _("travel time"),
            "closed": _("not at work"),
            "leave": _("away"),
            "free": _("free again"),
            "wished": _("wished"),
            "failed": _("That did not work. Reload the page and try again."),
            "offline": _("No connection. Nothing was sent; try again."),
            "too_many": _("There are more visits than the board shows. Choose a region, a team or a single day."),
        },
    }


def _waiting(asked: Asked) -> dict[str, Any]:
    """The column: what needs a visit and has none."""
    tickets = reading.unassigned(region=asked.region, skill=asked.skill)
    page = keyset.page(tickets, reading.BY_CLOCK, token=asked.after, size=COLUMN, params=asked.params())
    entries = []
    for ticket in reading.with_promises(page.rows):
        wishes = selectors.wishes(ticket)
        spans = [{"start": reading.local(wish.start), "end": reading.local(wish.end)} for wish in wishes]
        entries.append(
            {
                "ticket": ticket,
                "wishes": wishes,
                "wished": json.dumps(spans),
                "unsigned": services.needs_approval(ticket),
                "url": reverse("board_plan", args=[ticket.number]),
            }
        )
    return {"entries": entries, "page": page, "waiting_count": capped_count(tickets), "asked": asked}


@staff_page(*OVERSEERS)
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """What lies in the rows between two days, as JSON: visits, ways and closed times, at most 14 days at once."""
    try:
        start, end = _asked_day(request, "start"), _asked_day(request, "end")
        if end <= start:
            raise Invalid(_("The end must be after the start."), code="order", field="end")
        if end - start > reading.LONGEST_SPAN:
            raise Invalid(
                _("At most %(days)d days at once.") % {"days": reading.LONGEST_SPAN.days}, code="too_long", field="end"
            )
    except Invalid as refusal:
        return problems.of_refusal(refusal, request)
    span = Window(selectors.bounds(start).start, selectors.bounds(end).start)
    return JsonResponse(reading.feed(Asked.read(request).rows().rows, span))


def _asked_day(request: HttpRequest, name: str) -> date:
    day = _day(request.GET.get(name, ""))
    if day is None:
        raise Invalid(_("Give a day as 2026-03-04, at most a year away."), code="invalid", field=name)
    return day


# ── planning and moving ────────────────────────────────────────────────────────────────────────
@staff_page(*OVERSEERS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, number: str) -> HttpResponse:
    """The form that plans a ticket's visit, and the deed; what was dragged is answered as JSON."""
    ticket = selectors.ticket_to_plan(number)
    if ticket is None:
        raise Http404
    context: dict[str, Any] = {"ticket": ticket, "wishes": selectors.wishes(ticket), "version": ticket.version}
    if request.method != "POST":
        verbs = {verb.name for verb in available(ticket, Actor.of(request))}
        if "plan_visit" not in verbs:
            unsigned = services.needs_approval(ticket)
            context["why_not"] = (
                _("The manager signs an installation order before anyone is sent.")
                if unsigned
                else _("A visit cannot be planned while the ticket is “%(state)s”.")
                % {"state": ticket.state_word.label}
            )
            return _dialog(request, context)
        return _dialog(request, context | {"form": PlanForm(initial=_proposed(request, ticket))})
    form = PlanForm(request.POST)
    if form.is_valid() and _dragged(request):
        window = Window(form.cleaned_data["window_start"], form.cleaned_data["window_end"])
        wished = any(wish.start <= window.start and window.end <= wish.end for wish in context["wishes"])
        form.cleaned_data["customer_wish"] = wished  # dropped into what the customer asked for
    if not form.is_valid():
        return _refused(request, context, form)
    try:
        services.plan_visit(ticket.pk, **form.cleaned_data, by=Actor.of(request), version=version(request))
    except Refusal as refusal:
        return _refused(request, context, form, refusal)
    message = _("%(number)s is planned with %(technician)s; the technician is told.") % {
        "number": number,
        "technician": form.cleaned_data["technician"].name,
    }
    return _done(request, message)


@staff_page(*OVERSEERS)
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, visit_id: int) -> HttpResponse:
    """The form that gives an appointment another time or technician, and the deed.

    Asked for with `dropped`, it first says whether somebody is there already: before anyone writes down a reason.
    """
    visit = selectors.visit_page(Visit.objects.all(), visit_id)
    if visit is None:
        raise Http404
    ticket = visit.ticket
    context: dict[str, Any] = {
        "ticket": ticket,
        "visit": visit,
        "wishes": selectors.wishes(ticket),
        "version": ticket.version,
    }
    if request.method != "POST":
        verbs = {verb.name for verb in available(ticket, Actor.of(request))}
        if "move_visit" not in verbs or visit.state != "planned":
            if "dropped" in request.GET:
                gone = NotAllowed(_("The visit is “%(state)s” and stays.") % {"state": visit.state_word.label})
                return problems.of_refusal(gone, request)
            return _dialog(request, context)
        form = MoveForm(initial=_as_it_is(request, visit))
        if "dropped" in request.GET:
            clash = _clash(form, visit)
            if clash is not None:
                return problems.of_refusal(clash, request)
        return _dialog(request, context | {"form": form, "may_call_off": "cancel_visit" in verbs})
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _refused(request, context, form)
    try:
        services.move_visit(ticket.pk, **form.cleaned_data, by=Actor.of(request), version=version(request))
    except Refusal as refusal:
        return _refused(request, context, form, refusal, visit)
    message = _("%(order)s is moved; the technicians are told.") % {"order": visit.order_number}
    return _done(request, message)


def _dialog(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, "visits/board_dialog.html", context, status=status)


def _dragged(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _done(request: HttpRequest, message: str) -> HttpResponse:
    if _dragged(request):
        return JsonResponse({"message": message})
    told = {"toast": {"text": message, "level": "success"}, "board:changed": {}}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(told)})


def _refused(
    request: HttpRequest,
    context: dict[str, Any],
    form: forms.Form,
    refusal: Refusal | None = None,
    visit: Visit | None = None,
) -> HttpResponse:
    """Say why not: in the form with all that was typed, or as a problem to what was dragged."""
    if refusal is not None and refusal.code == "slot_taken":
        refusal = _with_who(refusal, form, visit)
    if _dragged(request):
        if refusal is None:
            errors = [
                (field, str(error.code or "invalid"), " ".join(error.messages))
                for field, found in form.errors.as_data().items()
                for error in found
            ]
            refusal = Invalid(errors=errors)
        return problems.of_refusal(refusal, request)
    status = add_refusal(form, refusal) if refusal is not None else 422
    # The version stays the one that the reader saw: what changed meanwhile was not read by sending again.
    return _dialog(request, context | {"form": form, "version": version(request)}, status)


def _with_who(refusal: Refusal, form: forms.Form, visit: Visit | None) -> Refusal:
    """Add who was faster: two dispatchers can then talk to each other."""
    wanted = form.cleaned_data
    window = Window(wanted["window_start"], wanted["window_end"])
    other = reading.in_the_way(wanted["technician"], window, but=visit)
    who = reading.who_booked(other) if other else ""
    if not who:
        return refusal
    return NotAllowed(f"{refusal.message} {who}", code=refusal.code, field=refusal.field, rule=refusal.rule)


def _clash(form: MoveForm, visit: Visit) -> Refusal | None:
    """Who is there already at the time at which a visit was dropped."""
    window = Window(*(_typed(form.initial[name]) for name in ("window_start", "window_end")))
    person = User.objects.filter(username=form.initial["technician"]).first()
    other = reading.in_the_way(person, window, but=visit) if person else None
    if person is None or other is None:
        return None
    message = f"{booking.who_is_there(person, other)} {reading.who_booked(other)}"
    return NotAllowed(message.strip(), code="slot_taken", field="window_start")


def _typed(text: str) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(text))


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """Where something was dropped, as far as the address says it."""
    found: dict[str, Any] = {}
    if technician := _code(request.GET.get("technician", "")):
        found["technician"] = technician
    for name in ("window_start", "window_end"):
        text = request.GET.get(name, "")
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            continue
        if value.tzinfo is None and _day(value.date().isoformat()):
            found[name] = value.strftime("%Y-%m-%dT%H:%M")
    return found


def _proposed(request: HttpRequest, ticket: Any) -> dict[str, Any]:
    """What the form starts from: the customer's wish, or the soonest free time of those who fit."""
    at = now()
    people = selectors.candidates(ticket)
    selectors.learn_bookings(people, at, at + selectors.LOOK_AHEAD)
    window, wish = selectors.propose(ticket, people, at)
    free = [one for one in sorted(people, key=lambda one: (-one.fit, one.user.name)) if one.free(window)]
    return {
        "technician": free[0].user.username if free else "",
        "window_start": reading.local(window.start),
        "window_end": reading.local(window.end),
        "customer_wish": wish,
    } | _asked_for(request)


def _as_it_is(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    return {
        "technician": visit.technician.username,
        "window_start": reading.local(visit.window_start),
        "window_end": reading.local(visit.window_end),
    } | _asked_for(request)
