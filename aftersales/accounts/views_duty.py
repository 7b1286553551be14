"""Who is away and who is on duty: the leaders' page, and what each person enters about themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from aftersales.accounts import duty
from aftersales.accounts import services_duty as services
from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.forms_duty import AbsenceForm, DutyForm, PersonsAbsenceForm, ReachingForm
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS
from aftersales.core import phones
from aftersales.core.errors import Invalid, NotAllowed, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now

SHOWN = timedelta(days=60)


def saved(form: forms.Form, save: Callable[..., object], **more: Any) -> bool:
    """Save what the form holds; a refusal stands beside its field."""
    if not form.is_valid():
        return False
    try:
        save(**form.cleaned_data, **more)
    except Invalid as error:
        for name, _code, message in error.errors:
            form.add_error(name if name in form.fields else None, message)
    except Refusal as error:
        form.add_error(None, error.message)
    return not form.errors


# ── about oneself: sections of the profile ─────────────────────────────────────────────────────
def reaching_form(user: User, data: Any = None) -> ReachingForm:
    initial = {name: getattr(user, name) for name in ReachingForm.base_fields}
    return ReachingForm(data, initial={**initial, "phone": phones.display(user.phone)})


def save_reaching(request: HttpRequest, user: User) -> ReachingForm | None:
    """Keep how the person is reached; the form with its errors when something is wrong."""
    form = reaching_form(user, request.POST)
    if not saved(form, services.set_quiet_hours, user=user):
        return form
    messages.success(request, _("How you are told is saved."))
    return None


def save_absence(request: HttpRequest, user: User) -> AbsenceForm | None:
    """Plan the person's own absence; the form with its errors when something is wrong."""
    form = AbsenceForm(user, request.POST)
    if not saved(form, services.plan_absence, user=user, by=Actor.of(request)):
        return form
    messages.success(request, _("The absence is saved."))
    return None


@staff_page()
@require_POST
def absence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an absence now, or remove one that has not begun; back to the page that asked."""
    try:
        ended = services.end_absence(pk, by=Actor.of(request))
    except NotAllowed as refusal:
        refuse_on_page(request, refusal)
    else:
        messages.success(request, _("The absence is removed.") if ended is None else _("The absence has ended."))
    return redirect("duty" if request.POST.get("from") == "duty" and _leads(request) else "profile")


def _leads(request: HttpRequest) -> bool:
    return getattr(request.user, "role", "") in LEADERS


# ── the leaders' page ──────────────────────────────────────────────────────────────────────────
@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def duty_page(request: HttpRequest) -> HttpResponse:
    """Show who is absent now and soon and the duty plan; plan an absence or set a day."""
    by, at = Actor.of(request), now()
    absence, day = PersonsAbsenceForm(duty.people_of(by)), None
    if request.method == "POST":
        if request.POST.get("what") == "absence":
            absence = PersonsAbsenceForm(duty.people_of(by), request.POST)
            done = saved(absence, services.plan_absence, by=by) and _("The absence is saved.")
        else:
            day = DutyForm(request.POST)
            done = saved(day, services.set_duty, by=by) and _("The duty plan is saved.")
        if done:
            messages.success(request, done)
            return redirect("duty")
    return render(
        request,
        "accounts/duty.html",
        _page(request, by, at, absence, day),
        status=422 if request.method == "POST" else 200,
    )


def _page(
    request: HttpRequest, by: Actor, at: datetime, absence: PersonsAbsenceForm, day: DutyForm | None
) -> dict[str, Any]:
    today = duty.today(at)
    watches = duty.plan(first=today, last=today + services.FARTHEST_DUTY)
    shown = [watch for watch in watches if watch.date <= today + SHOWN]
    everything = "all" in request.GET
    chosen = next((watch for watch in watches if watch.key == request.GET.get("change", "")), None)
    initial = {"date": today, "role": "supervisor"}
    if chosen is not None:
        people = [user.pk for user, _absence in chosen.people]
        initial = {"date": chosen.date, "role": chosen.role, "team": chosen.team, "users": people}
    may_plan = set(duty.people_of(by).values_list("pk", flat=True))
    return {
        "absences": [
            (row, row.starts_at <= at, row.user_id in may_plan) for row in duty.absences(after=at, before=at + SHOWN)
        ],
        "watches": watches if everything else shown,
        "later": 0 if everything else len(watches) - len(shown),
        "absence": absence,
        "day": day or DutyForm(initial=initial),
        "chosen": chosen,
        "today": today,
    }
