"""Technicians: who they are, what they can do, when they are there; and how long the ways take."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import Region
from aftersales.core.errors import Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from aftersales.customers import skills
from visits import selectors_people as selectors
from visits import travel
from visits.forms_technician import DutyForm, LeaveForm, TechnicianForm, TravelRowForm, TravelSettingsForm
from visits.models import Technician
from visits.services import technician as services
from visits.services import travel as travel_services
from visits.services.technician import PLANNERS
from visits.views.answers import add_refusal, go, sent_to

MOST_REGIONS = 60  # a side of the table of ways


@staff_page(*PLANNERS)
@require_safe
def technicians(request: HttpRequest) -> HttpResponse:
    """List the technicians with what they can do and how today is."""
    region, skill = request.GET.get("region", "")[:40], request.GET.get("skill", "")[:40]
    context = {
        "rows": selectors.listed(now(), region=region, skill=skill),
        "regions": Region.objects.order_by("code"),
        "skills": [(code, skills.word(code)) for code in selectors.skill_codes()],
        "region": region,
        "skill": skill,
    }
    return render(request, "visits/technicians.html", context)


@staff_page(*PLANNERS)
@require_http_methods(["GET", "HEAD", "POST"])
def technician(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show one technician, and keep what is known of him."""
    found = _found(user_id)
    if request.method != "POST":
        return _page(request, found)
    form = TechnicianForm(request.POST, codes=selectors.skill_codes(found))
    status = 422
    if form.is_valid():
        try:
            services.save_technician(user_id, by=Actor.of(request), **form.written())
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, _address(user_id), _("The technician is saved. What is booked stays booked."))
    return _page(request, found, status=status, form=form)


@staff_page(*PLANNERS)
@sent_to(lambda user_id: _address(user_id))
def leave(request: HttpRequest, user_id: int) -> HttpResponse:
    """Enter that a technician will not be there."""
    found = _found(user_id)
    form = LeaveForm(request.POST, prefix="leave")
    status = 422
    if form.is_valid():
        try:
            saved = services.plan_leave(user_id, by=Actor.of(request), **form.cleaned_data)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, _address(user_id), _saved(saved.pk, found))
    return _page(request, found, status=status, leave_form=form)


def _saved(leave_id: int, found: Technician) -> str:
    rows = selectors.time_of(_found(found.user_id), now()).leaves
    planned = next((number for leave, _begun, number in rows if leave.pk == leave_id), 0)
    if not planned:
        return _("The leave is saved; nothing can be booked then.")
    return ngettext(
        "The leave is saved. %(count)d visit is planned then: move it.",
        "The leave is saved. %(count)d visits are planned then: move them.",
        planned,
    ) % {"count": planned}


@staff_page(*PLANNERS)
@sent_to(lambda user_id, leave_id: _address(user_id))
def leave_end(request: HttpRequest, user_id: int, leave_id: int) -> HttpResponse:
    """End a leave now, or remove one that has not begun."""
    try:
        ended = services.end_leave(user_id, leave_id, by=Actor.of(request))
    except Refusal as refusal:
        if refusal.status == 404:
            raise Http404 from refusal
        refuse_on_page(request, refusal)
        return go(request, _address(user_id))
    return go(request, _address(user_id), _("The leave is removed.") if ended is None else _("The leave has ended."))


@staff_page(*PLANNERS)
@sent_to(lambda user_id: _address(user_id))
def duty(request: HttpRequest, user_id: int) -> HttpResponse:
    """Say that a technician works on a day although it is a holiday, or (with `off`) no longer does."""
    found = _found(user_id)
    form = DutyForm(request.POST, prefix="duty")
    on_duty = "off" not in request.POST
    status = 422
    if form.is_valid():
        try:
            services.set_duty(user_id, on_duty=on_duty, by=Actor.of(request), **form.cleaned_data)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            done = _("The duty plan is saved.") if on_duty else _("The day of duty is removed.")
            return go(request, _address(user_id), done)
    return _page(request, found, status=status, duty_form=form)


def _address(user_id: int) -> str:
    return reverse("technician", args=[user_id])


def _found(user_id: int) -> Technician:
    user = selectors.people().filter(pk=user_id).select_related("technician__home_region", "team").first()
    if user is None:
        raise Http404
    return selectors.of_user(user)


def _page(
    request: HttpRequest,
    found: Technician,
    *,
    status: int = 200,
    form: TechnicianForm | None = None,
    leave_form: LeaveForm | None = None,
    duty_form: DutyForm | None = None,
) -> HttpResponse:
    codes = selectors.skill_codes(found)
    context: dict[str, Any] = {
        "technician": found,
        "person": found.user,
        "levels": selectors.levels(found),
        "week": selectors.week_words(found),
        "time": selectors.time_of(found, now()),
        "form": form or TechnicianForm.of(found, codes),
        "leave_form": leave_form or LeaveForm(prefix="leave"),
        "duty_form": duty_form or DutyForm(prefix="duty"),
    }
    return render(request, "visits/technician.html", context, status=status)


# ── travel ─────────────────────────────────────────────────────────────────────────────────────
@staff_page(*PLANNERS)
@require_http_methods(["GET", "HEAD", "POST"])
def travel_times(request: HttpRequest) -> HttpResponse:
    """Show and change how long the ways between regions take, a row at a time, and what holds where none is entered."""
    regions = list(Region.objects.order_by("code")[:MOST_REGIONS])
    form: forms.Form
    row: TravelRowForm | None = None
    settings: TravelSettingsForm | None = None
    chosen = next((one for one in regions if one.code == request.POST.get("origin")), None)
    status = 200
    if request.method == "POST":
        if chosen is not None:
            form = row = TravelRowForm(regions, request.POST)
        elif request.POST.get("origin"):
            raise Http404
        else:
            form = settings = TravelSettingsForm(request.POST)
        status = 422
        if form.is_valid():
            by = Actor.of(request)
            try:
                if row is not None and chosen is not None:
                    travel_services.save_row(chosen, row.written(), by=by)
                else:
                    travel_services.save_settings(**form.cleaned_data, by=by)
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("travel_times"), _("The travel times are saved; new bookings keep them."))
    return render(request, "visits/travel_times.html", _travel(regions, row, chosen, settings), status=status)


def _travel(
    regions: list[Region], row: TravelRowForm | None, chosen: Region | None, settings: TravelSettingsForm | None
) -> dict[str, Any]:
    rows = []
    for origin, ways in selectors.travel_rows(regions):
        bound = row is not None and origin == chosen
        form = row if bound else TravelRowForm(regions, initial={f"to_{to.pk}": way for to, way in ways})
        assert form is not None
        form.auto_id = f"from_{origin.pk}_%s"
        rows.append((origin, form, bound))
    pace = travel.pace()
    return {
        "regions": regions,
        "rows": rows,
        "settings": settings or TravelSettingsForm(initial=pace._asdict()),
    }
