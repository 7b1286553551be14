"""What stands on each form: plain values, read from the rows as they are now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from aftersales.accounts.models import User
from aftersales.customers.models import Product
from tickets.models import Ticket
from tickets.states import Kind as TicketKind
from visits import papers
from visits.models import Visit
from visits.paper_words import Labels
from visits.papers import Content, Kind
from visits.states import PaperKind, VisitState

TRADITIONAL_COUNTRIES = frozenset({"TW", "HK", "MO"})
_RESULTS = {
    VisitState.COMPLETED: "solved",
    VisitState.NOT_SOLVED: "not_solved",
    VisitState.CANCELLED: "cancelled",
    VisitState.EN_ROUTE: "en_route_state",
    VisitState.ON_SITE: "on_site_state",
}


@dataclass(frozen=True)
class Period:
    """The days of a register, both included, and whose visits; None: everybody's."""

    technician: User | None
    first_day: date
    last_day: date


def enter() -> None:
    """Enter the forms; called once when the house starts."""
    papers.kinds.add(
        Kind(
            PaperKind.DISPATCH_ORDER,
            "",
            "DOR-1",
            ("Dispatch order", "派工单", "派工單"),
            "visits/papers/dispatch_order.html",
            dispatch_order,
            beside=_order_words,
            rule="rule_order",
            number=lambda visit: visit.order_number,
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.SERVICE_SHEET,
            "S",
            "FWD-2",
            ("Service sheet", "维修服务单", "維修服務單"),
            "visits/papers/service_sheet.html",
            service_sheet,
            may=ended,
            copies=("company_copy", "customer_copy"),
            rule="rule_sheet",
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.INSTALLATION_SHEET,
            "I",
            "INS-1",
            ("Installation and commissioning sheet", "安装调试单", "安裝調試單"),
            "visits/papers/installation.html",
            installation,
            beside=lambda _content, words: {"checks": [words[name] for name in words if name.startswith("check_")]},
            may=lambda visit: visit.ticket.kind == TicketKind.INSTALLATION and visit.state != VisitState.CANCELLED,
            copies=("company_copy", "customer_copy"),
            rule="rule_sheet",
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.SURVEY,
            "Q",
            "SUR-1",
            ("Satisfaction survey", "满意度调查表", "滿意度調查表"),
            "visits/papers/survey.html",
            survey,
            beside=lambda _content, words: {"questions": [words[name] for name in QUESTIONS]},
            may=lambda visit: visit.state != VisitState.CANCELLED,
            copies=("customer_copy",),
            rule="rule_survey",
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.VISIT_REGISTER,
            "R",
            "VRG-1",
            ("Visit register", "上门服务登记表", "上門服務登記表"),
            "visits/papers/visit_register.html",
            visit_register,
            beside=_register_rows,
            rule="rule_register",
            of="period",
        )
    )


def ended(visit: Visit) -> bool:
    """Whether the technician was there and has left."""
    return visit.state in (VisitState.COMPLETED, VisitState.NOT_SOLVED)


# ── what every form of a visit has ─────────────────────────────────────────────────────────────
def facts(visit: Visit) -> Content:
    """Ticket, customer, address, product: the head of every form."""
    ticket = visit.ticket
    phone = next(iter(ticket.customer.phones.all()), None)
    product, zone = ticket.product, zone_of(ticket)
    on = timezone.localdate(visit.ended_at or visit.window_start, zone)
    return {
        "language": layout(ticket),
        "order": visit.order_number,
        "ticket": ticket.number,
        "kind": ticket.kind,
        "customer": ticket.customer.name,
        "phone": phone.display if phone else ticket.contact_phone,
        "site": ticket.site.address if ticket.site else "",
        "product": _model_names(product, layout(ticket)) if product else [],
        "serial": product.serial if product else "",
        "purchased": product.purchased_on.isoformat() if product and product.purchased_on else "",
        "voucher": product.voucher_number if product else "",
        **_warranty(product, on),
        "problem": ticket.summary,
        "promised": window(visit, zone),
        "technician": visit.technician.name,
    }


def layout(ticket: Ticket) -> str:
    """Which language comes first, and which Chinese: "zh-Hans", "zh-Hant", "en/zh-Hans" or "en/zh-Hant".

    The customer's language; beside English the Chinese that the place reads.
    """
    language = ticket.customer.language
    site = ticket.site
    traditional = language == "zh-hant" or (
        language == "en" and site is not None and site.region.phone_region in TRADITIONAL_COUNTRIES
    )
    return ("en/" if language == "en" else "") + ("zh-Hant" if traditional else "zh-Hans")


def zone_of(ticket: Ticket) -> Any:
    """Where the clock on the customer's wall is read."""
    return ZoneInfo(ticket.site.region.zone) if ticket.site else timezone.get_default_timezone()


def moment(value: datetime | None, zone: Any) -> str:
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else ""


def window(visit: Visit, zone: Any) -> str:
    """The promised time: "2026-03-04 12:00 – 14:00"."""
    start, end = visit.window_start.astimezone(zone), visit.window_end.astimezone(zone)
    return f"{start:%Y-%m-%d %H:%M} – {end:{'%H:%M' if start.date() == end.date() else '%Y-%m-%d %H:%M'}}"


def _model_names(product: Product, language: str) -> list[str]:
    model = product.model
    hans, hant = model.name_zh_hans, model.name_zh_hant
    chinese = (hant or hans) if language.endswith("Hant") else (hans or hant)
    names = [model.name_en, chinese] if language.startswith("en") else [chinese, model.name_en]
    return list(dict.fromkeys(name for name in names if name))


