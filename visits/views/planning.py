"""Proposals for whoever dispatches: the best people and times for one visit, and a plan for the rest of a day (R22)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import Region, User
from aftersales.core.errors import Refusal
from aftersales.core.time import now
from tickets.forms import LOCAL
from tickets.models import Ticket
from tickets.selectors import capped_count
from tickets.verbs import available
from visits import planning, selectors, selectors_watch
from visits.forms import PlanForm
from visits.planning import Proposal, Reason, data, words
from visits.selectors import OVERSEERS
from visits.services import dispatch as services
from visits.views.answers import add_refusal
from visits.views.dispatch import Asked

MOST_FREED = 2


@dataclass(frozen=True)
class Said:
    """A reason in words."""

    text: str
    good: bool


def _said(reasons: tuple[Reason, ...]) -> list[Said]:
    return [Said(words.say(reason), reason.good) for reason in reasons]


# ── one visit ──────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Suggestion:
    """A technician and a time, and the address at which the form is filled in with both."""

    person: User
    start: datetime
    end: datetime
    kept: bool | None
    reasons: list[Said]
    url: str


@staff_page(*OVERSEERS)
@require_safe
def suggestions(request: HttpRequest, number: str) -> HttpResponse:
    """Show who had best go when; the dispatch page fetches it into the form of the visit."""
    ticket = selectors.ticket_to_plan(number)
    if ticket is None:
        raise Http404
    may_plan = "plan_visit" in {verb.name for verb in available(ticket, Actor.of(request))}
    asked = replace(Asked.read(request), ticket=number, visit=0)
    context = {
        "ticket": ticket,
        "may_plan": may_plan and ticket.site is not None,
        "suggestions": _suggestions(ticket, asked, now()) if may_plan else [],
        "back": asked.url(),
    }
    template = "visits/suggestions.html"
    return render(request, f"{template}#list" if request.htmx else template, context)  # type: ignore[attr-defined]


def _suggestions(ticket: Ticket, asked: Asked, at: datetime) -> list[Suggestion]:
    known = data.for_ticket(ticket, at)
    freed = _freed(ticket, asked, at) if known.jobs else []
    return freed + [
        Suggestion(
            known.people[one.worker],
            one.start,
            one.end,
            one.kept,
            _said(one.reasons),
            asked.url(technician=known.people[one.worker].username, start=one.start, end=one.end, day=None),
        )
        for job in known.jobs
        for one in planning.suggest(job, known.workers, at, terms=known.terms)
        if not any(one.worker == other.person.pk and one.start < other.end and one.end > other.start for other in freed)
    ]


def _freed(ticket: Ticket, asked: Asked, at: datetime) -> list[Suggestion]:
    """The time that an appointment gave back comes first: it lies idle otherwise (R24)."""
    found = []
    for slot in selectors_watch.freed_for(ticket, at=at)[:MOST_FREED]:
        person, start, end = slot.freed.technician, slot.start, min(slot.freed.end, slot.start + selectors.USUAL)
        url = asked.url(technician=person.username, start=start, end=end, day=None)
        said = Said(_("this time was given back by another appointment"), good=True)
        found.append(Suggestion(person, start, end, None, [said], url))
    return found


# ── the rest of a day ──────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Line:
    """A line of the proposal: what is sent back when it is booked, beside what the reader weighs."""

    ticket: Ticket
    person: User
    proposal: Proposal
    reasons: list[Said]
    start: str
    end: str
    ticked: bool


@dataclass(frozen=True)
class Refused:
    """A line that was not booked, and why."""

    number: str
    technician: str
    why: str


@staff_page(*OVERSEERS)
@require_http_methods(["GET", "HEAD", "POST"])
def rest(request: HttpRequest) -> HttpResponse:
    """Propose a technician and a time for all that is still to be planned on a day; book the lines that are ticked."""
    at = now()
    today = timezone.localdate(at)
    asked = Asked.read(request)
    day = max(asked.day or today, today)
    if request.method != "POST":
        return _proposal(request, asked, day, at)
    numbers = request.POST.getlist("line")
    if not numbers or len(numbers) > data.MOST_TICKETS:
        error = _("Tick at least one line.") if not numbers else _("Too many lines; look at the proposal again.")
        return _proposal(request, asked, day, at, error=error, status=422)
    booked, refused = _book(request, list(dict.fromkeys(numbers)))
    context = {
        "booked": booked,
        "refused": refused,
        "day": day,
        "day_url": asked.url(day=day, ticket="", visit=0),
        "again_url": _address(day, asked.region),
    }
    return render(request, "visits/plan_rest_booked.html", context, status=409 if refused and not booked else 200)


def _address(day: date, region: str) -> str:
    values = {"day": day.isoformat(), "region": region}
    return f"{reverse('dispatch_rest')}?{urlencode({name: value for name, value in values.items() if value})}"


def _proposal(
    request: HttpRequest, asked: Asked, day: date, at: datetime, *, error: str = "", status: int = 200
) -> HttpResponse:
    known = data.for_day(day, at, region=asked.region)
    found = planning.plan(known.jobs, known.workers, at, terms=known.terms)
    lines = [_line(one, known) for one in found.proposals]
    left = [(known.tickets[one.job], words.say(one.reason)) for one in found.left]
    left += [(ticket, words.say(reason)) for ticket, reason in known.aside]
    looked_at = len(lines) + len(left)
    context: dict[str, Any] = {
        "asked": asked,
        "day": day,
        "today": timezone.localdate(at),
        "lines": lines,
        "left": left,
        "kept": sum(one.kept is True for one in found.proposals),
        "broken": sum(one.kept is False for one in found.proposals),
        "more": capped_count(data.waiting(asked.region)) - looked_at,
        "most": data.MOST_TICKETS,
        "error": error,
        "regions": Region.objects.all(),
        "previous_url": _address(day - timedelta(days=1), asked.region) if day > timezone.localdate(at) else "",
        "next_url": _address(day + timedelta(days=1), asked.region),
        "day_url": asked.url(day=day, ticket="", visit=0),
        "here": _address(day, asked.region),
    }
    return render(request, "visits/plan_rest.html", context, status=status)


def _line(proposal: Proposal, known: data.Gathered) -> Line:
    return Line(
        known.tickets[proposal.job],
        known.people[proposal.worker],
        proposal,
        _said(proposal.reasons),
        timezone.localtime(proposal.start).strftime(LOCAL),
        timezone.localtime(proposal.end).strftime(LOCAL),
        ticked=proposal.wished is not False,  # another time than the customer's is agreed by telephone first
    )


def _book(request: HttpRequest, numbers: list[str]) -> tuple[list[tuple[str, User, datetime]], list[Refused]]:
    """Plan each line on its own: one that is refused holds up no other."""
    actor = Actor.of(request)
    tickets = dict(Ticket.objects.filter(number__in=numbers).values_list("number", "pk"))
    booked: list[tuple[str, User, datetime]] = []
    refused = []
    for number in numbers:
        form = PlanForm(request.POST, prefix=number)
        version = request.POST.get(f"{number}-version", "")
        if number not in tickets:
            form.add_error(None, _("There is no such ticket."))
        elif form.is_valid():
            try:
                services.plan_visit(
                    tickets[number],
                    **form.cleaned_data,
                    by=actor,
                    version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
                )
            except Refusal as refusal:
                add_refusal(form, refusal)
        if form.errors:
            why = " ".join(str(message) for messages in form.errors.values() for message in messages)
            refused.append(Refused(number, form["technician"].value() or "–", why))
        else:
            booked.append((number, form.cleaned_data["technician"], form.cleaned_data["window_start"]))
    return booked, refused
