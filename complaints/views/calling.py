"""Answers that were promised, the rules of calling, and the scripts."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, LEADERS
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from aftersales.core.time import now
from complaints import calling, scripts, selectors
from complaints.forms import AnswerForm, RulesForm, ScriptForm
from complaints.models import CallSettings, Script
from complaints.services import answer as answers_service
from complaints.services import calling as rules_service
from complaints.services import script as script_service
from complaints.states_callback import CallbackKind
from visits.views.answers import add_refusal, go, version

PAGE_SIZE = 40
GIVEN = keyset.Order("-answered_at", "-id")


@staff_page(*DESK)
@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    """Questions whose answer is promised, the nearest promise first; or those that were answered."""
    return _answers(request)


@staff_page(*DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, answer_id: int) -> HttpResponse:
    """Keep what the customer was answered."""
    found = selectors.answers_owed(Actor.of(request)).filter(pk=answer_id).first()
    if found is None:
        if selectors.answers_given(Actor.of(request)).filter(pk=answer_id).exists():
            return go(request, reverse("answers"), _("This question was answered already."))
        raise Http404
    form = AnswerForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            answers_service.give(found.pk, **form.cleaned_data, by=Actor.of(request), ticket_version=version(request))
        except Missing as error:
            raise Http404 from error
        except Refusal as refusal:
            status = add_refusal(form, refusal)
            found.ticket.refresh_from_db(fields=["version"])
        else:
            return go(request, reverse("answers"), _("The customer has the answer."))
    return render(request, "complaints/answer.html", {"answer": found, "form": form, "tab": "answers"}, status=status)


def _answers(request: HttpRequest) -> HttpResponse:
    actor = Actor.of(request)
    given = request.GET.get("show") == "given"
    page = keyset.page(
        selectors.answers_given(actor) if given else selectors.answers_owed(actor),
        GIVEN if given else selectors.BY_PROMISE,
        token=request.GET.get("after", ""),
        size=PAGE_SIZE,
        params={"show": "given"} if given else {},
    )
    return render(request, "complaints/answers.html", {"page": page, "given": given, "tab": "answers", "at": now()})


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """How often, when and whom we call; who changed it, when and why."""
    held = calling.rules()
    initial = {name: getattr(held, name) for name in rules_service.FIELDS}
    form = RulesForm(request.POST or None, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            rules_service.change(**form.cleaned_data, by=Actor.of(request), seen=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("call_rules"), _("The rules hold from now on."))
    earlier = CallSettings.objects.select_related("changed_by").order_by("-pk")[:20]
    context = {"form": form, "held": held, "earlier": earlier, "tab": "rules"}
    return render(request, "complaints/call_rules.html", context, status=status)


@staff_page(*LEADERS)
@require_safe
def script_list(request: HttpRequest) -> HttpResponse:
    """The scripts of each kind of call in three languages."""
    kept = {(one.kind, one.language): one for one in Script.objects.select_related("changed_by")}
    lines = [
        (kind, [(code, name, kept.get((kind.value, code))) for code, name in settings.LANGUAGES])
        for kind in CallbackKind
    ]
    return render(request, "complaints/scripts.html", {"lines": lines, "tab": "scripts"})


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def script(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """One script, to be changed."""
    if kind not in CallbackKind.values or language not in dict(settings.LANGUAGES):
        raise Http404
    held = scripts.script(kind, language)
    form = ScriptForm(request.POST or None, initial={name: getattr(held, name) for name in scripts.PARTS})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            script_service.change(kind, language, **form.cleaned_data, by=Actor.of(request), version=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("call_scripts"), _("Callers say this from now on."))
    context = {
        "form": form,
        "script": held,
        "kind": CallbackKind(kind),
        "language_name": dict(settings.LANGUAGES)[language],
        "placeholders": [f"{{{name}}}" for name in scripts.PLACEHOLDERS],
        "tab": "scripts",
    }
    return render(request, "complaints/script.html", context, status=status)
