"""The ticket's page: what it is, what was promised, what happened, what may be done now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.customers import selectors as customers
from tickets import actions, describe, selectors
from tickets.models import Ticket
from tickets.services import inbox
from tickets.sla.states import ClockState
from tickets.states import EventKind
from tickets.verbs import Verb, available

PAGE_SIZE = 30
MAX_BUTTONS = 4
_NEWEST = keyset.Order("-id")
# After the next step, the verbs that a person on the telephone reaches for; the others stand under "More".
_NEAR = ("check_in", "complete_visit", "plan_visit", "log_contact", "wait", "resolve", "note", "hand_over")
_DANGEROUS = ("refuse", "cancel", "cancel_visit")

FILTERS = (
    ("all", _("All")),
    ("contacts", _("Contacts and notes")),
    ("states", _("State changes")),
    ("promises", _("Promises")),
)


@dataclass(frozen=True)
class Buttons:
    """The verbs of a page: up to four in sight, the others in a menu, those that end something last."""

    shown: list[Verb]
    more: list[Verb]
    ends: list[Verb]


def buttons(ticket: Ticket, actor: Actor) -> Buttons:
    """Order what this person may do now: the next step first."""
    verbs = [verb for verb in available(ticket, actor) if actions.get(verb.name) is not None]
    ends = [verb for verb in verbs if verb.name in _DANGEROUS]
    rest = [verb for verb in verbs if verb.name not in _DANGEROUS]
    first = [verb for verb in rest if verb.primary and not _aside(verb, ticket)]
    near = sorted(
        (verb for verb in rest if not verb.primary and verb.name in _NEAR), key=lambda verb: _NEAR.index(verb.name)
    )
    others = [verb for verb in rest if verb not in first and verb not in near]
    line = [*first, *near]
    return Buttons(line[:MAX_BUTTONS], [*line[MAX_BUTTONS:], *others], ends)


def _aside(verb: Verb, ticket: Ticket) -> bool:
    """A leader may take any ticket, but it is the next step only where nobody owns it."""
    return verb.name == "take" and ticket.owner_id is not None


def visible(number: str, actor: Actor) -> Ticket:
    """The ticket with all that its page shows; 404 when it is not there or not the reader's to see."""
    ticket = selectors.by_number(number, actor)
    if ticket is None:
        raise Http404
    return ticket


@staff_page(*NOT_ADMIN)
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """Everything about one ticket; a request for its timeline alone gets that."""
    actor = Actor.of(request)
    found = visible(number, actor)
    show = request.GET.get("show", "all")
    if show not in dict(FILTERS):
        show = "all"
    context = {"ticket": found, "show": show, "filters": FILTERS, **_story(request, found, show)}
    if request.htmx and request.htmx.target == "timeline":  # type: ignore[attr-defined]
        return render(request, "tickets/ticket.html#timeline", context)
    inbox.read_ticket(found, by=person(request))
    open_clocks = [clock for clock in found.clocks.all() if clock.state in (ClockState.RUNNING, ClockState.PAUSED)]
    ended_clocks = [clock for clock in found.clocks.all() if clock not in open_clocks]
    warranty = customers.warranty(found.product, at=timezone.now()) if found.product else None
    context |= {
        "buttons": buttons(found, actor),
        "clocks": [*open_clocks, *ended_clocks],
        "warranty": warranty,
        "windows": [
            (parse_datetime(window["start"]), parse_datetime(window["end"])) for window in found.wished_windows
        ],
    }
    return render(request, "tickets/ticket.html", context)


def _story(request: HttpRequest, ticket: Ticket, show: str) -> dict[str, object]:
    kinds: list[EventKind] | None = {"contacts": describe.CONTACTS, "promises": describe.PROMISES}.get(show)
    events = selectors.timeline(ticket, kinds=[str(kind) for kind in kinds] if kinds else None)
    if show == "states":
        events = events.exclude(to_state="")
    page = keyset.page(
        events,
        _NEWEST,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": show} if show != "all" else {},
    )
    return {"story": page, "entries": [describe.entry(event) for event in page.rows]}
