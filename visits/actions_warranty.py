"""How consent, warranty, findings, repair plan and major failure are asked for, and their cards."""

from visits import cards_warranty as shown
from visits.cards import Card, add


def enter() -> None:
    """Enter them; called once when the house starts."""
    add(Card("photographs", 25, "visits/cards/photographs.html", shown.photographs))
