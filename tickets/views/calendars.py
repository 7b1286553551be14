"""Calendars: when time counts. The desk reads them; leaders change them, and see first which promises move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, LEADERS
from aftersales.core.errors import Invalid, Stale
from aftersales.core.time import now
from tickets.forms_calendar import ZONES, DayForm, FileForm, HoursForm, NewForm, VersionForm
from tickets.services import calendar as service
from tickets.services.calendar import Change
from tickets.sla import calendar_csv, calendars, holidays, hours
from tickets.sla.models import Calendar

Make = Callable[[Calendar], Change]
SHOWN_DATES = 40  # of those that a change touches


# ── looking ────────────────────────────────────────────────────────────────────────────────────
@staff_page(*DESK)
@require_safe
def calendar_list(request: HttpRequest) -> HttpResponse:
    """Every calendar: its hours in words, what is special next, and what nobody has confirmed."""
    at = now()
    leads = Actor.of(request).may(LEADERS)
    context = {
        "rows": calendars.listed(timezone.localdate(at)),
        "may_edit": leads,
        "unconfirmed": calendars.unconfirmed(at) if leads else [],
    }
    return render(request, "tickets/calendars.html", context)


@staff_page(*DESK)
@require_safe
def calendar(request: HttpRequest, code: str) -> HttpResponse:
    """One calendar as it is, or, with ?version=, as it once was."""
    version = request.GET.get("version", "")
    if version:
        found = Calendar.objects.filter(code=code, version=_number(version)).prefetch_related("days").first()
        if found is None:
            raise Http404
        return _page(request, found)
    return _page(request, service.current(code))


def _page(request: HttpRequest, found: Calendar, *, status: int = 200, **bound: forms.Form) -> HttpResponse:
    """The page of a calendar; `bound` are forms with errors in the place of fresh ones."""
    today = timezone.localdate(now())
    days = list(found.days.all())
    asked = parse_day(request.GET.get("day", ""))
    year = _year(request.GET.get("year", "")) or (asked or today).year
    years = sorted({day.date.year for day in days} | {today.year, today.year + 1, year})
    versions = list(Calendar.objects.filter(code=found.code).select_related("created_by").order_by("-version")[:20])
    shown = parse_day(f"{request.GET.get('month', '')}-01") or (asked or _first(year, today)).replace(day=1)
    chosen = next((day for day in days if day.date == asked), None)
    leads = Actor.of(request).may(LEADERS)
    of_year = [(day, hours.spoken(day.periods)) for day in days if day.date.year == year]
    guessed = {day.date.year for day in days if not day.confirmed}
    context: dict[str, Any] = {
        "calendar": found,
        "week": hours.week(found),
        "year": year,
        "years": [(one, one in guessed) for one in years],
        "days": of_year,
        "ahead": [row for row in of_year if row[0].date >= today],
        "over": [row for row in of_year if row[0].date < today],
        "is_guess": year in guessed,
        "knows_country": found.country in holidays.COUNTRIES,
        "month": None if found.round_the_clock else calendars.month(found, shown, today=today),
        "versions": versions,
        "policies": found.policies.filter(current=True).count(),
        "may_edit": leads and found.current,
        "chosen": chosen,
        "chosen_is_over": chosen is not None and chosen.date < today,
        "zones": ZONES,
    }
    if context["may_edit"]:
        context["hours_form"] = HoursForm.of(found)
        context["day_form"] = DayForm.of(found, chosen, **({"date": asked} if asked else {}))
        context["file_form"] = FileForm(initial={"version": found.version, "confirmed": True})
    return render(request, "tickets/calendar.html", {**context, **bound}, status=status)


# ── changing ───────────────────────────────────────────────────────────────────────────────────
@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_new(request: HttpRequest) -> HttpResponse:
    """Make a calendar; policies may then count in it."""
    form = NewForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                change = service.new(code=form.cleaned_data["code"], **form.written())
                saved = service.apply(change, by=Actor.of(request))
            except Invalid as error:
                _add_errors(form, error)
            except Stale:
                form.add_error("code", _("There is a calendar with this code already."))
            else:
                messages.success(request, _("The calendar is saved. Policies may count in it now."))
                return redirect("calendar", saved.calendar.code)
    return render(request, "tickets/calendar_new.html", {"form": form, "zones": ZONES}, status=status)


@staff_page(*LEADERS)
@require_POST
def calendar_hours(request: HttpRequest, code: str) -> HttpResponse:
    """Change the week, the zone, the country or the names."""
    form = HoursForm(request.POST)
    return _change(request, code, form, "hours_form", lambda found: service.rewritten(found, **form.written()))


@staff_page(*LEADERS)
@require_POST
def calendar_day(request: HttpRequest, code: str) -> HttpResponse:
    """Let a date differ from its weekday, or differ otherwise."""
    form = DayForm(request.POST)
    return _change(request, code, form, "day_form", lambda found: service.with_day(found, **form.written()))


@staff_page(*LEADERS)
@require_POST
def calendar_day_remove(request: HttpRequest, code: str) -> HttpResponse:
    """Make a date an ordinary one again."""
    on = parse_day(request.POST.get("date", ""))
    if on is None:
        raise Http404
    return _change(request, code, VersionForm(request.POST), "", lambda found: service.without_day(found, on=on))


@staff_page(*LEADERS)
@require_POST
def calendar_confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Say that the dates of a year are as announced; no promise moves."""
    year = _year(request.POST.get("year", ""))
    if year is None:
        raise Http404
    return _change(request, code, VersionForm(request.POST), "", lambda found: service.with_year_confirmed(found, year))


