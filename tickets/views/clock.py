"""Why a promise falls due when it does: the rule, the policy, and every step of its clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.core.working_time import working_time_between
from tickets import describe
from tickets.models import Ticket
from tickets.sla.judge import calendar_of, judge
from tickets.sla.models import Clock, Policy, Segment
from tickets.sla.states import SegmentKind
from tickets.states import Channel, EventKind, Grade, Kind, WaitingFor


@dataclass(frozen=True)
class Step:
    """One segment as the page tells it, with the open time that had counted when it began."""

    segment: Segment
    label: str
    cause: str
    who: str
    door: str
    counted: timedelta


@staff_page(*NOT_ADMIN)
def clock(request: HttpRequest, clock_id: int) -> HttpResponse:
    """Explain one clock: nothing here is stored for the explanation, it follows from the segments."""
    found = (
        Clock.objects.filter(pk=clock_id, ticket__in=Ticket.objects.visible_to(Actor.of(request)))
        .select_related("ticket__customer", "ticket__region", "policy__calendar", "policy__region")
        .first()
    )
    if found is None:
        raise Http404
    segments = list(
        found.segments.select_related("user", "partner", "policy__calendar").prefetch_related("policy__calendar__days")
    )
    context = {
        "clock": found,
        "ticket": found.ticket,
        "policy": found.policy,
        "conditions": _conditions(found.policy),
        "pauses": [str(WaitingFor(reason).label) for reason in found.policy.pause_reasons if reason in WaitingFor],
        "steps": _steps(segments),
        "verdict": judge(segments) if segments else None,
        "firings": found.firings.order_by("pk"),
    }
    return render(request, "tickets/clock_explain.html", context)


def _conditions(policy: Policy) -> list[tuple[str, str]]:
    """What the policy asks of a ticket, as (name, value); empty for one that fits every ticket."""
    found = []
    if policy.region is not None:
        found.append((_("Region"), str(policy.region)))
    if policy.vip is not None:
        found.append((_("Customer"), _("VIP") if policy.vip else _("not VIP")))
    if policy.grade is not None:
        found.append((_("Fault grade"), str(Grade(policy.grade).label)))
    if policy.home_region is not None:
        found.append((_("Region"), _("home region") if policy.home_region else _("outside the home region")))
    if policy.kind:
        found.append((_("Kind"), str(Kind(policy.kind).label)))
    if policy.channel:
        found.append((_("Channel"), str(Channel(policy.channel).label)))
    return found


def _steps(segments: list[Segment]) -> list[Step]:
    """Walk the segments and sum the open time as the judge does."""
    steps: list[Step] = []
    counted, since, before = timedelta(0), None, None
    for segment in segments:
        if since is not None and before is not None and segment.kind != SegmentKind.EXTEND:
            counted += working_time_between(since, segment.at, calendar_of(before.policy))
        steps.append(_step(segment, counted))
        if segment.kind == SegmentKind.EXTEND:
            continue
        runs = segment.kind in (SegmentKind.START, SegmentKind.RESUME) or (
            segment.kind == SegmentKind.RESTART and since is not None
        )
        since, before = (segment.at if runs else None), segment
    return steps


def _step(segment: Segment, counted: timedelta) -> Step:
    cause = segment.cause
    if cause in EventKind:
        cause = str(EventKind(cause).label)
    elif cause in WaitingFor:
        cause = _("waiting for %(what)s") % {"what": WaitingFor(cause).label}
    elif cause == "customer_wish":
        cause = _("the customer's wish")
    until = segment.data.get("until")
    if until:
        cause = f"{cause} → {describe.moment(datetime.fromisoformat(until))}"
    who = segment.user or segment.partner or _("the system")
    return Step(segment, str(SegmentKind(segment.kind).label), cause, str(who), str(Door(segment.door).label), counted)
