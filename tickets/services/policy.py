"""Changing what is promised: checked, previewed, saved as a new version, and carried to the promises that are open."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS, Scope
from aftersales.core.errors import Invalid, NotAllowed, Stale
from aftersales.core.time import now
from tickets import outbox, timeline
from tickets.models import Ticket
from tickets.sla import checks, clocks, policies, preview, revisions
from tickets.sla.models import Clock, Policy, PolicyChange
from tickets.sla.policies import Revision
from tickets.sla.states import OPEN, Target
from tickets.states import EventKind

AT_ONCE = 200  # open promises: so many change while the person waits
TASK = "tickets.sla.tasks.apply_policy"
_BATCH = 50  # tickets a transaction
_SECONDS = 20.0  # a task works so long, then makes room for others
Apply = PolicyChange.Apply


# ── before it is saved ─────────────────────────────────────────────────────────────────────────
def check(*changed: Policy) -> None:
    """Raise Invalid with everything that is wrong with new or changed policies of one target."""
    present = policies.holding(Target(changed[0].target))
    errors = []
    for policy in changed:
        rest = [other for other in changed if other.series != policy.series]
        errors += checks.problems(policy, _with(rest, present))
    if errors:
        raise Invalid(errors=errors)


def trial(*changed: Policy) -> Revision:
    """The target as it would be with these policies in place of their present versions."""
    target = Target(changed[0].target)
    calendars = policies.calendars(policy.calendar_id for policy in changed)
    new = []
    for policy in changed:
        policy = copy.copy(policy)
        policy.pk = None
        policy.calendar = calendars[policy.calendar_id]  # one object for all: its arithmetic is prepared once
        new.append(policy)
    among = _with(new, policies.holding(target))
    return Revision(target, tuple(among), frozenset(policy.series for policy in changed))


def without(policy: Policy) -> Revision:
    """The target as it would be if the policy were retired."""
    target = Target(policy.target)
    among = [other for other in policies.holding(target) if other.series != policy.series]
    return Revision(target, tuple(among), frozenset({policy.series}))


def preview_of(*changed: Policy, at: datetime | None = None) -> preview.Preview:
    """Say what would happen to open promises if these policies were saved now and applied. Raises Invalid."""
    check(*changed)
    return preview.preview(trial(*changed), at=at or now())


def _with(changed: Sequence[Policy], present: Iterable[Policy]) -> list[Policy]:
    """The present policies with these in the place of their present versions."""
    series = {policy.series for policy in changed}
    return [*(policy for policy in present if policy.series not in series), *changed]


# ── saving ─────────────────────────────────────────────────────────────────────────────────────
def save(*changed: Policy, apply: str, by: Actor, at: datetime | None = None) -> PolicyChange:
    """Save new policies, or changed ones as the next versions of their series; all of one target.

    With apply "open" the open promises follow: few of them before this returns, many by a task, in the name of `by`.
    A changed policy carries the key of the version that was read. Raises Forbidden, Invalid, Stale.
    """
    require(by, LEADERS, [Scope.POLICIES])
    try:
        with transaction.atomic():
            _lock([policy.pk for policy in changed if policy.pk])
            check(*changed)
            saved = [revisions.save_policy(copy.copy(policy), by=by.user) for policy in changed]
            change = _keep(saved, apply=apply, by=by, at=at or now())
    except IntegrityError as error:
        if "policy_" not in str(error):
            raise
        raise Stale(
            _("Somebody changed the policies meanwhile. Nothing of yours was saved: look at them again.")
        ) from error
    return _follow(change, at=at)


def retire(policy: Policy, *, apply: str, by: Actor, at: datetime | None = None) -> PolicyChange:
    """Let a policy hold for nothing new; open promises go on under it or, with apply "open", change to the next that
    fits. Raises Forbidden, NotAllowed (code last_general), Stale."""
    require(by, LEADERS, [Scope.POLICIES])
    with transaction.atomic():
        _lock([policy.pk])
        if policy.general:
            raise NotAllowed(checks.general_stays(), code="last_general")
        revisions.retire_policy(policy)
        change = _keep([policy], apply=apply, by=by, at=at or now(), retired=True)
    return _follow(change, at=at)


def _lock(keys: list[int]) -> None:
    """Make sure that these versions are current still, and stay so; tickets go on being registered under them."""
    rows = Policy.objects.select_for_update(no_key=True).filter(pk__in=keys, current=True).order_by("pk")
    if len(rows) != len(set(keys)):
        raise Stale(_("Somebody changed the policies meanwhile. Nothing of yours was saved: look at them again."))


def _keep(saved: list[Policy], *, apply: str, by: Actor, at: datetime, retired: bool = False) -> PolicyChange:
    """Write down who did it; with it goes the message that has the rest done."""
    target = Target(saved[0].target)
    follows = apply == Apply.OPEN
    change = PolicyChange.objects.create(
        target=target,
        retired=retired,
        apply=apply,
        at=at,
        door=by.door,
        user=by.user,
        partner=by.partner,
        total=Clock.objects.filter(target=target, state__in=OPEN).count() if follows else 0,
        done_at=None if follows else at,
    )
    change.policies.set(saved)
    if follows:
        outbox.put(TASK, change.pk)
    return change


def _follow(change: PolicyChange, *, at: datetime | None) -> PolicyChange:
    if change.done_at is None and change.total <= AT_ONCE:
        carry_out(change.pk, at=at, wait=False)
        change.refresh_from_db()
    return change


# ── carrying it to open promises ───────────────────────────────────────────────────────────────
def carry_out(change_id: int, *, at: datetime | None = None, seconds: float = _SECONDS, wait: bool = True) -> bool:
    """Have open promises judged by the changed policies; answer whether all of them are.

    What was done stays done whenever it is interrupted, and is not done again. Tickets that somebody holds come last
    and, with `wait`, one by one: whoever waits for a ticket holds no other.
    """
    change = PolicyChange.objects.select_related("user", "partner").get(pk=change_id)
    if change.done_at is not None:
        return True
    until = time.monotonic() + seconds
    revision = Revision(
        Target(change.target),
        tuple(policies.holding(Target(change.target))),
        frozenset(change.policies.values_list("series", flat=True)),
    )
    reached = change.reached or [0, 0]
    versions = Policy.objects.filter(target=change.target).order_by("pk")
    if not change.retired:
        versions = versions.exclude(changes=change)  # whoever runs under these follows already
    while batch := _next(versions, reached):
        left = _judge_anew(change, revision, [ticket for _clock, ticket in batch], at=at, skip=True)
        if left and not wait:
            PolicyChange.objects.filter(pk=change_id).update(seen=F("seen") + len(batch) - len(left))
            return False
        for ticket in left:
            _judge_anew(change, revision, [ticket], at=at, skip=False)
        reached = [reached[0], batch[-1][0]]
        PolicyChange.objects.filter(pk=change_id).update(reached=reached, seen=F("seen") + len(batch))
        if time.monotonic() >= until:
            return False
    PolicyChange.objects.filter(pk=change_id, done_at=None).update(done_at=at or Now())
    return True


def _next(versions: QuerySet[Policy], reached: list[int]) -> list[tuple[int, int]]:
    """The next open promises as (clock, ticket), version by version; sets the version in `reached` that they are of."""
    for version in versions.filter(pk__gte=reached[0]).values_list("pk", flat=True):
        if version != reached[0]:
            reached[:] = [version, 0]
        found = Clock.objects.filter(policy=version, state__in=OPEN, pk__gt=reached[1]).order_by("pk")
        if batch := list(found.values_list("pk", "ticket_id")[:_BATCH]):
            return batch
    return []


@transaction.atomic
def _judge_anew(
    change: PolicyChange, revision: Revision, ticket_ids: list[int], *, at: datetime | None, skip: bool
) -> list[int]:
    """Have the promises of these tickets judged; answer the tickets that somebody else holds."""
    rows = (
        Ticket.objects.select_for_update(of=("self",), skip_locked=skip)
        .filter(pk__in=ticket_ids)
        .select_related("customer", "product__model", "region")
        .defer("search_text", "terms", "customer__terms")
    )
    tickets = {ticket.pk: ticket for ticket in rows}
    at = at or now()  # after the lock: what others did to these tickets was before
    open_clocks = list(Clock.objects.filter(ticket__in=tickets, target=revision.target, state__in=OPEN))
    known = policies.versions(clock.policy_id for clock in open_clocks)
    moved = became = stopped = 0
    for clock in open_clocks:
        ticket = tickets[clock.ticket_id]
        facts = clocks.facts_of(ticket)
        if policies.moves_to(known[clock.policy_id], clock.target, facts, revision) is None:
            continue
        was = preview.overdue(clock, at)
        for judged in clocks.rejudge(ticket, at=at, by=change.by, cause=EventKind.REJUDGED, revision=revision):
            is_now = preview.overdue(judged, at)
            moved, became, stopped = moved + 1, became + (is_now and not was), stopped + (was and not is_now)
            timeline.record(
                ticket,
                EventKind.REJUDGED,
                at=at,
                by=change.by,
                targets=[judged.target],
                rule=judged.policy.rule,
                due=judged.due_at.isoformat(),
            )
    if moved:
        PolicyChange.objects.filter(pk=change.pk).update(
            moved=F("moved") + moved,
            became_overdue=F("became_overdue") + became,
            stopped_overdue=F("stopped_overdue") + stopped,
        )
    return [ticket for ticket in ticket_ids if ticket not in tickets]
