"""The customer's page of a complaint, reached by the link to an appointment without signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Refusal
from complaints.forms_complaint import AgainForm, DisputeForm
from complaints.models import Complaint
from complaints.services import handling, register, settling
from complaints.services.story import LONGEST
from complaints.states import Against, ComplaintState, EntryKind, Remedy
from complaints.verbs import available
from tickets.forms import text
from tickets.states import Channel
from visits.models import VisitLink
from visits.views.answers import add_refusal, version
from visits.views.customer import with_link


class CustomerForm(forms.Form):
    """What a customer complains of."""

    use_required_attribute = False
    words = text(_("What are you not content with?"), rows=6, most=LONGEST)
    sought = forms.ChoiceField(
        label=_("What would put it right?"), choices=Remedy.choices, initial=Remedy.NONE, widget=forms.RadioSelect
    )


class MoreForm(forms.Form):
    use_required_attribute = False
    text = text(_("What else should we know?"), rows=4, most=LONGEST)


@require_http_methods(["GET", "HEAD", "POST"])
@with_link
def complain(request: HttpRequest, found: VisitLink, token: str, at: datetime) -> HttpResponse:
    """Show how the complaint of this ticket stands, or take one."""
    form = CustomerForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            register.register(
                found.visit.ticket_id,
                **form.cleaned_data,
                against=Against.VISIT if found.visit.ended_at else Against.SERVICE,
                visit=found.visit if found.visit.ended_at else None,
                channel=Channel.WEBSITE,
                by=Actor.with_link(found.visit.ticket_id),
                at=at,
            )
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return _back(token)
    return _page(request, found, token, form=form, status=status)


@require_POST
@with_link
def answer(request: HttpRequest, found: VisitLink, token: str, at: datetime, name: str) -> HttpResponse:
    """What the customer says to it: more to know, content, not content, not settled after all."""
    actor = Actor.with_link(found.visit.ticket_id)
    complaint = _latest(found)
    if complaint is None:
        raise Http404
    asked: dict[str, Any] = {"by": actor, "at": at, "version": version(request)}
    form: forms.Form
    try:
        match name:
            case "accept":
                form = forms.Form({})
                settling.accept(complaint.pk, **asked)
            case "dispute" | "reopen":
                form = (DisputeForm if name == "dispute" else AgainForm)(request.POST)
                if not form.is_valid():
                    return _page(request, found, token, refused=form, status=422)
                verb = settling.dispute if name == "dispute" else settling.reopen
                verb(complaint.pk, **form.cleaned_data, **asked)
            case "more":
                form = MoreForm(request.POST)
                if not form.is_valid():
                    return _page(request, found, token, refused=form, status=422)
                handling.add_evidence(complaint.pk, **form.cleaned_data, **asked)
            case _:
                raise Http404
    except Refusal as refusal:
        form = forms.Form({})
        form.is_valid()
        return _page(request, found, token, refused=form, status=add_refusal(form, refusal))
    return _back(token)


def _back(token: str) -> HttpResponse:
    return redirect(f"{reverse('link_complaint', args=[token])}?language={translation.get_language()}&done=1")


def _latest(found: VisitLink) -> Complaint | None:
    return Complaint.objects.filter(ticket=found.visit.ticket_id).order_by("-id").first()


def _page(
    request: HttpRequest,
    found: VisitLink,
    token: str,
    *,
    form: forms.Form | None = None,
    refused: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    complaint = _latest(found)
    actor = Actor.with_link(found.visit.ticket_id)
    verbs = {verb.name for verb in available(complaint, actor)} if complaint is not None else set()
    context = {
        "token": token,
        "complaint": complaint,
        "form": form if complaint is None or not complaint.is_open else None,
        "more": MoreForm() if "add_evidence" in verbs else None,
        "verbs": verbs,
        "decided": complaint is not None and bool(complaint.verdict and complaint.decided_at),
        "undecided": complaint is not None and complaint.is_open and complaint.state != ComplaintState.PROPOSED,
        "evidence": list(complaint.entries.filter(kind=EntryKind.EVIDENCE, by=None)) if complaint else [],
        "refused": refused,
        "done": request.GET.get("done") == "1",
        "language": translation.get_language(),
        "languages": settings.LANGUAGES,
    }
    return render(request, "complaints/link.html", context, status=status)
