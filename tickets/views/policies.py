"""What is promised: the policies to read and to change, the on-site matrix, and which of them holds for a ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.core.errors import Invalid, Refusal
from aftersales.core.time import now
from tickets.forms_policy import CELLS, MatrixForm, PolicyEditor, WhichForm, cell_name
from tickets.services import policy as service
from tickets.sla import checks, overview, preview, revisions, words
from tickets.sla.models import Calendar, Policy, PolicyChange
from tickets.sla.policies import Facts
from tickets.sla.states import Target
from tickets.states import Channel, Grade, Kind

READERS = DESK | {Role.ARCHIVIST}
_HOUR = timedelta(hours=1)


def _may_edit(request: HttpRequest) -> bool:
    return Actor.of(request).may(LEADERS)


# ── reading ────────────────────────────────────────────────────────────────────────────────────
@staff_page(*READERS)
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """List what is promised, by target."""
    context = {
        "groups": overview.by_target(),
        "may_edit": _may_edit(request),
        "changes": overview.last_changes() if _may_edit(request) else [],
    }
    return render(request, "tickets/policies.html", context)


@staff_page(*READERS)
@require_safe
def which(request: HttpRequest) -> HttpResponse:
    """Say for an imagined ticket which policy holds for each target, and which others fit."""
    initial = {"kind": Kind.REPAIR, "channel": Channel.HOTLINE, "grade": Grade.DEGRADED}
    form = WhichForm(request.GET or None, initial=initial)
    answers = None
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        contract = given["contract"]
        facts = Facts(
            given["kind"], given["channel"], given["grade"], given["region"], given["vip"], given["product_line"],
            contract.pk if contract else None, int(given["complaint_class"]),
        )  # fmt: skip
        answers = overview.which(facts)
    status = 422 if form.is_bound and not form.is_valid() else 200
    context = {"form": form, "answers": answers, "may_edit": _may_edit(request)}
    return render(request, "tickets/policies_which.html", context, status=status)


# ── one policy ─────────────────────────────────────────────────────────────────────────────────
@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Show one policy with its versions; change it after a preview."""
    found = overview.with_words(Policy.objects.filter(pk=policy_id)).first()
    if found is None:
        raise Http404
    if not found.current and request.method != "POST":
        newest = Policy.objects.filter(series=found.series, current=True).first()
        if newest is not None:
            return redirect("policy", newest.pk)
        context = {"policy": found, "history": overview.history(found), **_told(found)}
        return render(request, "tickets/policy_retired.html", context)
    return _edit(request, found, history=overview.history(found))


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def policy_new(request: HttpRequest) -> HttpResponse:
    """Make a policy for special tickets, beginning with what holds for all others."""
    target = request.GET.get("target", Target.RESPONSE.value)
    if target not in Target:
        raise Http404
    general = next((row for row in _general(Target(target))), None)
    if general is None:
        calendar = Calendar.objects.filter(current=True).first()
        if calendar is None:
            raise Http404
        general = Policy(target=target, rule="", span=_HOUR, calendar=calendar)
    return _edit(request, revisions.new_series(general), history=[])


def _general(target: Target) -> list[Policy]:
    found = overview.with_words(Policy.objects.filter(target=target, current=True))
    return [policy for policy in found if policy.general]


def _edit(request: HttpRequest, policy: Policy, *, history: list[Policy]) -> HttpResponse:
    editor = PolicyEditor(policy, request.POST if request.method == "POST" else None)
    found: preview.Preview | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if editor.is_valid():
            wanted = request.POST.get("do", "preview")
            try:
                changed = editor.read()
                if wanted in PolicyChange.Apply:
                    change = service.save(changed, apply=wanted, by=Actor.of(request))
                    return _saved(request, change)
                found = service.preview_of(changed)
                status = 200
            except Invalid as error:
                editor.refuse(error.errors)
            except Refusal as error:
                editor.form.add_error(None, error.message)
                status = error.status
    context = {
        "policy": policy,
        "target": Target(policy.target),
        "editor": editor,
        "form": editor.form,
        "preview": found,
        "history": history,
        "stale": status == 409,
        "newest_url": _newest_url(policy) if status == 409 else "",
    }
    return render(request, "tickets/policy.html", context, status=status)


def _newest_url(policy: Policy) -> str:
    newest = Policy.objects.filter(series=policy.series, current=True).first()
    return reverse("policy", args=[newest.pk]) if newest else reverse("policies")


def _saved(request: HttpRequest, change: PolicyChange) -> HttpResponse:
    messages.success(request, _outcome(change))
    versions = list(change.policies.all())
    return redirect("policy", versions[0].pk) if len(versions) == 1 else redirect("policies_on_site")


def _outcome(change: PolicyChange) -> str:
    if change.apply == PolicyChange.Apply.NEW:
        return _("Saved: it holds for what is promised from now on.")
    if change.done_at is None:
        said = ngettext(
            "Saved. It is being carried to %(n)d open promise; the versions below say how far that is.",
            "Saved. It is being carried to %(n)d open promises; the versions below say how far that is.",
            change.total,
        )
        return said % {"n": change.total}
    said = ngettext(
        "Saved: %(n)d open promise moved, %(late)d became overdue, %(saved)d are no longer overdue.",
        "Saved: %(n)d open promises moved, %(late)d became overdue, %(saved)d are no longer overdue.",
        change.moved,
    )
    return said % {"n": change.moved, "late": change.became_overdue, "saved": change.stopped_overdue}