def _warranty(product: Product | None, on: date) -> dict[str, str]:
    if product is None:
        return {"warranty": "", "warranty_until": ""}
    if product.warranty_until is None:
        return {"warranty": "warranty_unknown", "warranty_until": ""}
    word = "in_warranty" if on <= product.warranty_until else "out_of_warranty"
    return {"warranty": word, "warranty_until": product.warranty_until.isoformat()}


def _signed(visit: Visit, zone: Any) -> dict[str, str]:
    typed = visit.signed_by_typing
    return {
        "signature": hashlib.sha256(bytes(visit.signature)).hexdigest() if visit.signature else "",
        "signer": visit.signer_name,
        "signed": moment(visit.signed_at, zone),
        "unsigned": "" if typed else visit.unsigned_reason,
        # Only where it is so: a sheet that was drawn, or made before, says what it said.
        **({"typed": visit.signer_name, "typed_because": visit.unsigned_reason} if typed else {}),
    }


def _worked(visit: Visit, zone: Any) -> dict[str, Any]:
    return {
        "finding": visit.finding,
        "work": visit.work_done,
        "comment": visit.customer_comment,
        "result": _RESULTS[VisitState(visit.state)] if ended(visit) else "",
        "satisfaction": visit.satisfaction,
        "en_route": moment(visit.en_route_at, zone),
        "on_site": moment(visit.checked_in_at, zone),
        "ended": moment(visit.ended_at, zone) if ended(visit) else "",
    }


# ── the forms ──────────────────────────────────────────────────────────────────────────────────
def dispatch_order(visit: Visit) -> Content:
    """Who goes where and when, on whose order (R20)."""
    ticket, zone = visit.ticket, zone_of(visit.ticket)
    return {
        **facts(visit),
        "access": ticket.site.access_hours if ticket.site else "",
        "grade": str(ticket.grade),
        "description": ticket.description,
        "prepare": visit.prepare,
        "note": visit.note,
        "planned_by": visit.planned_by.name if visit.planned_by else "",
        "planned_at": moment(visit.planned_at, zone),
        "approved": ticket.dispatch_approved_by.name if ticket.dispatch_approved_by else "",
        "reason": visit.reason,
    }


def service_sheet(visit: Visit) -> Content:
    """What was found and done, and what the customer said to it (R32)."""
    zone = zone_of(visit.ticket)
    return {**facts(visit), **_worked(visit, zone), **_signed(visit, zone)}


def installation(visit: Visit) -> Content:
    """What was installed; until the visit has ended a form to be filled in by hand."""
    zone = zone_of(visit.ticket)
    return {**facts(visit), **_worked(visit, zone), **_signed(visit, zone)}


def survey(visit: Visit) -> Content:
    """A blank survey with the ticket's data (R32)."""
    known = facts(visit)
    return {
        name: known[name] for name in ("language", "order", "ticket", "customer", "product", "promised", "technician")
    }


def visit_register(period: Period) -> Content:
    """The visits whose appointment begins in the period, by time."""
    rows = {}
    for visit in registered(period):
        zone = zone_of(visit.ticket)
        product = visit.ticket.product
        rows[visit.order_number] = {
            "promised": window(visit, zone),
            "technician": visit.technician.name,
            "ticket": visit.ticket.number,
            "customer": visit.ticket.customer.name,
            "site": visit.ticket.site.address if visit.ticket.site else "",
            "product": " ".join(filter(None, [product.model.code, product.serial])) if product else "",
            "on_site": moment(visit.checked_in_at, zone),
            "ended": moment(visit.ended_at, zone) if ended(visit) else "",
            "result": _RESULTS.get(VisitState(visit.state), "planned"),
            "work": papers.cut(visit.work_done or visit.reason, 120),
            "signer": visit.signer_name or visit.unsigned_reason,
        }
    return {
        "language": "zh-Hans",
        "technician": period.technician.name if period.technician else "",
        "days": f"{period.first_day} – {period.last_day}",
        "rows": rows,
    }


MOST_ROWS = 500
QUESTIONS = ("ask_time", "ask_manner", "ask_skill", "ask_words", "ask_price", "ask_all", "ask_recommend")


def _order_words(content: Content, words: Labels) -> dict[str, Any]:
    return {
        "kind": words[f"kind_{content['kind']}"],
        "grade": words[f"grade_{content['grade']}"],
        "kit": [words[name] for name in words if name.startswith("kit_")],
    }


def _register_rows(content: Content, words: Labels) -> dict[str, Any]:
    rows = [{**row, "order": order, "result": words[row["result"]]} for order, row in content["rows"].items()]
    return {"rows": sorted(rows, key=lambda row: (row["promised"], row["order"]))}


def registered(period: Period) -> list[Visit]:
    """One more than a register holds when there are too many. One query."""
    zone = timezone.get_default_timezone()
    start = datetime.combine(period.first_day, datetime.min.time(), tzinfo=zone)
    end = datetime.combine(period.last_day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    visits = Visit.objects.filter(window_start__gte=start, window_start__lt=end)
    if period.technician is not None:
        visits = visits.filter(technician=period.technician)
    return list(
        visits.select_related("technician", "ticket__customer", "ticket__site__region", "ticket__product__model")
        .defer("signature")
        .order_by("window_start", "pk")[: MOST_ROWS + 1]
    )
