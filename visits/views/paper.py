"""The doors of papers: the papers of a visit, their files, their next versions, and registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import Role
from aftersales.accounts.views import person
from aftersales.core.errors import Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from visits import paper_facts, selectors
from visits import papers as registry
from visits.forms_paper import CorrectForm, RegisterForm
from visits.models import Paper, Visit
from visits.paper_words import in_language
from visits.selectors import OVERSEERS, REGISTRARS
from visits.services import paper as services
from visits.states import PaperKind, SheetState
from visits.views.answers import add_refusal, go, sent_to

VISITORS = OVERSEERS | {Role.TECHNICIAN}


@dataclass(frozen=True)
class Line:
    """A kind of paper of a visit with its versions, the newest first."""

    kind: PaperKind
    versions: list[Paper]
    may_issue: bool
    stale: bool

    @property
    def current(self) -> Paper | None:
        return self.versions[0] if self.versions else None


@staff_page()
@require_safe
def papers(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Every paper of a visit with its versions, what each changed, and those that can be made."""
    return _page(request, _found(request, visit_id))


@staff_page()
@sent_to(lambda visit_id, kind: reverse("visit_papers", args=[visit_id]))
def issue(request: HttpRequest, visit_id: int, kind: str) -> HttpResponse:
    """Have a paper made, or its next version."""
    found = _found(request, visit_id)
    back = reverse("visit_papers", args=[found.pk])
    try:
        made = services.issue(found.pk, kind, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    if made.state == SheetState.READY:
        return go(request, back, _("%(paper)s is up to date; nothing was changed.") % {"paper": made})
    return go(request, back, _("%(paper)s is being made.") % {"paper": made})


@staff_page(*VISITORS)
@sent_to(lambda visit_id: reverse("visit_papers", args=[visit_id]))
def correct(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Correct a report; what is wrong is said, and nothing of it is lost."""
    found = _found(request, visit_id)
    form = CorrectForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.correct(found.pk, **form.cleaned_data, by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            message = _("The report is corrected; the next version of the sheet is being made.")
            return go(request, reverse("visit_papers", args=[found.pk]), message)
    return _page(request, _found(request, visit_id), form=form, status=status)


@staff_page()
@require_safe
def pdf(request: HttpRequest, paper_id: int) -> HttpResponse:
    """The file of one version; `?copy=customer` is the customer's alone."""
    paper = selectors.readable_papers(Actor.of(request)).defer("content", "changes").filter(pk=paper_id).first()
    return _file(paper, customer=request.GET.get("copy") == "customer")


@staff_page()
@require_safe
def sheet(request: HttpRequest, visit_id: int) -> HttpResponse:
    """The service sheet of a visit as it stands."""
    found = selectors.readable_papers(Actor.of(request)).filter(
        visit=visit_id, kind=PaperKind.SERVICE_SHEET, current=True
    )
    return _file(found.defer("content", "changes").first())


@staff_page()
@sent_to(lambda paper_id: reverse("home"))
def again(request: HttpRequest, paper_id: int) -> HttpResponse:
    """Have a paper made whose making failed."""
    paper = selectors.readable_papers(Actor.of(request)).filter(pk=paper_id).first()
    if paper is None:
        raise Http404
    back = reverse("visit_registers")
    if paper.visit_id:
        back = reverse("visit_papers", args=[paper.visit_id])
    elif paper.failure_id:
        back = reverse("failure", args=[paper.failure_id])
    elif paper.subject is not None:
        form = registry.kinds.get(paper.kind)
        back = form.page(paper.subject) if form and form.page else back
    return _again(request, paper, back)


@staff_page(*VISITORS)
@sent_to(lambda visit_id: reverse("visit", args=[visit_id]))
def sheet_again(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Have the service sheet made whose making failed, from the visit's page."""
    paper = (
        selectors.readable_papers(Actor.of(request))
        .filter(visit=visit_id, kind=PaperKind.SERVICE_SHEET, current=True)
        .first()
    )
    if paper is None:
        raise Http404
    return _again(request, paper, reverse("visit", args=[visit_id]))


@staff_page(*(REGISTRARS | {Role.TECHNICIAN}))
def registers(request: HttpRequest) -> HttpResponse:
    """Print the register of some days' visits, a technician's own or everybody's; and find the last ones."""
    actor, me = Actor.of(request), person(request)
    own = me.role == Role.TECHNICIAN
    form = RegisterForm(request.POST if request.method == "POST" else None, initial=_today())
    if own:
        del form.fields["technician"]
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            asked = {"technician": me} if own else {}
            try:
                made = services.issue_register(**{**form.cleaned_data, **asked}, by=actor)
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("visit_registers"), _("%(paper)s is ready or being made.") % {"paper": made})
    rows = selectors.registers(actor)
    context = {
        "form": form,
        "rows": rows,
        "waiting": any(row.state == SheetState.QUEUED for row in rows),
        "base": "phone.html" if own else "base.html",
    }
    if request.htmx and request.htmx.target == "registers":  # type: ignore[attr-defined]
        return render(request, "visits/registers.html#rows", context)
    return render(request, "visits/registers.html", context, status=status)


def _today() -> dict[str, Any]:
    today = timezone.localdate(now())
    return {"first_day": today, "last_day": today}


def _found(request: HttpRequest, visit_id: int) -> Visit:
    """The visit with what papers say; 404 when it is not there or not the reader's to see."""
    if not selectors.with_sheet(Actor.of(request)).filter(pk=visit_id).exists():
        raise Http404
    found = selectors.visit_with_facts(visit_id)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, visit: Visit, *, form: CorrectForm | None = None, status: int = 200) -> HttpResponse:
    versions = selectors.papers_of(visit)
    offered = {kind.kind for kind in registry.kinds.of_visit(visit)}
    lines = []
    for kind in PaperKind:
        mine = [paper for paper in versions if paper.kind == kind]
        if mine or kind in offered:
            stale = bool(mine) and kind in offered and services.stale(visit, mine[0])
            lines.append(Line(kind, mine, kind in offered and (not mine or stale), stale))
    role = person(request).role
    may_correct = role in VISITORS and paper_facts.ended(visit)
    language = get_language() or "en"
    context = {
        "visit": visit,
        "ticket": visit.ticket,
        "lines": lines,
        "changes": {paper.pk: [_in_words(one, language) for one in registry.changes_of(paper)] for paper in versions},
        "waiting": any(paper.state == SheetState.QUEUED for paper in versions),
        "form": (form or CorrectForm(initial={"finding": visit.finding, "work_done": visit.work_done}))
        if may_correct
        else None,
        "failed_form": form is not None,
        "may_open": role in VISITORS,
        "base": "phone.html" if role == Role.TECHNICIAN else "base.html",
    }
    if request.htmx and request.htmx.target == "papers":  # type: ignore[attr-defined]
        return render(request, "visits/papers.html#papers", context)
    return render(request, "visits/papers.html", context, status=status)


def _in_words(change: registry.Change, language: str) -> dict[str, str]:
    return {
        "name": in_language(change.name, language),
        "where": change.where,
        "old": in_language(change.old, language),
        "new": in_language(change.new, language),
    }


def _again(request: HttpRequest, paper: Paper, back: str) -> HttpResponse:
    try:
        services.remake(paper.pk, by=Actor.of(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, _("%(paper)s is being made.") % {"paper": paper})


def _file(paper: Paper | None, *, customer: bool = False) -> HttpResponse:
    if paper is None or paper.state != SheetState.READY:
        raise Http404
    field: FieldFile = paper.customer_pdf if customer and paper.customer_pdf else paper.pdf
    try:
        with field.open("rb") as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    name = str(paper).replace(" ", "-")
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
