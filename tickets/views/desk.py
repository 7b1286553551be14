"""The desk: every list that a clerk works from, with what is promised soonest on top (R80)."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.core import keyset
from tickets import selectors
from tickets.selectors import DeskView
from tickets.verbs import available

PAGE_SIZE = 30  # two screens; more is the next page
READERS = DESK | {Role.ARCHIVIST}
_OVERSEERS = LEADERS | {Role.ARCHIVIST}  # they look at everybody's work first
_TABS = (
    (DeskView.MINE, "user"),
    (DeskView.FOLLOW_UP, "phone-call"),
    (DeskView.WAITING, "player-pause"),
    (DeskView.UNOWNED, "inbox"),
    (DeskView.CLOCK, "clock"),
    (DeskView.CLOSED, "lock"),
)
_ALONE = (DeskView.MINE, DeskView.UNOWNED, DeskView.CLOCK)  # mine by clock is "mine"

# What an empty list tells: a title and what to do.
_EMPTY = {
    DeskView.MINE: (_("You own no open ticket"), _("Take one that nobody owns, or register a call.")),
    DeskView.FOLLOW_UP: (
        _("Nothing to follow up"),
        _("Resolved tickets stand here until the customer says that it works."),
    ),
    DeskView.WAITING: (_("Nothing waits"), _("Tickets that wait for a customer or for parts stand here.")),
    DeskView.UNOWNED: (_("Every ticket has an owner"), _("Requests of partners stand here until someone takes them.")),
    DeskView.CLOCK: (_("No open ticket"), _("Register the next call.")),
    DeskView.CLOSED: (_("Nothing closed yet"), _("Closed, refused and cancelled tickets stand here, newest first.")),
}


@dataclass(frozen=True)
class Tab:
    view: str
    label: str
    icon: str
    count: int
    url: str
    active: bool

    @property
    def shown(self) -> str:
        """The count as it is shown: exact up to the cap."""
        cap = selectors.COUNT_CAP
        return f"{cap:,}+" if self.count > cap else str(self.count)


@staff_page(*READERS)
def desk(request: HttpRequest) -> HttpResponse:
    """One list of the desk, its tabs with their counts, and what is offered to the reader."""
    actor = Actor.of(request)
    overseer = actor.user is not None and actor.user.role in _OVERSEERS
    view = request.GET.get("view", "")
    if view not in DeskView.values:
        view = DeskView.CLOCK if overseer else DeskView.MINE
    who = request.GET.get("who", "")
    if who not in ("me", "all"):
        who = "all" if overseer else "me"
    mine = who == "me"
    counts = selectors.capped_counts(
        [selectors.desk(one, actor, mine=mine and one not in _ALONE)[0] for one, _icon in _TABS]
    )
    tabs = [
        Tab(one, str(one.label), icon, count, f"?view={one}&who={who}", one == view)
        for (one, icon), count in zip(_TABS, counts, strict=True)
    ]
    rows, order = selectors.desk(view, actor, mine=mine and view not in _ALONE)
    page = keyset.page(
        selectors.with_rows(rows),
        order,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"view": view, "who": who},
    )
    offered = list(selectors.offered_to(actor.user)[:20]) if actor.user and actor.user.role in DESK else []
    for ticket in offered:
        ticket.answers = available(ticket, actor, among=("accept", "decline"))  # type: ignore[attr-defined]
    title, advice = _EMPTY[DeskView(view)]
    context = {
        "tabs": tabs,
        "view": view,
        "view_label": DeskView(view).label,
        "who": who,
        "switch": view not in _ALONE,
        "page": page,
        "offered": offered,
        "closed": view == DeskView.CLOSED,
        "empty_title": title,
        "empty_advice": advice,
    }
    template = "tickets/desk.html#lists" if request.htmx else "tickets/desk.html"  # type: ignore[attr-defined]
    return render(request, template, context)
