"""Reading callbacks: who is to be called now, who later, and what the caller has to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.keyset import Order
from complaints import calling, fairness
from complaints.models import Attempt, Callback, CallSettings, Complaint, PromisedAnswer
from complaints.states_callback import ENDS, TARGETS, CallbackState
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from visits.models import Visit

BY_DUE = Order("due_at", "id")
BY_PROMISE = Order("promised_at", "id")
_TARGETS = sorted({target.value for target in TARGETS.values()})


def _clocks() -> Prefetch:
    opened = Clock.objects.filter(target__in=_TARGETS, state__in=[ClockState.RUNNING, ClockState.PAUSED])
    return Prefetch("ticket__clocks", opened.select_related("policy"), to_attr="callback_clocks")


def owed(actor: Actor, *, at: datetime, later: bool = False, kind: str = "") -> QuerySet[Callback]:
    """Calls that this person may make: those whose time has come, or those to come; none about themselves (R68)."""
    when = Q(opens_at__gt=at) if later else Q(opens_at__lte=at)
    rows = Callback.objects.filter(when, state=CallbackState.OWED)
    if kind:
        rows = rows.filter(kind=kind)
    return _for_a_list(fairness.others(rows, actor.user))


def _for_a_list(rows: QuerySet[Callback]) -> QuerySet[Callback]:
    return rows.select_related(
        "ticket__customer", "ticket__product__model", "ticket__region", "visit__technician", "complaint",
        "assigned_to", "claimed_by",
    ).prefetch_related(_clocks(), "ticket__customer__phones")  # fmt: skip


# ── the desk ───────────────────────────────────────────────────────────────────────────────────
def to_call(user: User, *, at: datetime, settings: CallSettings) -> QuerySet[Callback]:
    """Calls that this person can make at this moment, the most urgent first.

    Not about themselves, nobody whom another has on the screen, nobody who is left alone at this hour; assigned to
    them, to whom they stand in for (R67), or to nobody. An index gives the order; one query beside that for absences.
    """
    zones = {name for name in calling.zones() if calling.quiet_until(at, ZoneInfo(name), settings)}
    default = timezone.get_default_timezone_name()
    rows = Callback.objects.filter(state=CallbackState.OWED, opens_at__lte=at, call_after__lte=at)
    rows = rows.filter(Q(claimed_by=None) | Q(claimed_until__lte=at) | Q(claimed_by=user))
    rows = rows.filter(Q(assigned_to=None) | Q(assigned_to=user) | Q(assigned_to__in=stands_in_for(user, at=at)))
    if zones:
        rows = rows.exclude(ticket__region__zone__in=zones)
    if calling.quiet_until(at, ZoneInfo(default), settings):
        rows = rows.exclude(ticket__region=None)
    return fairness.others(rows, user).order_by("due_at", "pk")


def stands_in_for(user: User, *, at: datetime) -> list[int]:
    """The people who are away now and for whom this person calls. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM accounts_absence WHERE starts_at <= %s AND ends_at > %s AND user_id <> %s"
            " AND accounts_stand_in(user_id, %s) = %s",
            [at, at, user.pk, at, user.pk],
        )
        return [pk for (pk,) in cursor.fetchall()]


def nobody_calls(actor: Actor, *, at: datetime) -> QuerySet[Callback]:
    """Calls whose person is away while nobody stands in: a leader has to assign them (R67)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM (SELECT DISTINCT assigned_to_id AS id FROM complaints_callback"
            " WHERE state = 'owed' AND assigned_to_id IS NOT NULL) p WHERE accounts_stand_in(p.id, %s) IS NULL",
            [at],
        )
        away = [pk for (pk,) in cursor.fetchall()]
    rows = Callback.objects.filter(state=CallbackState.OWED, assigned_to__in=away)
    return _for_a_list(fairness.others(rows, actor.user))


def done_today(user: User, *, at: datetime) -> int:
    """How many calls this person has brought to an end today."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return Attempt.objects.filter(by=user, at__gte=midnight, at__lte=at, outcome__in=list(ENDS)).count()


@dataclass(frozen=True)
class History:
    """What a caller sees of a customer at a glance."""

    visits: list[Visit]
    tickets: list[Ticket]
    complaints: list[Complaint]
    calls: list[Attempt]


def history(callback: Callback) -> History:
    """The customer's last visits, open tickets, complaints and calls. Four queries."""
    customer, ticket = callback.ticket.customer_id, callback.ticket_id
    visits = Visit.objects.filter(ticket__customer=customer).exclude(pk=callback.visit_id or 0)
    return History(
        visits=list(visits.select_related("ticket", "technician").defer("signature").order_by("-window_start")[:3]),
        tickets=list(Ticket.objects.open().filter(customer=customer).exclude(pk=ticket).order_by("-pk")[:4]),
        complaints=list(
            Complaint.objects.filter(ticket__customer=customer).select_related("ticket").order_by("-pk")[:3]
        ),
        calls=list(
            Attempt.objects.filter(callback__ticket__customer=customer)
            .exclude(callback=callback)
            .select_related("by", "callback")
            .order_by("-at")[:4]
        ),
    )


def call_card(callback_id: int) -> Callback | None:
    """One callback with all that the caller has to know. Five queries."""
    return (
        Callback.objects.filter(pk=callback_id)
        .select_related(
            "ticket__customer", "ticket__product__model", "ticket__site", "ticket__region", "ticket__owner",
            "visit__technician", "complaint__visit", "assigned_to", "claimed_by", "plan",
        )
        .prefetch_related(_clocks(), "ticket__customer__phones", _attempts(), "complaint__people")
        .first()
    )  # fmt: skip


def _attempts() -> Prefetch:
    return Prefetch("attempts", Attempt.objects.select_related("by").order_by("-at", "-pk"))


def of_ticket(ticket: Ticket) -> list[Callback]:
    """The callbacks of a ticket with every attempt, newest first."""
    return list(
        Callback.objects.filter(ticket=ticket)
        .select_related("visit__technician", "complaint__visit", "assigned_to", "promised")
        .prefetch_related(_attempts(), "complaint__people")
        .order_by("-pk")[:50]
    )


# ── answers ────────────────────────────────────────────────────────────────────────────────────
def answers_owed(actor: Actor) -> QuerySet[PromisedAnswer]:
    """Questions whose answer is promised, the nearest promise first."""
    opened = Clock.objects.filter(
        target=Target.PROMISED_ANSWER, state__in=[ClockState.RUNNING, ClockState.PAUSED]
    ).select_related("policy")
    return (
        PromisedAnswer.objects.filter(answered_at=None, ticket__in=Ticket.objects.visible_to(actor))
        .select_related("ticket__customer", "ticket__owner", "asked_by")
        .prefetch_related("ticket__customer__phones", Prefetch("ticket__clocks", opened, to_attr="callback_clocks"))
    )


def answers_given(actor: Actor) -> QuerySet[PromisedAnswer]:
    return PromisedAnswer.objects.filter(
        answered_at__isnull=False, ticket__in=Ticket.objects.visible_to(actor)
    ).select_related("ticket__customer", "asked_by", "answered_by")
