"""Whether a repair is under warranty: a pure judgement of what was found, for labour, parts and travel apart (R11).

decide(Inputs(on=date(2026, 3, 4), proof=Proof.VOUCHER, started_on=date(2025, 6, 1), months={…})).overall
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from aftersales.customers.warranty import Cover, ends
from visits.states_warranty import Exclusion, Outcome, Proof, Rule


@dataclass(frozen=True)
class Inputs:
    """What a judgement rests on; `on` is the day on which the customer reported the fault."""

    on: date
    proof: Proof
    started_on: date | None
    months: Mapping[Cover, int]
    exclusions: frozenset[Exclusion] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Verdict:
    """The outcome of each cover, the last day of each where there is one, and the rules that led there."""

    covers: dict[Cover, Outcome]
    ends: dict[Cover, date | None]
    rules: tuple[Rule, ...]

    @property
    def overall(self) -> Outcome:
        return overall(self.covers)


def decide(inputs: Inputs) -> Verdict:
    """Judge: an exclusion, no proof or no known start is charged; else each cover runs to its last day, included."""
    days: dict[Cover, date | None] = dict.fromkeys(Cover)
    if inputs.started_on is not None:
        days |= ends(inputs.started_on, inputs.months)
    if inputs.exclusions:
        return Verdict(dict.fromkeys(Cover, Outcome.CHARGED), days, (Rule.EXCLUDED,))
    if inputs.proof == Proof.NONE:
        return Verdict(dict.fromkeys(Cover, Outcome.CHARGED), days, (Rule.NO_PROOF,))
    by = Rule.BY_VOUCHER if inputs.proof == Proof.VOUCHER else Rule.BY_BARCODE
    if inputs.started_on is None:
        return Verdict(dict.fromkeys(Cover, Outcome.CHARGED), days, (by, Rule.NO_START))
    covers = {cover: _judge(days[cover], inputs.on) for cover in Cover}
    rules = [by]
    if any(outcome == Outcome.IN_WARRANTY for outcome in covers.values()):
        rules.append(Rule.WITHIN)
    if any(day is not None and inputs.on > day for day in days.values()):
        rules.append(Rule.OVER)
    if any(day is None for day in days.values()):
        rules.append(Rule.NOT_COVERED)
    return Verdict(covers, days, tuple(rules))


def overall(covers: Mapping[Cover, Outcome]) -> Outcome:
    """One word for the three: in warranty, charged, or partly."""
    outcomes = set(covers.values())
    return outcomes.pop() if len(outcomes) == 1 else Outcome.PARTLY


def _judge(last: date | None, on: date) -> Outcome:
    return Outcome.IN_WARRANTY if last is not None and on <= last else Outcome.CHARGED