@staff_page(*LEADERS)
@require_POST
def calendar_import(request: HttpRequest, code: str) -> HttpResponse:
    """Take the dates of a file, after a look at what they change."""
    form = FileForm(request.POST, request.FILES)
    upload = request.FILES.get("csv")
    data = upload.read(calendar_csv.MAX_BYTES + 1) if upload else request.POST.get("text", "").encode()

    def make(found: Calendar) -> Change:
        if not data:
            raise Invalid(_("Choose a file."), code="required", field="csv")
        return service.with_csv(found, data, confirmed=form.cleaned_data["confirmed"])

    def text() -> dict[str, str]:
        return {"text": data.decode("utf-8-sig")}

    return _change(request, code, form, "file_form", make, always=True, carried=text)


def _change(
    request: HttpRequest,
    code: str,
    form: forms.Form,
    place: str,
    make: Make,
    *,
    always: bool = False,
    carried: Callable[[], dict[str, str]] = dict,
) -> HttpResponse:
    """Preview a change when promises move (or `always`), and save it when the person is sure.

    What is wrong is shown in the form's `place` on the page. `carried` is sent along with the preview besides the form.
    """
    found = service.current(code)
    if not form.is_valid():
        return _refused(request, found, form, place, status=422)
    try:
        if form.cleaned_data["version"] != found.version:
            raise Stale(_("The calendar was changed meanwhile. Nothing of yours was saved: look at it again."))
        change = make(found)
        if not change.changes_anything:
            messages.info(request, _("That is how it is already: nothing was changed."))
            return redirect(_address(change))
        if "sure" not in request.POST:
            preview = service.preview(change)
            if always or preview.moves:
                fields = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
                return _preview(request, change, preview, fields | carried())
        saved = service.apply(change, by=Actor.of(request))
    except Invalid as error:
        _add_errors(form, error)
        return _refused(request, found, form, place, status=422)
    except Stale as error:
        form.add_error(None, error.message)
        return _refused(request, found, form, place, status=409)
    messages.success(request, _done(saved))
    return redirect(_address(change))


def _refused(request: HttpRequest, found: Calendar, form: forms.Form, place: str, *, status: int) -> HttpResponse:
    """The page with the form and its errors; a button without a form tells them on top."""
    if place:
        return _page(request, found, status=status, **{place: form})
    for error in (message for of_field in form.errors.values() for message in of_field):
        messages.error(request, str(error))
    return _page(request, found, status=status)


def _preview(request: HttpRequest, change: Change, found: Any, fields: dict[str, Any]) -> HttpResponse:
    moving = found.moved - found.same_due
    differences = change.differences
    context = {
        "calendar": change.calendar,
        "change": change,
        "week_before": hours.week(change.before) if change.before else [],
        "week": hours.week(change.calendar),
        "rest": [name for name in change.fields if name != "week"],
        "differences": [
            (one, one.before and hours.spoken(one.before.periods), one.after and hours.spoken(one.after.periods))
            for one in differences[:SHOWN_DATES]
        ],
        "more_dates": max(len(differences) - SHOWN_DATES, 0),
        "preview": found,
        "moving": moving,
        "more": moving - len(found.moves),
        "fields": fields,
        "action": request.path,
    }
    return render(request, "tickets/calendar_preview.html", context)


def _done(saved: service.Saved) -> str:
    text = _("Saved as version %(version)s.") % {"version": saved.calendar.version}
    if saved.goes_on:
        then = _("Open promises are counted anew now; that takes a few minutes at most.")
    elif not saved.moved:
        then = _("No open promise falls due at another time.")
    else:
        then = ngettext(
            "%(number)s open promise falls due at another time.",
            "%(number)s open promises fall due at another time.",
            saved.moved,
        ) % {"number": saved.moved}
    return f"{text} {then}"


def _address(change: Change) -> str:
    """Back to the calendar, to the year of what was changed."""
    address = reverse("calendar", args=[change.calendar.code])
    years = {one.date.year for one in change.differences}
    return f"{address}?{urlencode({'year': min(years)})}" if years and len(years) < 3 else address


def _add_errors(form: forms.Form, invalid: Invalid) -> None:
    for name, _code, message in invalid.errors:
        form.add_error(name if name in form.fields else None, message)


def _first(year: int, today: date) -> date:
    return today if today.year == year else date(year, 1, 1)


def parse_day(written: str) -> date | None:
    """Read a date of an address; None when it is none."""
    try:
        found = parse_date(written)
    except ValueError:
        return None
    return found if found and _year(str(found.year)) else None


def _year(written: str) -> int | None:
    year = _number(written)
    return year if 2000 <= year <= service.LAST_YEAR else None


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0
