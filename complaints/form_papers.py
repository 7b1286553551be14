"""The numbered forms of this floor: the survey of the desk, the visit report, the complaint form."""

from __future__ import annotations

from typing import Any

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from complaints.form_words import FORM_WORDS
from complaints.models import Complaint, PastCycle, Survey, VisitReport
from complaints.models.complaint import READERS
from complaints.services import survey as surveys
from tickets.models import Event, Ticket
from tickets.states import EventKind
from visits import papers
from visits.paper_facts import layout, moment, zone_of
from visits.paper_words import Labels
from visits.papers import Content, Kind
from visits.states import PaperKind


def enter() -> None:
    """Enter the forms; called once when the house starts."""
    papers.kinds.add(
        Kind(
            PaperKind.SURVEY_FORM,
            "Q",
            "SUR-2",
            ("Satisfaction survey", "满意度调查表", "滿意度調查表"),
            "complaints/papers/survey.html",
            survey,
            copies=("customer_copy",),
            rule="rule_survey_form",
            words=FORM_WORDS,
            of="survey",
            beside=_link,
            readers=READERS,
            page=lambda pk: _ticket(Survey.objects.filter(pk=pk).values_list("ticket__number", flat=True).first()),
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.VISIT_REPORT,
            "",
            "VIS-1",
            ("Visit report", "走访报告", "走訪報告"),
            "complaints/papers/visit_report.html",
            report,
            words=FORM_WORDS,
            of="report",
            number=lambda one: one.number,
            beside=lambda content, words: {"purpose": words[f"purpose_{content['purpose']}"]},
            readers=READERS,
            page=lambda pk: reverse("customer_visit_report", args=[pk]),
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.COMPLAINT_FORM,
            "",
            "CPL-1",
            ("Complaint form", "用户投诉处理单", "用戶投訴處理單"),
            "complaints/papers/complaint.html",
            complaint,
            rule="rule_complaint",
            words=FORM_WORDS,
            of="complaint",
            number=lambda one: one.number,
            beside=_coded,
            readers=READERS,
            page=lambda pk: reverse("complaint", args=[pk]),
        )
    )


def _ticket(number: str | None) -> str:
    return reverse("ticket", args=[number]) if number else reverse("home")


def _head(ticket: Ticket) -> Content:
    phone = next(iter(ticket.customer.phones.all()), None)
    return {
        "language": layout(ticket),
        "ticket": ticket.number,
        "customer": ticket.customer.name,
        "phone": str(phone) if phone else "",
        "site": ticket.site.address if ticket.site else "",
        "product": str(ticket.product.model) if ticket.product else "",
        "serial": ticket.product.serial if ticket.product else "",
    }


# ── the survey of the desk ─────────────────────────────────────────────────────────────────────
def with_survey(pk: int) -> Survey | None:
    """A survey with all that its paper says. Two queries."""
    return (
        Survey.objects.select_related(
            "ticket__customer", "ticket__site__region", "ticket__product__model", "visit__technician", "complaint",
            "entered_by",
        )
        .prefetch_related("ticket__customer__phones")
        .filter(pk=pk)
        .first()
    )  # fmt: skip


def survey(one: Survey) -> Content:
    """The questions to be filled in by hand, or what was answered. Of the link's secret no letter is kept with it."""
    zone = zone_of(one.ticket)
    open_to_answer = one.answered_at is None
    return {
        **{name: value for name, value in _head(one.ticket).items() if name not in ("phone", "site")},
        "survey": one.pk,
        "complaint": one.complaint.number if one.complaint else "",
        "technician": one.visit.technician.name if one.visit else "",
        "visited": moment(one.visit.ended_at, zone) if one.visit else "",
        "link": one.token_hash[:12] if open_to_answer else "",
        "until": moment(one.expires_at, zone) if open_to_answer else "",
        "answered": moment(one.answered_at, zone),
        "how": one.how,
        "entered_by": one.entered_by.name if one.entered_by else "",
        "attitude": one.attitude,
        "punctuality": one.punctuality,
        "quality": one.quality,
        "is_solved": {True: "yes", False: "no", None: ""}[one.solved],
        "recommend": "" if one.recommend is None else str(one.recommend),
        "survey_words": one.words,
    }


def _link(content: Content, words: Labels) -> dict[str, Any]:
    """The link as a square code, where it can still be answered and the house knows its own address."""
    beside: dict[str, Any] = {
        "questions": [(words[f"q_{name}"], content[name]) for name in surveys.MARKS],
        "recommends": [str(mark) for mark in range(11)],
        "way": words[f"how_{content['how']}"] if content["how"] else "",
    }
    one = Survey.objects.filter(pk=content["survey"]).first()
    if not content["link"] or one is None or not settings.PUBLIC_URL or one.token_hash[:12] != content["link"]:
        return beside
    token = surveys.secret_of(one)
    if token is None or one.answered_at is not None:
        return beside
    return {**beside, "link_code": segno.make(surveys.address_of(token), error="m").svg_data_uri(border=1)}


# ── the visit report ───────────────────────────────────────────────────────────────────────────
def with_report(pk: int) -> VisitReport | None:
    """A visit report with all that its paper says. Two queries."""
    return (
        VisitReport.objects.select_related("customer", "product__model", "visited_by", "written_by")
        .prefetch_related("customer__phones")
        .filter(pk=pk)
        .first()
    )


