"""The door of this floor's forms: the versions made, a further one, as a page and as a panel of other pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.core.errors import Missing
from complaints.models.complaint import READERS
from complaints.services import form_paper as services
from visits import papers as registry
from visits.services import paper as made
from visits.states import SheetState
from visits.views.answers import go


@staff_page(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def papers(request: HttpRequest, of: str, pk: int) -> HttpResponse:
    """The forms made of a survey, a visit report or a complaint; POST makes the next one."""
    form = services.FORMS.get(of)
    kind = registry.kinds.get(form.kind) if form else None
    subject = form.read(pk) if form else None
    if form is None or kind is None or subject is None:
        raise Http404
    here = reverse("form_papers", args=[of, pk])
    if request.method == "POST":
        try:
            paper = services.issue(of, pk, by=Actor.of(request))
        except Missing as refusal:
            raise Http404 from refusal
        return go(request, here, _("%(paper)s is ready or being made.") % {"paper": paper})
    versions = services.versions(of, pk)
    context = {
        "of": of,
        "pk": pk,
        "title": form.kind.label,
        "back": kind.page(pk) if kind.page else "",
        "versions": versions,
        "may_issue": not versions or made.stale(subject, versions[0]),
        "waiting": any(paper.state == SheetState.QUEUED for paper in versions),
    }
    part = "#papers" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"complaints/form_papers.html{part}", context)
