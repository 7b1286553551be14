"""Reading tickets: the desk's views, search, counts. Every list is one index walk, paged by key, never by offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.keyset import Order
from aftersales.core.text import bigrams, digits, fold, has_cjk
from aftersales.customers.models import Customer, CustomerPhone, Product
from tickets.models import Event, Ticket
from tickets.sla.models import Clock
from tickets.sla.states import OPEN as OPEN_CLOCK
from tickets.states import State

COUNT_CAP = 1000  # more than this is shown as "1,000+": nobody works through more, and counting them costs a scan
SEARCH_LIMIT = 30
NEWEST_FIRST = 5_000  # so many of the newest are looked through before the index of words is asked
MANY = 200  # customers with this telephone ending, products with this serial ending
NEWEST_ONLY = 20_000  # where one character is asked for, which no index knows, these are all that is looked through


class DeskView(TextChoices):
    """The lists of the desk (R80)."""

    MINE = "mine", _("Mine")
    UNOWNED = "unowned", _("Unowned")
    FOLLOW_UP = "follow_up", _("To follow up")
    WAITING = "waiting", _("Waiting")
    CLOCK = "clock", _("By clock")
    CLOSED = "closed", _("Closed")


BY_CLOCK = Order("next_due_at", "id")
BY_END = Order("-ended_at", "-id")
NEWEST = Order("-id")


BY_BREACH = Order("breached_at", "id")


def unanswered(*, target: str = "", team: int | None = None) -> QuerySet[Clock]:
    """Broken promises that are still to be kept and that nobody takes care of; read in BY_BREACH, its index."""
    rows = Clock.objects.filter(broken=True, acknowledged_at=None, state__in=OPEN_CLOCK)
    if target:
        rows = rows.filter(target=target)
    if team is not None:
        rows = rows.filter(ticket__team=team)
    return rows.select_related("policy", "ticket__customer", "ticket__owner", "ticket__team")


def parked() -> QuerySet[Clock]:
    """Promises at whose end something had to be done that failed for good; the oldest first."""
    return (
        Clock.objects.filter(parked_at__isnull=False)
        .select_related("policy", "ticket__customer")
        .order_by("parked_at", "pk")
    )


def desk(view: str, actor: Actor, *, mine: bool = False) -> tuple[QuerySet[Ticket], Order]:
    """The tickets of one view of the desk and the order that its index keeps."""
    tickets = Ticket.objects.visible_to(actor)
    if mine and view != DeskView.MINE:
        tickets = tickets.filter(owner=actor.user)
    if view == DeskView.CLOSED:
        return tickets.filter(ended_at__isnull=False), BY_END
    tickets = tickets.open()
    if view == DeskView.MINE:
        tickets = tickets.filter(owner=actor.user)
    elif view == DeskView.UNOWNED:
        tickets = tickets.filter(owner=None)
    elif view == DeskView.FOLLOW_UP:
        tickets = tickets.filter(state=State.RESOLVED)
    elif view == DeskView.WAITING:
        tickets = tickets.filter(state=State.WAITING)
    return tickets, BY_CLOCK


def capped_count(rows: QuerySet[Any]) -> int:
    """Count up to COUNT_CAP + 1; the reader sees "1,000+" beyond it."""
    return rows.order_by()[: COUNT_CAP + 1].count()


def capped_counts(lists: Sequence[QuerySet[Any]]) -> list[int]:
    """Count several lists as `capped_count` does, in one round trip."""
    parts: list[str] = []
    params: list[Any] = []
    for rows in lists:
        sql, values = rows.order_by().values("pk")[: COUNT_CAP + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS part)")  # noqa: S608 - the ORM's own SQL, values apart
        params += values
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), params)
        return list(cursor.fetchone())


def with_rows(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """What a row of a list shows: constant queries for any number of rows."""
    open_clocks = Clock.objects.filter(state__in=["running", "paused"]).select_related("policy").order_by("due_at")
    return (
        tickets.select_related("customer", "owner", "region", "technician", "product__model")
        .defer("description", "search_text", "terms", "customer__terms", "customer__notes")  # half of the bytes
        .prefetch_related(Prefetch("clocks", open_clocks))
    )


def offered_to(user: User) -> QuerySet[Ticket]:
    """Tickets that somebody wants to hand over to this person."""
    return with_rows(Ticket.objects.filter(offered_to=user).open().order_by("next_due_at"))


def by_number(number: str, actor: Actor) -> Ticket | None:
    """One ticket with all that its page shows above the timeline."""
    return (
        Ticket.objects.visible_to(actor)
        .select_related(
            "customer",
            "site__region",
            "product__model",
            "region",
            "team",
            "owner",
            "offered_to",
            "technician",
            "registered_by",
            "partner",
            "dispatch_approved_by",
        )
        .defer("search_text", "terms", "customer__terms")
        .prefetch_related("customer__phones", Prefetch("clocks", Clock.objects.select_related("policy").order_by("pk")))
        .filter(number=number)
        .first()
    )


def timeline(ticket: Ticket, *, kinds: list[str] | None = None) -> QuerySet[Event]:
    """What happened, newest first by the order in which it was recorded."""
    events = Event.objects.filter(ticket=ticket).select_related("user", "partner")
    return events.filter(kind__in=kinds) if kinds else events


# ── search ─────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Found:
    """Tickets that fit, newest first, at most SEARCH_LIMIT; `more` when there are others."""

    tickets: list[Ticket]
    more: bool


def search(text: str, actor: Actor, *, limit: int = SEARCH_LIMIT) -> Found:
    """Find tickets by number, telephone tail, serial suffix, name, subject; 简 finds 繁, two characters suffice.

    What looks like a number or a telephone is looked up as such; words must all occur.
    """
    ids = matching(text, Ticket.objects.visible_to(actor), limit=limit + 1)
    tickets = with_rows(Ticket.objects.visible_to(actor).filter(pk__in=ids)).order_by("-id")
    rows = list(tickets[:limit])
    return Found(rows, more=len(ids) > limit)


def matching(text: str, visible: QuerySet[Ticket], *, limit: int) -> list[int]:
    """The keys of those of the visible tickets that fit, newest first, at most `limit`."""
    words = fold(text)[:100]
    if not words:
        return []
    bare = words.replace(" ", "").upper()
    if bare.startswith("T2") and len(bare) >= 9:
        whole = "-" in bare and len(bare) >= 15
        return _all_then_newest(
            visible.filter(number=bare) if whole else visible.filter(number__startswith=bare), limit
        )
    found: set[int] = set()
    number = digits(words)
    telephone = len(number) >= 4 and not set(words) - set("0123456789 +-()")
    if telephone:
        phones = CustomerPhone.objects.filter(
            tail__startswith=number[::-1].rstrip("0") if number.startswith("0") else number[::-1]
        )
        callers = list(phones.order_by("-pk").values_list("customer_id", flat=True)[:MANY])
        found.update(_all_then_newest(visible.filter(customer_id__in=callers), limit))
    key = Product.key(words)
    if len(key) >= 4 and key.isascii():
        products = Product.objects.filter(serial_key__startswith=key)
        known = list(products.order_by("-pk").values_list("pk", flat=True)[:MANY])
        found.update(_all_then_newest(visible.filter(product_id__in=known), limit))
    if not telephone or not found:
        found.update(_by_words(visible, words, limit))
    return sorted(found, reverse=True)[:limit]


def _by_words(visible: QuerySet[Ticket], words: str, limit: int) -> list[int]:
    """All words must occur: Chinese by pairs of characters, Latin by whole words or, from three letters, by parts.

    The newest tickets are looked through first, where a common word is found at once; then the index of words is asked.
    Left alone the planner walks back from the newest until it has enough, which for a word of old tickets (a model that
    is sold no more) is the whole table. A single Chinese character, which no index knows, is looked for among the
    newest only.
    """
    conditions: list[str] = []
    values: list[Any] = []
    indexed = True
    for word in words.split():
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        alone = has_cjk(word) and len(word) == 1
        indexed = indexed and not alone
        if alone or (len(word) >= 3 and not has_cjk(word)):
            conditions.append("search_text LIKE %s")
            values.append(f"%{escaped}%")
        else:
            conditions.append("terms @> %s::text[]")
            values.append(bigrams(word) if has_cjk(word) else [word])
    newest = visible.order_by("-id")[: NEWEST_FIRST if indexed else NEWEST_ONLY]
    found = _ids(newest, conditions, values, limit)
    if indexed and len(found) < limit:
        found = _ids(visible.order_by(), conditions, values, limit, all_first=True)
    return found


def _all_then_newest(tickets: QuerySet[Ticket], limit: int) -> list[int]:
    """The newest of few: all that fit are found by their own index first."""
    return _ids(tickets.order_by(), [], [], limit, all_first=True)


def _ids(
    tickets: QuerySet[Ticket], conditions: list[str], values: list[Any], limit: int, *, all_first: bool = False
) -> list[int]:
    """The newest keys; `all_first` keeps the planner from walking along them (OFFSET 0)."""
    try:
        sql, params = tickets.values_list("pk", "terms", "search_text").query.sql_with_params()
    except EmptyResultSet:
        return []
    sql = f"SELECT id FROM ({sql}) AS seen (id, terms, search_text)"  # noqa: S608  the ORM's own, values apart
    sql += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if all_first:
        sql = f"SELECT id FROM ({sql} OFFSET 0) AS fitting"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY id DESC LIMIT %s", [*params, *values, limit])
        return [row[0] for row in cursor.fetchall()]


def similar_open(*, customer: Customer | None, product: Product | None) -> QuerySet[Ticket]:
    """Open tickets on the same product or of the same customer: a possible duplicate, offered and not forced."""
    condition = Q(pk__in=[])
    if customer is not None:
        condition |= Q(customer=customer)
    if product is not None:
        condition |= Q(product=product)
    return Ticket.objects.open().filter(condition).select_related("product__model", "owner", "customer").order_by("-id")


def changed_since(tickets: QuerySet[Ticket], since: datetime) -> QuerySet[Ticket]:
    """Tickets that changed at or after a time, oldest change first, so that a reader can go on where it stopped."""
    return tickets.filter(updated_at__gte=since)