def report(one: VisitReport) -> Content:
    """Who, when, whom, what was seen, wishes, next steps."""
    zone = timezone.get_default_timezone()
    language = one.customer.language
    phone = next(iter(one.customer.phones.all()), None)
    return {
        "language": {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}.get(language, "en/zh-Hans"),
        "customer": one.customer.name,
        "phone": str(phone) if phone else "",
        "product": str(one.product.model) if one.product else "",
        "serial": one.product.serial if one.product else "",
        "purpose": one.purpose,
        "visited_at": moment(one.visited_at, zone),
        "visited_by": one.visited_by.name,
        "place": one.place,
        "met": one.met,
        "seen": one.seen,
        "wishes": one.wishes,
        "next_steps": one.next_steps,
        "follow_up_on": str(one.follow_up_on or ""),
        "followed_up": moment(one.followed_up_at, zone),
        "written_by": one.written_by.name,
    }


# ── the complaint form ─────────────────────────────────────────────────────────────────────────
def with_complaint(pk: int) -> Complaint | None:
    """A complaint with all that its paper says. Four queries."""
    return (
        Complaint.objects.select_related(
            "ticket__customer", "ticket__site__region", "ticket__product__model", "visit__technician", "classed_by",
            "team", "other_team", "owner", "investigator", "decided_by", "registered_by", "partner",
        )
        .prefetch_related("ticket__customer__phones", "people", "past_cycles")
        .filter(pk=pk)
        .first()
    )  # fmt: skip


def complaint(one: Complaint) -> Content:
    """What was complained of, found, decided, told and done; what is not there yet is filled in by hand."""
    ticket, zone = one.ticket, zone_of(one.ticket)
    people = sorted({person.name for person in one.people.all()})
    if one.visit is not None and one.visit.technician.name not in people:
        people.append(one.visit.technician.name)
    return {
        **_head(ticket),
        "order": one.visit.order_number if one.visit else "",
        "registered": moment(one.registered_at, zone),
        "registered_by": str(one.registered_by or one.partner or ""),
        "words": one.words,
        "sought": one.sought,
        "against": one.against,
        "people": ", ".join(people),
        "class": str(one.complaint_class),
        "class_proposed": str(one.proposed_class),
        "class_reason": one.class_reason,
        "classed_by": one.classed_by.name if one.classed_by else "",
        "signals": {
            str(number): {"signal": said.get("signal", ""), "detail": str(said.get("detail", ""))}
            for number, said in enumerate(one.signals)
        },
        "department": " / ".join(str(team) for team in (one.team, one.other_team) if team),
        "complaint_owner": one.owner.name if one.owner else "",
        "investigator": one.investigator.name if one.investigator else "",
        "complaint_finding": one.finding,
        "cause_kind": one.cause,
        "cause_note": one.cause_note,
        "decision": one.verdict,
        "decided_by": one.decided_by.name if one.decided_by else "",
        "decided_at": moment(one.decided_at, zone),
        "remedy": one.remedy,
        "remedy_note": one.remedy_note,
        "remedy_by": moment(one.remedy_by, zone),
        "cost": f"{one.cost:.2f}" if one.decided_at else "",
        "told_at": moment(one.informed_at, zone),
        "told_by": _who(one, EventKind.COMPLAINT_INFORMED) if one.informed_at else "",
        "dispute_reason": one.dispute_reason,
        "remedied_at": moment(one.remedied_at, zone),
        "called_back_at": moment(one.called_back_at, zone),
        "called_back_by": _who(one, EventKind.COMPLAINT_CALLED_BACK) if one.called_back_at else "",
        "closed_at": moment(one.closed_at, zone),
        "earlier": {str(past.cycle): _past(past, zone) for past in one.past_cycles.all()},
    }


def _who(one: Complaint, kind: EventKind) -> str:
    """Who did this last in the present cycle, as the ticket's timeline tells."""
    event = (
        Event.objects.filter(ticket=one.ticket_id, kind=kind, at__gte=one.cycle_at)
        .select_related("user", "partner")
        .order_by("-at", "-pk")
        .first()
    )
    return str(event.user or event.partner or "") if event else ""


def _past(past: PastCycle, zone: Any) -> Content:
    known = past.outcome
    return {
        "began": moment(past.began_at, zone),
        "over": moment(past.ended_at, zone),
        "complaint_finding": str(known.get("finding") or ""),
        "decision": str(known.get("verdict") or ""),
        "remedy": str(known.get("remedy") or ""),
        "remedy_note": str(known.get("remedy_note") or ""),
        "cost": str(known.get("cost") or ""),
    }


def _coded(content: Content, words: Labels) -> dict[str, Any]:
    """The words of what is stored as a code; none where nothing was decided yet."""

    def word(name: str, value: str) -> str:
        key = f"{name}_{value}"
        return words[key] if value and key in words else value

    return {
        **{f"{name}_word": word(name, content[name]) for name in ("sought", "against", "cause_kind", "decision")},
        "complaint_class": content["class"],
        "remedy_word": word("remedy", content["remedy"]),
        "signals": [(word("signal", said["signal"]), said["detail"]) for said in content["signals"].values()],
        "earlier": [
            (number, past, word("decision", past["decision"]), word("remedy", past["remedy"]))
            for number, past in content["earlier"].items()
        ],
    }
