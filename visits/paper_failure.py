"""The failure analysis: when, where, what and the first plan; then impact, handling, cause and measures (R34)."""

from __future__ import annotations

from visits import papers
from visits.models import MajorFailure
from visits.paper_facts import layout, moment, zone_of
from visits.papers import Content, Kind
from visits.section_words import SECTION_WORDS
from visits.states import PaperKind


def enter() -> None:
    """Enter the form; called once when the house starts."""
    papers.kinds.add(
        Kind(
            PaperKind.FAILURE_ANALYSIS,
            "",
            "FAR-1",
            ("Failure analysis", "故障分析报告", "故障分析報告"),
            "visits/papers/failure_analysis.html",
            analysis,
            rule="rule_failure",
            words=SECTION_WORDS,
            of="failure",
            number=lambda failure: failure.number,
        )
    )


def with_facts(failure_id: int) -> MajorFailure | None:
    """A failure with all that its paper says. One query."""
    return (
        MajorFailure.objects.filter(pk=failure_id)
        .select_related(
            "ticket__customer", "ticket__site__region", "ticket__product__model", "visit", "reported_by", "owner",
            "analysed_by",
        )
        .first()
    )  # fmt: skip


def analysis(failure: MajorFailure) -> Content:
    """The report, and the analysis as far as it was written; what is not there yet is filled in by hand."""
    ticket, zone = failure.ticket, zone_of(failure.ticket)
    product = ticket.product
    who = failure.analysed_by or failure.owner
    return {
        "language": layout(ticket),
        "ticket": ticket.number,
        "order": failure.visit.order_number if failure.visit else "",
        "customer": ticket.customer.name,
        "site": ticket.site.address if ticket.site else "",
        "product": " ".join(filter(None, [product.model.code, product.serial])) if product else "",
        "problem": ticket.summary,
        "occurred": moment(failure.occurred_at, zone),
        "place": failure.place,
        "what": failure.what,
        "first_plan": failure.first_plan,
        "reported_by": failure.reported_by.name if failure.reported_by else "",
        "reported_at": moment(failure.reported_at, zone),
        **{name: getattr(failure, name) for name in ("impact", "handling", "cause")},
        **{
            f"{measure}{part}": str(getattr(failure, f"{measure}{part}") or "")
            for measure in ("corrective", "preventive")
            for part in ("", "_by", "_on")
        },
        "owner": who.name if who else "",
        "analysed_at": moment(failure.analysed_at, zone),
    }
