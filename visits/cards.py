"""The cards of a technician's page: each noun of a visit brings its own, in the order in which the work goes.

    cards.add(Card("warranty", 30, "visits/cards/warranty.html", warranty.of_visit))

`of_visit(visit, actor)` answers what the template reads as `card`, or None while there is nothing to show.
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
    """One card; order: 10 before leaving, 20 arriving, 30 before the work, 40 the work, 50 the money, 60 signing."""

    name: str
    order: int
    template: str
    context: Context


@dataclass(frozen=True)
class Shown:
    """A card with what it shows now."""

    name: str
    template: str
    card: dict[str, Any]


_cards: list[Card] = []


def add(card: Card) -> None:
    """Enter a card; called once when the house starts."""
    _cards.append(card)
    _cards.sort(key=lambda one: one.order)


def shown(visit: Visit, actor: Actor) -> list[Shown]:
    """The cards that have something to show for this visit."""
    found = [(card, card.context(visit, actor)) for card in _cards]
    return [Shown(card.name, card.template, context) for card, context in found if context is not None]
