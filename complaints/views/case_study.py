"""Case studies: the list, the text, and "I have read it" (R46)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from complaints import selectors_case_study as selectors
from complaints.forms_case_study import CaseStudyForm
from complaints.models import CaseStudy
from complaints.models.complaint import READERS
from complaints.services import case_study as services
from tickets.selectors import capped_count
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 40


@staff_page(*NOT_ADMIN)
@require_safe
def case_studies(request: HttpRequest) -> HttpResponse:
    """Those to read, those shared, or those still to be written."""
    actor = Actor.of(request)
    reader = actor.user is not None and actor.user.role in READERS
    show = request.GET.get("show", "")
    if show not in {"unread", "owed"}:
        show = ""
    rows = {"unread": selectors.to_read, "owed": selectors.owed}.get(show, selectors.shared)(actor)
    page = keyset.page(
        rows,
        selectors.BY_DUE if show == "owed" else selectors.NEWEST,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": show} if show else {},
    )
    context = {
        "page": page,
        "show": show,
        "reader": reader,
        "unread_studies": capped_count(selectors.to_read(actor)),
        "owed_studies": capped_count(selectors.owed(actor)),
    }
    return render(request, "complaints/case_studies.html", context)


@staff_page(*NOT_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def case_study(request: HttpRequest, study_id: int) -> HttpResponse:
    """One case study: to write, or to read and to say so."""
    actor, found = Actor.of(request), _found(request, study_id)
    may_write = services.may_write(found, actor)
    form = CaseStudyForm(
        request.POST if request.method == "POST" else None,
        initial={name: getattr(found, name) for name in CaseStudy.TEXTS},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            share = "share" in request.POST
            try:
                services.write(found.pk, texts=form.cleaned_data, share=share, by=actor, version=version(request))
            except Missing as error:
                raise Http404 from error
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                message = _("The case study is shared with the department.") if share else _("The text is kept.")
                return go(request, reverse("case_study", args=[found.pk]), message)
    readings = selectors.readings(found)
    mine = next((reading for reading in readings if actor.user and reading.person_id == actor.user.pk), None)
    context = {
        "study": found,
        "form": form,
        "may_write": may_write,
        "concerned": found.complaint.concerns(actor),
        "texts": [(form.fields[name].label, getattr(found, name)) for name in CaseStudy.TEXTS],
        "readings": readings,
        "unread_count_here": sum(1 for row in readings if row.read_at is None and row.person.is_active),
        "read_count": sum(1 for row in readings if row.read_at is not None),
        "mine": mine,
        "reader": actor.user is not None and actor.user.role in READERS,
        "readers_preview": [] if found.shared_at or not may_write else services.department(found),
    }
    return render(request, "complaints/case_study.html", context, status=status)


@staff_page(*NOT_ADMIN)
@sent_to(lambda study_id: reverse("case_study", args=[study_id]))
def read(request: HttpRequest, study_id: int) -> HttpResponse:
    """Say that one has read it."""
    try:
        services.acknowledge(study_id, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    return go(request, reverse("case_study", args=[study_id]), _("Thank you: kept that you have read it."))


@staff_page(*NOT_ADMIN)
@sent_to(lambda study_id: reverse("case_study", args=[study_id]))
def remind(request: HttpRequest, study_id: int) -> HttpResponse:
    """Tell those once more who have not read it."""
    found = _found(request, study_id)
    back = reverse("case_study", args=[found.pk])
    try:
        told = services.remind(found.pk, by=Actor.of(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, back)
    return go(request, back, ngettext("%(n)d person is reminded.", "%(n)d people are reminded.", told) % {"n": told})


def _found(request: HttpRequest, study_id: int) -> CaseStudy:
    found = selectors.one(Actor.of(request), study_id)
    if found is None:
        raise Http404
    return found
