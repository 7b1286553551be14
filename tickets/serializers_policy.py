"""What is sent and read of a policy; whether it makes sense, the policy's own check says for pages and API alike."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from rest_framework import serializers

from aftersales.core.api import stamp
from aftersales.core.strict import StrictSerializer
from aftersales.customers.models import Contract, ProductModel
from tickets.serializers import CodeField, RegionField
from tickets.sla import words
from tickets.sla.models import Calendar, Policy, PolicyChange
from tickets.sla.preview import Effect, Preview
from tickets.sla.states import Level, OnChange, Target
from tickets.states import Channel, ComplaintClass, Grade, Kind, WaitingFor

MOST_SECONDS = 10**10
MOST_STEPS = 24
_SPANS = ("span", "not_before_span")


class CalendarField(CodeField):
    def find(self, code: str) -> Calendar | None:
        return Calendar.objects.filter(code=code, current=True).first()


class ContractField(CodeField):
    def find(self, code: str) -> Contract | None:
        return Contract.objects.filter(code=code).first()


def _seconds(help_text: Any, **kwargs: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=-MOST_SECONDS, max_value=MOST_SECONDS, help_text=help_text, **kwargs)


# ── what is sent ───────────────────────────────────────────────────────────────────────────────
class StepInput(StrictSerializer):
    """One thing that is set off; without `percent`, `before` and `after` it is the end itself."""

    percent = serializers.IntegerField(required=False, help_text="A warning, after so much of the span: 1 to 99.")
    before = _seconds("A warning, so many seconds of open time before the end.", required=False)
    after = _seconds("An escalation, so many seconds of open time after the end.", required=False)
    repeat = _seconds("Of the last escalation: again every so many seconds, until acknowledged.", required=False)
    tell = serializers.ListField(
        child=serializers.ChoiceField(choices=Level.choices), min_length=1, max_length=3, help_text="Who is told."
    )


class PolicyFields(StrictSerializer):
    """The fields of a policy; those that are left out stay as they are."""

    rule = serializers.CharField(required=False, max_length=4, help_text="The rule that it keeps, such as R03.")
    span = _seconds("How long the promise gives: seconds of open time.", required=False)
    until_day_end = serializers.BooleanField(
        required=False, help_text="The span counts calendar days, and ends when that service day closes."
    )
    before_anchor = serializers.BooleanField(required=False, help_text="It ends its span before the appointment.")
    not_before_span = _seconds("Kept sooner it does not count: seconds.", required=False, allow_null=True)
    calendar = CalendarField(required=False, help_text="Code of the calendar in which it counts.")
    kind = serializers.ChoiceField(choices=Kind.choices, required=False, allow_blank=True, help_text='"" fits any.')
    channel = serializers.ChoiceField(
        choices=Channel.choices, required=False, allow_blank=True, help_text='"" fits any.'
    )
    grade = serializers.ChoiceField(choices=Grade.choices, required=False, allow_null=True, help_text="null fits any.")
    region = RegionField(required=False, allow_null=True, help_text="Code from /regions; null fits any.")
    home_region = serializers.BooleanField(required=False, allow_null=True, help_text="null fits any region.")
    vip = serializers.BooleanField(required=False, allow_null=True, help_text="null fits any customer.")
    product_line = serializers.ChoiceField(
        choices=ProductModel.Line.choices, required=False, allow_blank=True, help_text='"" fits any.'
    )
    contract = ContractField(required=False, allow_null=True, help_text="Code of a service contract; null fits any.")
    complaint_class = serializers.ChoiceField(
        choices=ComplaintClass.choices,
        required=False,
        allow_null=True,
        help_text="Of the open complaint; null fits any.",
    )
    steps = StepInput(many=True, required=False, max_length=MOST_STEPS)  # type: ignore[call-arg]
    loud = serializers.BooleanField(required=False, help_text="Its notices come in quiet hours too.")
    pause_reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=WaitingFor.choices), required=False, max_length=8
    )
    on_change = serializers.ChoiceField(
        choices=OnChange.choices,
        required=False,
        help_text="What running promises do when this begins to hold for them.",
    )


_APPLY = "`open`: open promises follow; `new`: only new ones."


class NewPolicy(PolicyFields):
    """A policy for special tickets; what is left out is as in the policy for all others of its target."""

    target = serializers.ChoiceField(choices=Target.choices)
    span = _seconds("How long the promise gives: seconds of open time.")
    apply = serializers.ChoiceField(
        choices=PolicyChange.Apply.choices, default=PolicyChange.Apply.NEW, help_text=_APPLY
    )


class NewVersion(PolicyFields):
    """A change of a policy."""

    apply = serializers.ChoiceField(choices=PolicyChange.Apply.choices, help_text=_APPLY)


PREVIEW, NEW_POLICY, NEW_VERSION = PolicyFields(), NewPolicy(), NewVersion()


def changed(policy: Policy, given: dict[str, Any]) -> Policy:
    """The policy with what was sent, not saved."""
    policy = copy.copy(policy)
    for name, value in given.items():
        if name in _SPANS:
            value = None if value is None else timedelta(seconds=value)
        elif name == "grade":
            value = None if value is None else int(value)
        elif name == "steps":
            value = [{key: list(part) if key == "tell" else part for key, part in step.items()} for step in value]
        setattr(policy, name, value)
    return policy


# ── what is read ───────────────────────────────────────────────────────────────────────────────
class ChangeOut(serializers.Serializer[Any]):
    """What became of a change."""

    at = serializers.DateTimeField()
    by = serializers.CharField()
    apply = serializers.ChoiceField(choices=PolicyChange.Apply.choices)
    retired = serializers.BooleanField()
    total = serializers.IntegerField(help_text="Open promises of the target when it was saved.")
    seen = serializers.IntegerField(help_text="Of them looked at so far.")
    moved = serializers.IntegerField()
    became_overdue = serializers.IntegerField()
    stopped_overdue = serializers.IntegerField()
    done_at = serializers.DateTimeField(allow_null=True, help_text="null while it is being carried to open promises.")


class StepOut(serializers.Serializer[Any]):
    percent = serializers.IntegerField(required=False)
    before = serializers.IntegerField(required=False)
    after = serializers.IntegerField(required=False)
    repeat = serializers.IntegerField(required=False)
    tell = serializers.ListField(child=serializers.ChoiceField(choices=Level.choices))


class PolicyOut(serializers.Serializer[Any]):
    """One version of a policy: it never changes; a change makes another with an id of its own."""

    id = serializers.IntegerField()
    series = serializers.UUIDField(help_text="The same for all its versions.")
    version = serializers.IntegerField()
    current = serializers.BooleanField(help_text="Whether it holds for new tickets.")
    target = serializers.ChoiceField(choices=Target.choices)
    promised = serializers.CharField(help_text="The promise in words, in the language of Accept-Language.")
    rule = serializers.CharField()
    span = serializers.IntegerField(help_text="Seconds.")
    until_day_end = serializers.BooleanField()
    before_anchor = serializers.BooleanField()
    not_before_span = serializers.IntegerField(allow_null=True, help_text="Seconds.")
    calendar = serializers.CharField()
    kind = serializers.CharField()
    channel = serializers.CharField()
    grade = serializers.IntegerField(allow_null=True)
    region = serializers.CharField(allow_null=True)
    home_region = serializers.BooleanField(allow_null=True)
    vip = serializers.BooleanField(allow_null=True)
    product_line = serializers.CharField()
    contract = serializers.CharField(allow_null=True)
    complaint_class = serializers.IntegerField(allow_null=True)
    steps = StepOut(many=True)
    loud = serializers.BooleanField()
    pause_reasons = serializers.ListField(child=serializers.ChoiceField(choices=WaitingFor.choices))
    on_change = serializers.ChoiceField(choices=OnChange.choices)
    created_at = serializers.DateTimeField()
    change = ChangeOut(allow_null=True, help_text="The last change of this version; null for what came with the house.")


class PolicyPage(serializers.Serializer[Any]):
    results = PolicyOut(many=True)
    next = serializers.URLField(allow_null=True)


class MoveOut(serializers.Serializer[Any]):
    clock = serializers.IntegerField()
    ticket = serializers.CharField(help_text="Its number.")
    due_at = serializers.DateTimeField(help_text="As it is.")
    new_due_at = serializers.DateTimeField(help_text="As it would be.")
    effect = serializers.ChoiceField(choices=Effect.choices)


class PreviewOut(serializers.Serializer[Any]):
    """What would happen to open promises; nothing is saved."""

    open = serializers.IntegerField(help_text="Open promises of the target.")
    judged = serializers.IntegerField(help_text="At most 5,000 of them, those that fall due first.")
    moved = serializers.IntegerField()
    became_overdue = serializers.IntegerField()
    stopped_overdue = serializers.IntegerField()
    same_due = serializers.IntegerField(help_text="Of those that move: with the due time that they have.")
    unchanged = serializers.IntegerField()
    moves = MoveOut(many=True, help_text="The 100 most urgent.")


def policy_out(policy: Policy) -> dict[str, Any]:
    """A policy as an answer; its relations and changes are read already."""
    not_before = policy.not_before_span
    return {
        "id": policy.pk,
        "series": str(policy.series),
        "version": policy.version,
        "current": policy.current,
        "target": policy.target,
        "promised": words.promised(policy),
        "rule": policy.rule,
        "span": int(policy.span.total_seconds()),
        "until_day_end": policy.until_day_end,
        "before_anchor": policy.before_anchor,
        "not_before_span": None if not_before is None else int(not_before.total_seconds()),
        "calendar": policy.calendar.code,
        "kind": policy.kind,
        "channel": policy.channel,
        "grade": policy.grade,
        "region": policy.region.code if policy.region else None,
        "home_region": policy.home_region,
        "vip": policy.vip,
        "product_line": policy.product_line,
        "contract": policy.contract.code if policy.contract else None,
        "complaint_class": policy.complaint_class,
        "steps": policy.steps,
        "loud": policy.loud,
        "pause_reasons": policy.pause_reasons,
        "on_change": policy.on_change,
        "created_at": stamp(policy.created_at),
        "change": next((_change_out(change) for change in policy.changes.all()), None),
    }


def _change_out(change: PolicyChange) -> dict[str, Any]:
    return {
        "at": stamp(change.at),
        "by": str(change.by),
        "apply": change.apply,
        "retired": change.retired,
        "total": change.total,
        "seen": change.seen,
        "moved": change.moved,
        "became_overdue": change.became_overdue,
        "stopped_overdue": change.stopped_overdue,
        "done_at": stamp(change.done_at),
    }


def preview_out(found: Preview) -> dict[str, Any]:
    """A preview as an answer; it names tickets, not customers."""
    return {
        "open": found.open,
        "judged": found.judged,
        "moved": found.moved,
        "became_overdue": found.became_overdue,
        "stopped_overdue": found.stopped_overdue,
        "same_due": found.same_due,
        "unchanged": found.unchanged,
        "moves": [
            {
                "clock": move.clock.pk,
                "ticket": move.clock.ticket.number,
                "due_at": stamp(move.clock.due_at),
                "new_due_at": stamp(move.due_at),
                "effect": move.effect.value,
            }
            for move in found.moves
        ],
    }
