"""Visit reports: written after calling on a customer without a fault, corrected, followed up."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import DESK
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.models import Customer, Product
from complaints.models import VisitReport
from complaints.states_visit_report import LONGEST_TEXT, Purpose

FIELDS = (
    "product", "purpose", "visited_at", "visited_by", "place", "met", "seen", "wishes", "next_steps", "follow_up_on",
)  # fmt: skip
_LINES = {"place": 200, "met": 120}
_TEXTS = ("seen", "wishes", "next_steps")
_SOON = timedelta(minutes=5)  # clocks differ


@transaction.atomic
def write(customer_id: int, *, by: Actor, at: datetime | None = None, **given: Any) -> VisitReport:
    """Write a report about a visit to this customer. Raises Missing, Forbidden, Invalid naming the field."""
    require(by, DESK)
    at = at or now()
    customer = Customer.objects.select_for_update().filter(pk=customer_id, merged_into=None).first()
    if customer is None or by.user is None:
        raise Missing(_("There is no such customer."))
    told = _checked(customer, given, at)
    return VisitReport.objects.create(customer=customer, written_by=by.user, written_at=at, **told)


@transaction.atomic
def correct(report_id: int, *, version: int, by: Actor, at: datetime | None = None, **given: Any) -> VisitReport:
    """Correct a report; a paper made of it lists the change in its next version."""
    require(by, DESK)
    at = at or now()
    report = _locked(report_id)
    if report.version != version:
        raise Stale(_("The report was changed meanwhile. Nothing of yours was saved: look at it again."))
    told = _checked(report.customer, given, at)
    if told["follow_up_on"] != report.follow_up_on:
        report.followed_up_at = None
    for name, value in told.items():
        setattr(report, name, value)
    report.version += 1
    report.save(update_fields=[*FIELDS, "followed_up_at", "version"])
    return report


@transaction.atomic
def follow_up(report_id: int, *, by: Actor, at: datetime | None = None) -> VisitReport:
    """What was to be followed up is done. Raises NotAllowed where nothing is open."""
    require(by, DESK)
    report = _locked(report_id)
    if report.follow_up_on is None or report.followed_up_at is not None:
        raise NotAllowed(_("There is nothing to follow up."), code="nothing_open")
    report.followed_up_at = at or now()
    report.version += 1
    report.save(update_fields=["followed_up_at", "version"])
    return report


def _locked(report_id: int) -> VisitReport:
    report = VisitReport.objects.select_for_update(of=("self",)).select_related("customer").filter(pk=report_id).first()
    if report is None:
        raise Missing(_("There is no such report."))
    return report


def _checked(customer: Customer, given: dict[str, Any], at: datetime) -> dict[str, Any]:
    told = {name: given.get(name) for name in FIELDS}
    errors: list[tuple[str, str, str]] = []
    for name, most in _LINES.items():
        line = told[name] = clean_line(str(given.get(name) or ""))
        if len(line) > most:
            errors.append((name, "too_long", _("At most %(max)s characters.") % {"max": most}))
    for name in _TEXTS:
        text = told[name] = clean_text(str(given.get(name) or ""))
        if len(text) > LONGEST_TEXT:
            errors.append((name, "too_long", _("At most %(max)s characters.") % {"max": f"{LONGEST_TEXT:,}"}))
    errors += [(name, "required", _("Write something here.")) for name in ("met", "seen") if not told[name]]
    if told["purpose"] not in Purpose.values:
        errors.append(("purpose", "unknown", _("Choose one of the list.")))
    visited_at, visited_by, product = told["visited_at"], told["visited_by"], told["product"]
    if not isinstance(visited_at, datetime):
        errors.append(("visited_at", "required", _("Say when.")))
    elif visited_at > at + _SOON:
        errors.append(("visited_at", "future", _("A report is written after the visit.")))
    if not isinstance(visited_by, User):
        errors.append(("visited_by", "required", _("Say who was there.")))
    if product is not None and (not isinstance(product, Product) or product.customer_id != customer.pk):
        errors.append(("product", "not_theirs", _("This product is another customer's.")))
    follow = told["follow_up_on"]
    if isinstance(visited_at, datetime) and isinstance(follow, date) and follow < timezone.localdate(visited_at):
        errors.append(("follow_up_on", "order", _("The follow-up comes after the visit.")))
    if errors:
        raise Invalid(errors=errors)
    return told
