"""The cards of a technician's page: each noun of a visit brings its own, in the order in which the work goes.

    cards.add(Card("warranty", 30, "visits/cards/warranty.html", warranty.of_visit))

`of_visit(visit, actor)` answers what the template reads as `card`, or None while there is nothing to show. With a
`line` in it the card folds to that line: a telephone shows what comes next in full and the rest by its heading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aftersales.accounts.actors import Actor
from visits.models import Visit

Context = Callable[[Visit, Actor], dict[str, Any] | None]


@dataclass(frozen=True)
class Card:
    """One card; order: 10 before leaving, 20 arriving, 30 before the work, 40 the work, 50 the money, 60 signing.

    `verbs` are the commands whose forms it holds: where one was refused, the card shows it.
    """

    name: str
    order: int
    template: str
    context: Context
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """What is left of a folded card: how it stands, in a few words.

    `due`: the visit asks for it now; the first such card stands open. `urgent`: open wherever it is.
    """

    says: str = ""
    done: bool = False
    due: bool = False
    urgent: bool = False


@dataclass(frozen=True)
class Shown:
    """A card with what it shows now."""

    name: str
    template: str
    card: dict[str, Any]
    line: Line | None = None
    open: bool = True


_cards: list[Card] = []


def add(card: Card) -> None:
    """Enter a card; called once when the house starts."""
    _cards.append(card)
    _cards.sort(key=lambda one: one.order)


def shown(visit: Visit, actor: Actor, refused: str = "") -> list[Shown]:
    """The cards that have something to show for this visit; open are the next one and what cannot wait."""
    found: list[Shown] = []
    next_open = False
    for card in _cards:
        context = card.context(visit, actor)
        if context is None:
            continue
        line: Line | None = context.get("line")
        opens = line is None or line.urgent or refused in card.verbs
        if line is not None and line.due and not next_open:
            opens = next_open = True
        found.append(Shown(card.name, card.template, context, line, opens))
    return found


def due(found: list[Shown]) -> bool:
    """Whether something is to be done before the report."""
    return any(one.line is not None and (one.line.due or one.line.urgent) for one in found)
