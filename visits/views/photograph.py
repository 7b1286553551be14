"""Photographs of a visit: sent from the page, seen by whoever may see the visit."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.core.errors import Refusal
from visits import selectors
from visits.forms_photograph import PhotographForm
from visits.models import Photograph
from visits.services import photograph as services
from visits.views.answers import add_refusal, go, sent_to
from visits.views.visit import VISITORS


@staff_page(*VISITORS)
@sent_to(lambda visit_id: reverse("visit", args=[visit_id]))
def add(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Take a photograph in; a script that asks for JSON is answered so."""
    found = selectors.visible(Actor.of(request)).filter(pk=visit_id).only("pk", "ticket_id").first()
    if found is None:
        raise Http404
    form = PhotographForm(request.POST, request.FILES)
    status, back = 422, reverse("visit", args=[found.pk]) + "#photographs"
    if form.is_valid():
        try:
            kept = services.add_photograph(found.ticket_id, visit=found.pk, **form.cleaned_data, by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            address = reverse("visit_photograph", args=[found.pk, kept.key])
            if _wants_json(request):
                return JsonResponse({"key": str(kept.key), "url": address}, status=201)
            return go(request, back, _("The photograph is kept."))
    if _wants_json(request):
        return JsonResponse({"errors": form.errors.get_json_data()}, status=status)
    for words in form.errors.values():  # a chosen file cannot be shown again: the page says what is wrong with it
        messages.error(request, " ".join(str(word) for word in words))
    return go(request, back)


@staff_page()
@require_safe
def show(request: HttpRequest, visit_id: int, key: UUID) -> HttpResponse:
    """The picture itself, or with ?small=1 the small one."""
    allowed = selectors.with_sheet(Actor.of(request)).filter(pk=visit_id)
    found = Photograph.objects.filter(visit__in=allowed, key=key).first()
    if found is None:
        raise Http404
    small = "small" in request.GET
    try:
        with (found.small if small else found.file).open("rb") as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    answer = HttpResponse(content, content_type="image/jpeg")
    answer["Content-Disposition"] = f'inline; filename="{found.key}.jpg"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, max-age=86400, immutable"  # a photograph never changes under its key
    return answer


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
