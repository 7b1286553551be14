"""Which promise holds for a ticket: of the current policies that match, the most specific one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model

from aftersales.accounts.models import Region
from aftersales.core import remembered
from tickets.sla.models import Calendar, Policy
from tickets.sla.states import OnChange, Target

Version = TypeVar("Version", bound=Model)


@dataclass(frozen=True)
class Facts:
    """What a policy may ask of a ticket."""

    kind: str
    channel: str
    grade: int
    region: Region | None
    vip: bool
    product_line: str = ""
    contract_id: int | None = None
    complaint_class: int = 0  # 0: no complaint is open


@dataclass(frozen=True)
class Revision:
    """The policies of a target as they are, or would be, after some series of them changed."""

    target: Target
    among: tuple[Policy, ...]
    series: frozenset[UUID]


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
        and policy.product_line in ("", facts.product_line)
        and policy.contract_id in (None, facts.contract_id)
        and policy.complaint_class in (None, facts.complaint_class)
    )


def specificity(policy: Policy) -> tuple[int, ...]:
    """How narrow a policy is: first by the number of its conditions, then contract, region, VIP, grade, line, …"""
    conditions = (
        policy.contract_id is not None,
        policy.region_id is not None,
        policy.vip is not None,
        policy.grade is not None,
        policy.product_line != "",
        policy.home_region is not None,
        policy.kind != "",
        policy.channel != "",
        policy.complaint_class is not None,
    )
    return (sum(conditions), *(int(condition) for condition in conditions), policy.pk or 0)


def ranked(target: Target, facts: Facts, among: Iterable[Policy] | None = None) -> list[Policy]:
    """Every current policy that fits, the one that holds first."""
    fitting = [
        policy for policy in (current() if among is None else among)
        if policy.target == target and matches(policy, facts)
    ]  # fmt: skip
    return sorted(fitting, key=specificity, reverse=True)


def choose(target: Target, facts: Facts, among: Iterable[Policy] | None = None) -> Policy:
    """Find the policy that promises `target` for such a ticket. Raises NoPolicy."""
    fitting = [
        policy for policy in (current() if among is None else among)
        if policy.target == target and matches(policy, facts)
    ]  # fmt: skip
    if not fitting:
        raise NoPolicy(f"No policy for {target} and {facts}")
    return max(fitting, key=specificity)


def moves_to(policy: Policy, target: str, facts: Facts, revision: Revision | None = None) -> Policy | None:
    """The policy that a running promise under `policy` changes to; None when it stays as it is.

    After a revision only those change that come to one of its series, or leave one.
    """
    if revision is None:
        now_holds = choose(Target(target), facts)
    elif target != revision.target:
        return None
    else:
        fitting = ranked(revision.target, facts, revision.among)
        if not fitting or not {fitting[0].series, policy.series} & revision.series:
            return None
        now_holds = fitting[0]
    stays = now_holds.pk == policy.pk or now_holds.on_change == OnChange.LEAVE
    return None if stays else now_holds


# ── reading them ───────────────────────────────────────────────────────────────────────────────
class Versions(Generic[Version]):
    """Versions by their key, kept as long as the process lives: a version never changes."""

    def __init__(self, read: Callable[[set[int]], Iterable[Version]]) -> None:
        self._read = read
        self._known: dict[int, Version] = {}
        remembered.keep(self)

    def __call__(self, keys: Iterable[int]) -> dict[int, Version]:
        wanted = set(keys)
        if missing := wanted - self._known.keys():
            self._known |= {version.pk: version for version in self._read(missing)}
        return {key: self._known[key] for key in wanted}

    def forget(self) -> None:
        """Read again at the next question (in tests, which take their rows back)."""
        self._known = {}


def _read_policies(keys: set[int]) -> list[Policy]:
    found = list(Policy.objects.filter(pk__in=keys).select_related("region", "contract"))
    known = calendars(policy.calendar_id for policy in found)
    for policy in found:
        policy.calendar = known[policy.calendar_id]  # one object for all: its arithmetic is prepared once
    return found


calendars = Versions[Calendar](lambda keys: Calendar.objects.filter(pk__in=keys).prefetch_related("days"))
versions = Versions[Policy](_read_policies)


def holding(target: Target) -> list[Policy]:
    """The current policies of a target as the database has them at this moment."""
    return list(versions(Policy.objects.filter(current=True, target=target).values_list("pk", flat=True)).values())


def _read_current() -> list[Policy]:
    return list(versions(Policy.objects.filter(current=True).values_list("pk", flat=True)).values())


# A promise made two seconds after a change may still use the old policy: they change a few times a year.
current = remembered.Remembered(_read_current)
forget = current.forget
