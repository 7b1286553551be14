"""The customer's page of an appointment, reached by a link without signing in.

Whoever has the link sees it: it shows the window, what to prepare, the technician's first name and where he is, and
nothing else of the ticket or its people (R75).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Refusal
from aftersales.core.throttle import Throttle, TooOften, address_of
from aftersales.core.time import now
from visits import calendar_file, qr, windows
from visits.forms_customer import DeclineForm
from visits.models import Visit, VisitLink
from visits.services import arrival, customer, link
from visits.services.dispatch import Seen
from visits.states import ACTIVE, VisitState
from visits.views.answers import add_refusal, version

OFFERED = 10  # windows that the page lets choose from
MISSES = Throttle(20, 60)  # wrong links of one address a minute: nobody mistypes a link that often
VISITS = Throttle(300, 60)  # of one link a minute: a page left open asks three times
_GONE = 410
_TOO_OFTEN_SECONDS = "60"

View = Callable[..., HttpResponse]


def with_link(view: View) -> View:
    """Find the appointment of the link; every link that opens nothing is answered alike.

    The page speaks the customer's language and tells the time of the customer's place. The policy for referrers stays
    "same-origin": no other site learns the address, and a form sent without any origin would be refused as forged.
    """

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        at = now()
        found = None
        address, mark = address_of(request), hashlib.sha256(token.encode(errors="replace")).hexdigest()
        if MISSES.full(address) or VISITS.full(mark):
            answer = _too_often(request)
        else:
            found = link.find(token, at=at)
            (VISITS if found else MISSES).count(mark if found else address)
            if found is None:
                answer = render(request, "visits/link_gone.html", status=404)
            else:
                with translation.override(_language(request, found)), timezone.override(link.zone_of(found.visit)):
                    answer = view(request, found, token, at, **kwargs)
                    answer["Content-Language"] = translation.get_language()
        answer["Cache-Control"] = "no-store, private"
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return csrf_protect(guarded)


def _too_often(request: HttpRequest) -> HttpResponse:
    answer = render(request, "visits/link_gone.html", {"too_often": True}, status=TooOften.status)
    answer["Retry-After"] = _TOO_OFTEN_SECONDS
    return answer


def _language(request: HttpRequest, found: VisitLink) -> str:
    """The language that was chosen on the page, else the customer's own."""
    chosen = request.GET.get("language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else found.visit.ticket.customer.language


@require_safe
@with_link
def page(request: HttpRequest, found: VisitLink, token: str, at: datetime) -> HttpResponse:
    """Show the appointment; asked again by the page itself, answer only when something has changed."""
    if request.htmx:  # type: ignore[attr-defined]
        if request.GET.get("seen") == _mark(found.visit):
            return HttpResponse(status=204)
        return _page(request, found, token, at, part=True)
    link.opened(found, at=at)
    return _page(request, found, token, at)


@require_safe
@with_link
def calendar(request: HttpRequest, found: VisitLink, token: str, at: datetime) -> HttpResponse:
    """The appointment for the customer's calendar."""
    answer = HttpResponse(calendar_file.of_visit(found.visit, at=at), content_type=calendar_file.MEDIA_TYPE)
    answer["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return answer


def _send(view: Callable[[HttpRequest, VisitLink, datetime], str]) -> View:
    """Do what a form of the page asks: then back to the page with a word on it, or the page with what was wrong."""

    @require_POST
    @with_link
    @wraps(view)
    def send(request: HttpRequest, found: VisitLink, token: str, at: datetime) -> HttpResponse:
        if found.visit.state not in ACTIVE:
            return _page(request, found, token, at, status=_GONE)
        form = DeclineForm(request.POST) if "reason" in request.POST else forms.Form({})
        form.is_valid()
        try:
            done = view(request, found, at)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
            again = link.find(token, at=at)
            return _page(request, again or found, token, at, form=form, status=status)
        return redirect(f"{link.path_of(token)}?language={translation.get_language()}&done={done}")

    return send


def _asked(request: HttpRequest, found: VisitLink) -> dict[str, Any]:
    """Who asks, and what was on the page: an appointment that was moved meanwhile is not settled unseen."""
    return {"by": Actor.with_link(found.visit.ticket_id), "seen": Seen(found.visit_id, version(request))}


@_send
def confirm(request: HttpRequest, found: VisitLink, at: datetime) -> str:
    """The time suits."""
    customer.confirm_visit(found.visit.ticket_id, at=at, **_asked(request, found))
    return "confirmed"


@_send
def move(request: HttpRequest, found: VisitLink, at: datetime) -> str:
    """Another time suits better."""
    start = _start(request.POST.get("window_start", ""))
    customer.choose_window(found.visit.ticket_id, window_start=start or at, at=at, **_asked(request, found))
    return "moved"


@_send
def decline(request: HttpRequest, found: VisitLink, at: datetime) -> str:
    """The customer does not want the visit."""
    reason = request.POST.get("reason", "")
    customer.decline_visit(found.visit.ticket_id, reason=reason, at=at, **_asked(request, found))
    return "declined"


def _start(text: str) -> datetime | None:
    try:
        value = parse_datetime(text)
    except ValueError:
        return None
    return value if value is not None and value.tzinfo is not None else None


# ── the page ───────────────────────────────────────────────────────────────────────────────────
def _page(
    request: HttpRequest,
    found: VisitLink,
    token: str,
    at: datetime,
    *,
    form: forms.Form | None = None,
    part: bool = False,
    status: int = 200,
) -> HttpResponse:
    visit = found.visit
    planned = visit.state == VisitState.PLANNED
    open_to_change = planned and at < visit.window_start
    done = {"confirmed": _confirmed, "moved": _moved}.get(request.GET.get("done", ""))
    context = {
        "visit": visit,
        "token": token,
        "mark": _mark(visit),
        "technician": link.first_name(visit.technician.name),
        "contact": settings.COMPANY_CONTACT,
        "done": done(visit) if done and status == 200 else "",
        "refused": form if form is not None and form.errors else None,
        "closed": status == _GONE,
        "may_confirm": open_to_change and visit.confirmed_at is None,
        "may_change": open_to_change,
        "days": _days(windows.offered(visit.ticket, at, OFFERED)) if open_to_change else [],
        "reason": request.POST.get("reason", "")[:300],
        "form": DeclineForm(),
        "language": translation.get_language(),
        "languages": settings.LANGUAGES,
        "polls": visit.state in ACTIVE,
        **_code(visit),
    }
    return render(request, f"visits/link.html{'#appointment' if part else ''}", context, status=status)


def _code(visit: Visit) -> dict[str, str]:
    """The customer's code while somebody is still to come: read at the door, it says that the two have met."""
    if visit.state not in (VisitState.PLANNED, VisitState.EN_ROUTE):
        return {}
    code = arrival.customer_code(visit)
    return {"code": code, "code_picture": qr.svg(code, _("Your code as a picture"))}


def _confirmed(visit: Visit) -> str:
    return _("Thank you, the appointment is confirmed.") if visit.confirmed_at else ""


def _moved(visit: Visit) -> str:
    return _("The appointment is moved. Your new time is confirmed.") if visit.confirmed_at else ""


def _mark(visit: Visit) -> str:
    """What the page shows, in few letters."""
    return f"{visit.version}-{visit.state}-{'c' if visit.confirmed_at else 'o'}"


def _days(offered: list[windows.Span]) -> list[tuple[date, list[windows.Span]]]:
    """Windows by the day on which they begin, as the reader's clock shows it."""
    days: dict[date, list[windows.Span]] = {}
    for start, end in offered:
        days.setdefault(timezone.localdate(start), []).append((start, end))
    return list(days.items())
