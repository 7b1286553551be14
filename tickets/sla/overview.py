"""What the pages show of policies: the current ones by target, how much runs under them, who changed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from tickets.sla import policies, words
from tickets.sla.models import Policy, PolicyChange
from tickets.sla.policies import Facts
from tickets.sla.states import Target

COUNT_CAP = 1000
HISTORY_SHOWN = 30
CHANGES_SHOWN = 10

_OPEN = """
SELECT p.id, (
    SELECT count(*) FROM (
        SELECT 1 FROM sla_policy v JOIN sla_clock c ON c.policy_id = v.id AND c.state IN ('running', 'paused')
        WHERE v.series = p.series LIMIT %s
    ) AS running
) FROM sla_policy p WHERE p.current
"""


@dataclass(frozen=True)
class Row:
    """One current policy as a list tells it; `open` counts promises under any of its versions, up to the cap."""

    policy: Policy
    promised: str
    conditions: str
    steps: list[tuple[str, str]]
    open: int
    as_above: bool = False  # it sets off the same steps as the one before

    @property
    def shown(self) -> str:
        return f"{COUNT_CAP:,}+" if self.open > COUNT_CAP else str(self.open)


def with_words(found: QuerySet[Policy]) -> QuerySet[Policy]:
    """With all that their words need."""
    return found.select_related("calendar", "region", "contract", "created_by")


def by_target() -> list[tuple[Target, list[Row]]]:
    """The current policies, the widest of each target first. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [COUNT_CAP + 1])
        counted = dict(cursor.fetchall())
    rows: dict[str, list[Row]] = {target.value: [] for target in Target}
    found = sorted(with_words(Policy.objects.filter(current=True)), key=_place)
    for policy in found:
        before = rows[policy.target][-1].policy if rows[policy.target] else None
        row = Row(
            policy,
            words.promised(policy),
            words.conditions_line(policy),
            words.steps(policy),
            counted.get(policy.pk, 0),
            before is not None and before.steps == policy.steps,
        )
        rows[policy.target].append(row)
    return [(target, rows[target.value]) for target in Target]


def _place(policy: Policy) -> tuple[object, ...]:
    asked = policies.specificity(policy)[:-1]
    return (*asked, policy.vip or False, not policy.home_region, policy.grade or 0, policy.pk)


def history(policy: Policy) -> list[Policy]:
    """The versions of its series, the newest first, each with the change that made it."""
    found = with_words(Policy.objects.filter(series=policy.series)).order_by("-version")[:HISTORY_SHOWN]
    versions = list(found.prefetch_related("changes__user", "changes__partner"))
    for version in versions:
        version.made = next((one for one in version.changes.all() if not one.retired), None)  # type: ignore[attr-defined]
        version.ended = next((one for one in version.changes.all() if one.retired), None)  # type: ignore[attr-defined]
        version.promised = words.promised(version)  # type: ignore[attr-defined]
        version.asked = words.conditions_line(version)  # type: ignore[attr-defined]
    return versions


def last_changes() -> list[PolicyChange]:
    """Who changed what last."""
    found = PolicyChange.objects.select_related("user", "partner").prefetch_related(
        "policies__region", "policies__contract", "policies__calendar"
    )
    return list(found[:CHANGES_SHOWN])


# ── which policy holds ─────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Answer:
    """The policy that holds for a target, and those that fit too but are wider."""

    target: Target
    winner: Row | None
    others: list[Row]


def which(facts: Facts) -> list[Answer]:
    """For each target the policy that would hold for such a ticket, as the database has them now."""
    found = list(with_words(Policy.objects.filter(current=True)))
    answers = []
    for target in Target:
        ranked = _rows(policies.ranked(target, facts, found))
        answers.append(Answer(target, ranked[0] if ranked else None, ranked[1:]))
    return answers


def _rows(found: Iterable[Policy]) -> list[Row]:
    return [
        Row(policy, words.promised(policy), words.conditions_line(policy), words.steps(policy), 0) for policy in found
    ]
