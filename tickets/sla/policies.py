"""Which promise holds for a ticket: of the current policies that match, the most specific one."""

from __future__ import annotations

from dataclasses import dataclass

from aftersales.accounts.models import Region
from aftersales.core.remembered import Remembered
from tickets.sla.models import Policy
from tickets.sla.states import Target


@dataclass(frozen=True)
class Facts:
    """What a policy may ask of a ticket."""

    kind: str
    channel: str
    grade: int
    region: Region | None
    vip: bool


class NoPolicy(LookupError):
    """No current policy matches: the installation lost its defaults."""


def matches(policy: Policy, facts: Facts) -> bool:
    """Whether every condition of the policy holds; an empty condition always holds."""
    return (
        policy.kind in ("", facts.kind)
        and policy.channel in ("", facts.channel)
        and policy.grade in (None, facts.grade)
        and policy.region_id in (None, facts.region.pk if facts.region else -1)
        and policy.home_region in (None, bool(facts.region and facts.region.is_home))
        and policy.vip in (None, facts.vip)
    )


def specificity(policy: Policy) -> tuple[int, ...]:
    """How narrow a policy is: first by the number of its conditions, then region, VIP, grade, kind, channel."""
    conditions = (
        policy.region_id is not None,
        policy.vip is not None,
        policy.grade is not None,
        policy.home_region is not None,
        policy.kind != "",
        policy.channel != "",
    )
    return (sum(conditions), *(int(condition) for condition in conditions), policy.pk)


def _read() -> list[Policy]:
    return list(Policy.objects.filter(current=True).select_related("calendar").prefetch_related("calendar__days"))


# A promise made two seconds after a change may still use the old policy: they change a few times a year.
current = Remembered(_read)
forget = current.forget


def choose(target: Target, facts: Facts) -> Policy:
    """Find the policy that promises `target` for such a ticket. Raises NoPolicy."""
    fitting = [policy for policy in current() if policy.target == target and matches(policy, facts)]
    if not fitting:
        raise NoPolicy(f"No policy for {target} and {facts}")
    return max(fitting, key=specificity)
