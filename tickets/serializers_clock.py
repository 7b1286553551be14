"""What a partner reads of a clock explained: the serializers describe the plain dictionaries of `explain_out`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import Scope
from aftersales.core import rules
from aftersales.core.api import stamp
from tickets import explained
from tickets.models import Notice
from tickets.serializers import ByOut, by_out
from tickets.sla.explain import Change, Explanation, Fired, Way
from tickets.sla.models import Policy
from tickets.sla.states import ClockState, Level, OnChange, SegmentKind, Target
from tickets.sla.stretches import Stretch, Why
from tickets.states import WaitingFor


class ConditionOut(serializers.Serializer[Any]):
    """Something that the policy asks of a ticket."""

    field = serializers.CharField()
    code = serializers.CharField()
    words = serializers.CharField()


class ExplainedPolicyOut(serializers.Serializer[Any]):
    """A version of a policy."""

    series = serializers.UUIDField(help_text="The same for all versions.")
    version = serializers.IntegerField()
    span_seconds = serializers.FloatField()
    on_change = serializers.ChoiceField(choices=OnChange.choices)
    pauses_for = serializers.ListField(child=serializers.ChoiceField(choices=WaitingFor.choices))
    conditions = ConditionOut(many=True)


class ExplainedCalendarOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    zone = serializers.CharField()
    name = serializers.CharField()


class StretchOut(serializers.Serializer[Any]):
    """An interval of the clock's life, from start up to end."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    counts = serializers.BooleanField(help_text="Whether any of it counts.")
    reason = serializers.ChoiceField(choices=Why.choices)
    waiting_for = serializers.ChoiceField(choices=WaitingFor.choices, allow_null=True)
    words = serializers.CharField(help_text="The reason in the language of Accept-Language.")
    hours = serializers.CharField(help_text="The open hours of such a day; empty when it says nothing.")
    days = serializers.IntegerField(help_text="So many whole days that are alike; 0: none were put together.")
    past_due = serializers.BooleanField()
    length_seconds = serializers.FloatField()
    counted_seconds = serializers.FloatField(help_text="How much of it counts.")
    total_seconds = serializers.FloatField(help_text="How much has counted at its end.")
    by = ByOut(allow_null=True, help_text="Who paused it.")
    door = serializers.CharField(help_text="Through which door; empty when nobody paused it.")


class ExplainedChangeOut(serializers.Serializer[Any]):
    """What happened to the clock."""

    kind = serializers.ChoiceField(choices=SegmentKind.choices)
    words = serializers.CharField()
    at = serializers.DateTimeField()
    cause = serializers.CharField()
    by = ByOut()
    door = serializers.CharField()
    policy_version = serializers.IntegerField()
    span_seconds = serializers.FloatField(help_text="Of the policy from then on.")
    counted_seconds = serializers.FloatField(help_text="What had counted; 0 when it started over.")
    until = serializers.DateTimeField(allow_null=True, help_text="To when the customer wished it.")


class ResultOut(serializers.Serializer[Any]):
    """The end of the sum: with what had counted at the last change, where the rest of the span ends."""

    way = serializers.ChoiceField(choices=Way.choices)
    span_seconds = serializers.FloatField()
    started_at = serializers.DateTimeField()
    since = serializers.DateTimeField(help_text="The last change.")
    counted_seconds = serializers.FloatField(help_text="What had counted by then.")
    left_seconds = serializers.FloatField(
        help_text="Open time from `since` to `policy_due_at`, when it counts by span."
    )
    policy_due_at = serializers.DateTimeField(help_text="By the policy alone.")
    moved_until = serializers.DateTimeField(allow_null=True, help_text="By the customer's wish.")
    appointment_at = serializers.DateTimeField(allow_null=True)
    fell_due_at = serializers.DateTimeField(
        allow_null=True, help_text="It was over before a later change; so it stays."
    )
    due_at = serializers.DateTimeField()


class NextOut(serializers.Serializer[Any]):
    step = serializers.CharField(help_text="warn-1, due, escalate-1; repeated: escalate-2#2.")
    words = serializers.CharField()
    at = serializers.DateTimeField()
    levels = serializers.ListField(child=serializers.ChoiceField(choices=Level.choices))
    people = serializers.ListField(child=serializers.CharField(), help_text="With the scope `tickets.desk`.")


class ToldOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    channel = serializers.ChoiceField(choices=Notice.Channel.choices)
    state = serializers.ChoiceField(choices=Notice.State.choices)
    read_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class FiredOut(serializers.Serializer[Any]):
    step = serializers.CharField()
    words = serializers.CharField()
    due_at = serializers.DateTimeField()
    noticed_at = serializers.DateTimeField()
    late_seconds = serializers.FloatField()
    told = ToldOut(many=True, help_text="With the scope `tickets.desk`.")


