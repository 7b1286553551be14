"""The list behind each number of the dashboard: number and list come from the same question and cannot differ.

A list is named by its address, such as ?clock=late&target=response or ?state=waiting&team=3. Some list tickets, others
promises, visits or callbacks; each row shows the ticket that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.accounts.models import Region, Team
from aftersales.core import keyset
from aftersales.core.errors import Invalid
from aftersales.core.keyset import Order
from complaints.models import Callback
from complaints.states_callback import CallbackState
from tickets import selectors
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import OPEN, State
from visits.models import RepeatRepair, Visit
from visits.states import VisitState

SOON = timedelta(hours=1)
MONTH = timedelta(days=30)
PARAMETERS = ("state", "due", "clock", "target", "day", "visits", "callbacks", "repeats", "team", "region")
_BY_DUE = Order("due_at", "id")


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """When a date of the house begins and ends: [start, end)."""
    zone = timezone.get_default_timezone()
    start = datetime.combine(day, time(0), tzinfo=zone)
    return start, datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)


@dataclass(frozen=True)
class Listing:
    """What to list, in which order, under which title; `ticket` names the way from a row to its ticket."""

    rows: QuerySet[Any]
    order: Order
    title: str
    params: Mapping[str, str]
    ticket: str = ""
    ended: bool = False  # the tickets may be closed: their end is shown instead of their last change

    @property
    def url(self) -> str:
        return address(self.params)


def address(params: Mapping[str, str]) -> str:
    """Where the list with these parameters is shown."""
    return f"{reverse('dashboard_list')}?{urlencode(params)}"


# ── the kinds of lists ─────────────────────────────────────────────────────────────────────────
_DUE = {"late": gettext_lazy("Tickets past due"), "hour": gettext_lazy("Tickets due within the hour")}
_CLOCK = {
    "running": gettext_lazy("Running promises"),
    "hour": gettext_lazy("Promises due within the hour"),
    "late": gettext_lazy("Promises past due"),
    "paused": gettext_lazy("Paused promises"),
    "kept": gettext_lazy("Promises kept"),
    "broken": gettext_lazy("Promises broken"),
}
_CALLBACKS = {
    "owed": gettext_lazy("Callbacks owed"),
    "open": gettext_lazy("Callbacks that can be made now"),
    "today": gettext_lazy("Callbacks due today"),
    "late": gettext_lazy("Callbacks past due"),
}


def _tickets(params: Mapping[str, str], at: datetime) -> Listing:
    rows: QuerySet[Any] = Ticket.objects.open()
    title = _("Open tickets")
    if "state" in params:
        state = _one_of(State, params["state"], "state")
        if state not in OPEN:
            raise _unknown("state")
        rows = rows.filter(state=state)
        title = f"{title}: {state.label}"
    if "due" in params:
        title = str(_known(_DUE, params["due"], "due"))
        rows = (
            rows.filter(next_due_at__lte=at)
            if params["due"] == "late"
            else rows.filter(next_due_at__gt=at, next_due_at__lte=at + SOON)
        )
    return Listing(rows, selectors.BY_CLOCK, title, params)


def _promises(params: Mapping[str, str], at: datetime) -> Listing:
    which = params["clock"]
    title = str(_known(_CLOCK, which, "clock"))
    rows, order, ended = Clock.objects.all(), _BY_DUE, False
    if which in ("kept", "broken"):
        day = _day(params, at)
        start, end = day_bounds(day)
        ended = True
        title = _("%(what)s on %(day)s") % {"what": title, "day": date_format(day, "DATE_FORMAT")}
        if which == "kept":
            rows, order = rows.filter(met_at__gte=start, met_at__lt=end, breached_at=None), Order("-met_at", "-id")
        else:
            rows, order = rows.filter(breached_at__gte=start, breached_at__lt=end), Order("-breached_at", "-id")
    elif which == "paused":
        rows = rows.filter(state=ClockState.PAUSED)
    else:
        rows = rows.filter(state=ClockState.RUNNING)
        if which == "late":
            rows = rows.filter(due_at__lte=at)
        elif which == "hour":
            rows = rows.filter(due_at__gt=at, due_at__lte=at + SOON)
    if "target" in params:
        target = _one_of(Target, params["target"], "target")
        rows = rows.filter(target=target)
        title = f"{title}: {target.label}"
    return Listing(rows, order, title, params, "ticket", ended)


def _visits(params: Mapping[str, str], at: datetime) -> Listing:
    start, end = day_bounds(_day(params, at))
    rows = Visit.objects.filter(window_start__gte=start, window_start__lt=end)
    title = _("Today's visits")
    if params["visits"] != "all":
        state = _one_of(VisitState, params["visits"], "visits")
        rows = rows.filter(state=state)
        title = f"{title}: {state.label}"
    return Listing(rows, Order("window_start", "id"), title, params, "ticket")


def _callbacks(params: Mapping[str, str], at: datetime) -> Listing:
    which = params["callbacks"]
    title = str(_known(_CALLBACKS, which, "callbacks"))
    rows = Callback.objects.filter(state=CallbackState.OWED)
    if which == "open":
        rows = rows.filter(opens_at__lte=at)
    elif which == "late":
        rows = rows.filter(due_at__lte=at)
    elif which == "today":
        rows = rows.filter(due_at__gt=at, due_at__lt=day_bounds(timezone.localdate(at))[1])
    return Listing(rows, _BY_DUE, title, params, "ticket")


def _repeats(params: Mapping[str, str], at: datetime) -> Listing:
    if params["repeats"] != "month":
        raise _unknown("repeats")
    rows = RepeatRepair.objects.filter(recognised_at__gt=at - MONTH)
    return Listing(
        rows, Order("-recognised_at", "-id"), _("Repeat repairs of the last 30 days"), params, "ticket", True
    )


_KINDS: dict[str, Callable[[Mapping[str, str], datetime], Listing]] = {
    "clock": _promises,
    "visits": _visits,
    "callbacks": _callbacks,
    "repeats": _repeats,
}


def listing(params: Mapping[str, str], at: datetime, *, named: bool = True) -> Listing:
    """Read an address into its list. Raises Invalid for a word that there is not.

    `named=False` leaves out the names of team and region, and so the questions for them.
    """
    params = {name: params[name] for name in PARAMETERS if params.get(name)}
    kind = next((make for name, make in _KINDS.items() if name in params), _tickets)
    found = kind(params, at)
    way = f"{found.ticket}__" if found.ticket else ""
    rows, title = found.rows, found.title
    for name, model in (("team", Team), ("region", Region)):
        if name in params:
            pk = _number(params[name], name)
            rows = rows.filter(**{f"{way}{name}": pk or None})
            if named:
                thing = model.objects.filter(pk=pk).first()
                title = f"{title} · {thing or (_('no team') if name == 'team' else _('no region'))}"
    return replace(found, rows=rows, title=title)


def _unknown(field: str) -> Invalid:
    return Invalid(_("There is no such list."), code="unknown", field=field)


def _known(words: Mapping[str, Any], word: str, field: str) -> Any:
    if word not in words:
        raise _unknown(field)
    return words[word]


def _one_of(choices: Any, word: str, field: str) -> Any:
    try:
        return choices(word)
    except ValueError as error:
        raise _unknown(field) from error


def _number(text: str, field: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise _unknown(field)
    return int(text)


def _day(params: Mapping[str, str], at: datetime) -> date:
    try:
        day = parse_date(params["day"]) if "day" in params else timezone.localdate(at)
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2100:
        raise _unknown("day")
    return day


# ── numbers and pages ──────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Number:
    """How many, up to the cap, and the way to them."""

    value: int
    url: str

    @property
    def shown(self) -> str:
        cap = selectors.COUNT_CAP
        return f"{cap:,}+" if self.value > cap else f"{self.value:,}"

    def __bool__(self) -> bool:
        return self.value > 0


def count(wanted: Iterable[Mapping[str, str]], at: datetime) -> list[Number]:
    """Count these lists in one query, each up to the cap."""
    listings = [listing(params, at, named=False) for params in wanted]
    parts: list[str] = []
    values: list[Any] = []
    for one in listings:
        try:
            sql, given = one.rows.order_by().values("pk")[: selectors.COUNT_CAP + 1].query.sql_with_params()
        except EmptyResultSet:
            sql, given = "SELECT 1 WHERE false", ()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS rows)")  # noqa: S608  the ORM's own SQL with its parameters
        values += given
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        found = cursor.fetchone()
    return [Number(value, one.url) for value, one in zip(found, listings, strict=True)]


def page(one: Listing, *, token: str, size: int = 50) -> keyset.Page[Ticket]:
    """Cut a page: the tickets of its rows in the order of the rows. A promise's row shows that promise."""
    found = keyset.page(one.rows, one.order, token=token, size=size, params=dict(one.params))
    ids = [getattr(row, f"{one.ticket}_id") if one.ticket else row.pk for row in found.rows]
    tickets = {ticket.pk: ticket for ticket in selectors.with_rows(Ticket.objects.filter(pk__in=ids))}
    rows = []
    for row, pk in zip(found.rows, ids, strict=True):
        ticket = tickets[pk]
        if isinstance(row, Clock):
            ticket = copy(ticket)
            ticket._prefetched_objects_cache = {"clocks": [row]}  # type: ignore[attr-defined]
        rows.append(ticket)
    return keyset.Page(rows, found.next_key, found.first, found.params)
