"""What is wrong with a policy, in plain words, before anybody is promised by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from aftersales.core import rules
from aftersales.core.time import now
from aftersales.core.working_time import NeverOpens
from tickets.sla.judge import judge
from tickets.sla.models import Policy, Segment
from tickets.sla.states import Level, OnChange, SegmentKind, Target
from tickets.states import CALLED_BACK, Channel, Kind, WaitingFor

MAX_SPAN = timedelta(days=730)
MAX_STEPS = 12
LEAST_REPEAT_SECONDS = 60
Problem = tuple[str, str, str]  # field, code, words

# Where a target is promised for some requests only, a policy for others would never hold.
KINDS: dict[Target, frozenset[Kind]] = {
    Target.REPAIR: frozenset({Kind.REPAIR}),
    Target.COLLECTION: frozenset({Kind.REPAIR}),
    Target.OUT_OF_STOCK: frozenset({Kind.OUT_OF_STOCK}),
    Target.CALLBACK: CALLED_BACK,
    Target.SECOND_FOLLOW_UP: CALLED_BACK,
}
CHANNELS: dict[Target, frozenset[Channel]] = {Target.SALES_REPLY: frozenset({Channel.SALES})}
AT_AN_AGREED_TIME = frozenset({Target.PROMISED_ANSWER, Target.EFFECTIVENESS_CHECK})
ABOUT_APPOINTMENTS = frozenset({Target.CANCELLATION_NOTICE, Target.NO_SHOW}) | AT_AN_AGREED_TIME
_TIMES = ("percent", "before", "after")


def problems(policy: Policy, others: Iterable[Policy]) -> list[Problem]:
    """Everything that is wrong with a new or changed policy, as (field, code, words); a step's field is steps.2.after.

    `others` are the current policies of its target, among them the version that it takes the place of.
    """
    found = [*_spans(policy), *_steps(policy), *_words(policy), *_conditions(policy, list(others))]
    if not found:
        found += _arithmetic(policy)
    return found


# ── spans ──────────────────────────────────────────────────────────────────────────────────────
def _spans(policy: Policy) -> Iterator[Problem]:
    span, not_before = policy.span, policy.not_before_span
    if span < timedelta(0):
        yield "span", "negative", _("A span cannot be negative.")
    elif not span and not policy.until_day_end and not (policy.before_anchor and policy.target in AT_AN_AGREED_TIME):
        yield "span", "zero", _("Give a span: a promise of no time at all cannot be kept.")
    elif span > MAX_SPAN:
        yield "span", "too_long", _("A promise of more than two years is none. Give a shorter span.")
    if policy.until_day_end and policy.before_anchor:
        yield (
            "before_anchor",
            "counts_two_ways",
            _("A promise ends with a service day or before an appointment, not both."),
        )
    elif policy.before_anchor and policy.target not in ABOUT_APPOINTMENTS:
        yield "before_anchor", "no_appointment", _("This promise is not about an appointment.")
    if not_before is not None:
        if not_before < timedelta(0):
            yield "not_before_span", "negative", _("A span cannot be negative.")
        elif not_before >= span > timedelta(0):
            yield "not_before_span", "after_due", _("It would fall due before it may be kept at all.")


# ── steps ──────────────────────────────────────────────────────────────────────────────────────
def _steps(policy: Policy) -> Iterator[Problem]:
    steps = policy.steps
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        yield "steps", "invalid", _("The steps are a list; each has a time and whom it tells.")
        return
    if len(steps) > MAX_STEPS:
        yield "steps", "too_many", _("At most %(max)d steps.") % {"max": MAX_STEPS}
    broken = False
    for place, step in enumerate(steps):
        for problem in _step(policy, place, step, last=place == len(steps) - 1):
            broken = True
            yield problem
    ends = [place for place, step in enumerate(steps) if not _time_of(step)]
    if not ends:
        yield "steps", "no_end", _("Say who is told when the promise falls due.")
    elif len(ends) > 1:
        yield f"steps.{ends[1]}", "two_ends", _("A promise falls due once: give every other step its time.")
    if not broken and len(ends) == 1:
        yield from _order(policy, steps, ends[0])


def _time_of(step: dict[str, Any]) -> str:
    return next((name for name in _TIMES if name in step), "")


def _step(policy: Policy, place: int, step: dict[str, Any], *, last: bool) -> Iterator[Problem]:
    at, kind = f"steps.{place}", _time_of(step)
    for name in step.keys() - {*_TIMES, "tell", "repeat"}:
        yield f"{at}.{name}", "unknown_field", _("There is no such field.")
    if sum(name in step for name in _TIMES) > 1:
        yield at, "two_times", _("A step has one time: a percentage, a time before the end, or one after it.")
    whole = True
    for name in (*_TIMES, "repeat"):
        if name in step and (not isinstance(step[name], int) or isinstance(step[name], bool)):
            whole = False
            yield f"{at}.{name}", "invalid", _("Give a whole number.")
    if whole:
        yield from _times(policy, at, kind, step, last=last)
    tell = step.get("tell")
    if not isinstance(tell, list) or not tell:
        yield f"{at}.tell", "nobody", _("Say who is told.")
    else:
        for level in tell:
            if level not in Level.values:
                known = ", ".join(Level.values)
                yield (
                    f"{at}.tell",
                    "unknown",
                    _("“%(word)s” is not one of: %(known)s.") % {"word": str(level)[:40], "known": known},
                )
        if len({str(level) for level in tell}) < len(tell):
            yield f"{at}.tell", "twice", _("Name each once.")


def _times(policy: Policy, at: str, kind: str, step: dict[str, Any], *, last: bool) -> Iterator[Problem]:
    if kind == "percent" and not 1 <= step["percent"] <= 99:
        yield f"{at}.percent", "range", _("A warning comes after 1 to 99 percent of the span.")
    if kind == "before":
        if step["before"] <= 0:
            yield f"{at}.before", "range", _("A warning comes before the promise falls due.")
        elif policy.span > timedelta(0) and timedelta(seconds=_bounded(step["before"])) >= _length(policy):
            yield f"{at}.before", "before_start", _("This warning would come before the promise begins.")
    if kind == "after":
        if step["after"] < 0:
            yield f"{at}.after", "negative", _("An escalation comes after the promise fell due.")
        elif step["after"] > MAX_SPAN.total_seconds():
            yield f"{at}.after", "too_long", _("At most two years.")
    if "repeat" in step:
        if kind != "after" or not last:
            yield f"{at}.repeat", "not_last", _("Only the last escalation is repeated.")
        elif not LEAST_REPEAT_SECONDS <= step["repeat"] <= MAX_SPAN.total_seconds():
            yield (
                f"{at}.repeat",
                "range",
                _("Repeat it after a minute at the soonest, and after two years at the latest."),
            )


def _bounded(seconds: int) -> int:
    return min(seconds, int(2 * MAX_SPAN.total_seconds()))


def _length(policy: Policy) -> timedelta:
    """The longest that it can be from the start of a promise to its end."""
    if policy.before_anchor:
        return MAX_SPAN  # as far away as the appointment is
    return policy.span + timedelta(days=1) if policy.until_day_end else policy.span


def _order(policy: Policy, steps: list[dict[str, Any]], end: int) -> Iterator[Problem]:
    """Warnings, the end, escalations; none before the one in front of it."""
    for place, step in enumerate(steps):
        if place < end and "after" in step:
            yield f"steps.{place}.after", "order", _("Escalations come after the end.")
        if place > end and "after" not in step:
            yield f"steps.{place}", "order", _("Warnings come before the end.")
    warnings, after = steps[:end], [step.get("after", 0) for step in steps[end + 1 :]]
    shares = [share(policy, step) for step in warnings]
    for place, (one, next_one) in enumerate(pairwise(shares), 1):
        if next_one <= one:
            yield f"steps.{place}", "order", _("Put the warnings in the order in which they come, each time once.")
    for place, (one, next_one) in enumerate(pairwise(after), end + 2):
        if next_one <= one:
            yield f"steps.{place}", "order", _("Put the escalations in the order in which they come, each time once.")


def share(policy: Policy, step: dict[str, Any]) -> float:
    """How far the promise has come when this warning comes, as far as its length is known: 0 to 1."""
    if "percent" in step:
        return float(step["percent"] / 100)
    length = _length(policy).total_seconds()
    return 1 - step.get("before", 0) / length if length else 0


# ── words and conditions ───────────────────────────────────────────────────────────────────────
def _words(policy: Policy) -> Iterator[Problem]:
    if policy.rule not in rules.texts():
        yield "rule", "unknown", _("There is no rule “%(rule)s”.") % {"rule": policy.rule[:20]}
    reasons = policy.pause_reasons
    if not isinstance(reasons, list) or any(reason not in WaitingFor.values for reason in reasons):
        known = ", ".join(WaitingFor.values)
        yield "pause_reasons", "unknown", _("A promise pauses while waiting for one of: %(known)s.") % {"known": known}
    if policy.on_change not in OnChange.values:
        yield "on_change", "unknown", _("Choose what a running promise does when the ticket changes.")


def _conditions(policy: Policy, others: list[Policy]) -> Iterator[Problem]:
    kinds, channels = KINDS.get(Target(policy.target)), CHANNELS.get(Target(policy.target))
    if policy.kind and kinds and policy.kind not in kinds:
        yield "kind", "matches_nothing", _("This is never promised for such requests: the policy would match nothing.")
    if policy.channel and channels and policy.channel not in channels:
        yield (
            "channel",
            "matches_nothing",
            _("This is never promised for requests that come so: the policy would match nothing."),
        )
    region = policy.region
    if region is not None and policy.home_region is not None and policy.home_region != region.is_home:
        words = (
            _("%(region)s is not in the home region: the policy would match nothing.")
            if policy.home_region
            else _("%(region)s is in the home region: the policy would match nothing.")
        )
        yield "home_region", "matches_nothing", words % {"region": region}
    for other in others:
        if other.series != policy.series and other.conditions == policy.conditions:
            said = _(
                "Another policy (%(rule)s) promises this under the same conditions: which of the two holds could not "
                "be said. Change that one."
            )
            yield "", "overlaps", said % {"rule": other.rule}
        if other.series == policy.series and other.general and not policy.general:
            yield "", "last_general", general_stays()


def general_stays() -> str:
    return _(
        "Every other ticket relies on this policy: without it some would be left without a promise. It stays, without "
        "conditions; make another one for special tickets."
    )


def _arithmetic(policy: Policy) -> Iterator[Problem]:
    """Promise it once, for the calendar may hold too few open hours for it."""
    at = now()
    try:
        judge([Segment(kind=SegmentKind.START, at=at, policy=policy, data={})])
    except NeverOpens:
        yield (
            "calendar",
            "never_due",
            _("This calendar is open too seldom: the promise would not fall due within ten years."),
        )