def _told(policy: Policy) -> dict[str, Any]:
    return {
        "promised": words.promised(policy),
        "conditions": words.conditions(policy),
        "steps": words.steps(policy),
        "pauses": words.pauses(policy),
    }


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def policy_retire(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Say what retiring a policy does to open promises, and do it."""
    found = overview.with_words(Policy.objects.filter(pk=policy_id)).first()
    if found is None:
        raise Http404
    refusal, status = checks.general_stays() if found.general else "", 200
    if request.method == "POST":
        apply = request.POST.get("do", "")
        if apply not in PolicyChange.Apply:
            status = 422
        else:
            try:
                service.retire(found, apply=apply, by=Actor.of(request))
            except Refusal as error:
                refusal, status = error.message, error.status
            else:
                messages.success(request, _("Retired: it holds for nothing new."))
                return redirect("policies")
    context = {
        "policy": found,
        "refusal": refusal,
        "preview": None if refusal else preview.preview(service.without(found), at=now()),
        **_told(found),
    }
    return render(request, "tickets/policy_retire.html", context, status=status)


# ── the on-site matrix ─────────────────────────────────────────────────────────────────────────
_COLUMNS = [(True, False), (True, True), (False, False), (False, True)]  # (home region, VIP)
Cells = dict[tuple[int, bool, bool], Policy]


def _cells() -> Cells:
    """The current on-site policies that ask for a grade, the home region or not, VIP or not, and nothing else."""
    found = overview.with_words(
        Policy.objects.filter(
            target=Target.ON_SITE, current=True, kind="", channel="", product_line="", region=None, contract=None,
            complaint_class=None,
            grade__isnull=False, home_region__isnull=False, vip__isnull=False,
        )
    )  # fmt: skip
    cells: Cells = {}
    for policy in found:
        assert policy.grade is not None
        assert policy.home_region is not None
        assert policy.vip is not None
        cells[policy.grade, policy.home_region, policy.vip] = policy
    return cells


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def policies_on_site(request: HttpRequest) -> HttpResponse:
    """Read and change the hours to be on site, all at once."""
    cells = _cells()
    seen = max((policy.pk for policy in cells.values()), default=0)
    initial = {cell_name(*cell): f"{policy.span / _HOUR:g}" for cell, policy in cells.items()} | {"seen": seen}
    form = MatrixForm(request.POST if request.method == "POST" else None, initial=initial)
    found: preview.Preview | None = None
    status = 200
    if request.method == "POST":
        status, found, change = _change_matrix(request, form, cells, seen)
        if change is not None:
            return _saved(request, change)
    rows = [
        (
            Grade(grade),
            [(form[cell_name(grade, home, vip)], cells.get((grade, home, vip))) for home, vip in _COLUMNS],
        )
        for grade in Grade.values
    ]
    context = {"form": form, "rows": rows, "preview": found, "stale": status == 409}
    return render(request, "tickets/policies_on_site.html", context, status=status)


def _change_matrix(
    request: HttpRequest, form: forms.Form, cells: Cells, seen: int
) -> tuple[int, preview.Preview | None, PolicyChange | None]:
    """Do what the matrix asks for; answer (status, preview, what was saved)."""
    if not form.is_valid():
        return 422, None, None
    if form.cleaned_data["seen"] != seen:
        form.add_error(
            None, _("Somebody changed the policies meanwhile. Nothing of yours was saved: look at them again.")
        )
        return 409, None, None
    changed = {cell: policy for cell in CELLS if (policy := _changed_cell(form, cells, cell)) is not None}
    wanted = request.POST.get("do", "preview")
    if not changed:
        form.add_error(None, _("No hours were changed."))
        return 422, None, None
    try:
        for cell, policy in changed.items():
            try:
                service.check(policy)
            except Invalid as error:
                form.add_error(cell_name(*cell), " ".join(message for _field, _code, message in error.errors))
        if form.errors:
            return 422, None, None
        if wanted in PolicyChange.Apply:
            return 200, None, service.save(*changed.values(), apply=wanted, by=Actor.of(request))
        return 200, service.preview_of(*changed.values()), None
    except Refusal as error:
        form.add_error(None, error.message)
        return error.status, None, None


def _changed_cell(form: forms.Form, cells: Cells, cell: tuple[int, bool, bool]) -> Policy | None:
    span = timedelta(seconds=round(form.cleaned_data[cell_name(*cell)] * 3600))
    known = cells.get(cell)
    if known is None:
        pattern = next(iter([*cells.values(), *_general(Target.ON_SITE)]), None)
        if pattern is None:
            return None
        known = revisions.new_series(pattern)
        known.grade, known.home_region, known.vip = cell
    elif known.span == span:
        return None
    known.span = span
    return known
