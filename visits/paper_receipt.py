"""The charge receipt: what was paid for, how, and to whom (R15); its number is one of a series without gaps."""

from __future__ import annotations

from visits import paper_sections, papers
from visits.models import Receipt, Visit
from visits.paper_facts import facts
from visits.papers import Content, Kind
from visits.section_words import SECTION_WORDS
from visits.states import PaperKind


def enter() -> None:
    """Enter the form; called once when the house starts."""
    papers.kinds.add(
        Kind(
            PaperKind.RECEIPT,
            "",
            "CRC-1",
            ("Charge receipt", "收费凭证", "收費憑證"),
            "visits/papers/receipt.html",
            receipt,
            may=collected,
            copies=("company_copy", "customer_copy"),
            rule="rule_receipt",
            words=SECTION_WORDS,
            number=lambda visit: Receipt.objects.get(charge__visit=visit).number,
        )
    )


def collected(visit: Visit) -> bool:
    """Whether money came in for this visit; at most once, for what it costs is collected in one sum."""
    return Receipt.objects.filter(charge__visit=visit).exists()


def receipt(visit: Visit) -> Content:
    """The lines of the charge, what was announced and agreed, and what was received."""
    return {**facts(visit), **(paper_sections.charges(visit) or {})}