class ExplanationOut(serializers.Serializer[Any]):
    """Why a clock falls due when it does; from this alone the sum can be redone."""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    target = serializers.ChoiceField(choices=Target.choices)
    state = serializers.ChoiceField(choices=ClockState.choices)
    at = serializers.DateTimeField(help_text="Up to here it is told: now, or when it was met or stopped.")
    due_at = serializers.DateTimeField()
    breached_at = serializers.DateTimeField(allow_null=True)
    not_before = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField(allow_null=True)
    rule = serializers.CharField()
    rule_text = serializers.CharField()
    promise = serializers.CharField(help_text="In one sentence.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it falls due then, in sentences.")
    policy = ExplainedPolicyOut()
    policy_since = serializers.DateTimeField(help_text="It runs under this version since then.")
    policy_now = ExplainedPolicyOut(allow_null=True, help_text="What a new promise like it would be made under.")
    policies_that_fit_too = ExplainedPolicyOut(many=True)
    calendar = ExplainedCalendarOut()
    stretches = StretchOut(many=True)
    ahead = StretchOut(many=True, help_text="From `at` to the due time, when it runs.")
    changes = ExplainedChangeOut(many=True)
    result = ResultOut()
    counted_seconds = serializers.FloatField(help_text="What has counted by `at`.")
    left_seconds = serializers.FloatField(help_text="What is left of the span at `at`.")
    runs_on_due_at = serializers.DateTimeField(allow_null=True, help_text="Paused: due, if it ran on at once.")
    next = NextOut(allow_null=True)
    fired = FiredOut(many=True)
    fired_more = serializers.BooleanField(help_text="Only the newest hundred are listed.")


def explain_out(found: Explanation, actor: Actor) -> dict[str, Any]:
    """An explanation as an answer (ExplanationOut); the house's own people are named to a key that works the desk."""
    clock, policy, result = found.clock, found.policy, found.result
    ours = Scope.DESK in actor.scopes
    return {
        "id": clock.pk,
        "ticket": clock.ticket_id,
        "target": str(clock.target),
        "state": str(clock.state),
        "at": stamp(found.at),
        "due_at": stamp(clock.due_at),
        "breached_at": stamp(clock.breached_at),
        "not_before": stamp(clock.not_before),
        "acknowledged_at": stamp(clock.acknowledged_at),
        "acknowledged_by": clock.acknowledged_by.name if clock.acknowledged_by else None,
        "rule": policy.rule,
        "rule_text": rules.text(policy.rule),
        "promise": explained.promise(policy, clock.target),
        "reasons": explained.reasons(found),
        "policy": _policy(policy),
        "policy_since": stamp(found.under_since),
        "policy_now": _policy(found.holds_now) if found.holds_now else None,
        "policies_that_fit_too": [_policy(other) for other in found.others],
        "calendar": {
            "code": policy.calendar.code,
            "version": policy.calendar.version,
            "zone": policy.calendar.zone,
            "name": policy.calendar.name,
        },
        "stretches": [_stretch(one) for one in found.stretches],
        "ahead": [_stretch(one) for one in found.ahead],
        "changes": [_change(one) for one in found.changes],
        "result": {
            "way": result.way.value,
            "span_seconds": _seconds(result.span),
            "started_at": stamp(result.started_at),
            "since": stamp(result.since),
            "counted_seconds": _seconds(result.counted),
            "left_seconds": _seconds(result.left),
            "policy_due_at": stamp(result.natural_at),
            "moved_until": stamp(result.until),
            "appointment_at": stamp(result.anchor),
            "fell_due_at": stamp(result.fell_due_at),
            "due_at": stamp(result.due_at),
        },
        "counted_seconds": _seconds(found.counted),
        "left_seconds": _seconds(found.left),
        "runs_on_due_at": stamp(found.runs_on_due_at),
        "next": found.next
        and {
            "step": found.next.step,
            "words": found.next.label,
            "at": stamp(found.next.at),
            "levels": found.next.levels,
            "people": sorted({name for _level, name in found.next.people}) if ours else [],
        },
        "fired": [_fired(one, ours=ours) for one in found.fired],
        "fired_more": found.fired_more,
    }


def _seconds(length: timedelta) -> float:
    return length.total_seconds()


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "series": str(policy.series),
        "version": policy.version,
        "span_seconds": _seconds(policy.span),
        "on_change": str(policy.on_change),
        "pauses_for": list(policy.pause_reasons),
        "conditions": [
            {"field": one.field, "code": one.code, "words": f"{one.name}: {one.word}"}
            for one in explained.conditions(policy)
        ],
    }


def _stretch(one: Stretch) -> dict[str, Any]:
    waits = one.segment is not None and one.why == Why.WAITING and one.segment.cause in WaitingFor
    return {
        "start": stamp(one.start),
        "end": stamp(one.end),
        "counts": one.counts,
        "reason": one.why.value,
        "waiting_for": one.segment.cause if waits and one.segment else None,
        "words": explained.stretch(one),
        "hours": one.hours,
        "days": one.days,
        "past_due": one.late,
        "length_seconds": _seconds(one.length),
        "counted_seconds": _seconds(one.counted),
        "total_seconds": _seconds(one.total),
        "by": by_out(one.segment.user, one.segment.partner) if one.segment else None,
        "door": str(one.segment.door) if one.segment else "",
    }


def _change(one: Change) -> dict[str, Any]:
    segment = one.segment
    return {
        "kind": str(segment.kind),
        "words": explained.change(one),
        "at": stamp(segment.at),
        "cause": segment.cause,
        "by": by_out(segment.user, segment.partner),
        "door": str(segment.door),
        "policy_version": segment.policy.version,
        "span_seconds": _seconds(segment.policy.span),
        "counted_seconds": _seconds(one.counted),
        "until": stamp(one.until),
    }


def _fired(one: Fired, *, ours: bool) -> dict[str, Any]:
    return {
        "step": one.firing.step,
        "words": one.firing.label,
        "due_at": stamp(one.firing.due_at),
        "noticed_at": stamp(one.firing.fired_at),
        "late_seconds": _seconds(one.lateness),
        "told": [
            {
                "name": notice.recipient.name,
                "channel": str(notice.channel),
                "state": str(notice.state),
                "read_at": stamp(notice.read_at),
                "acknowledged_at": stamp(notice.acknowledged_at),
            }
            for notice in one.told
        ]
        if ours
        else [],
    }
