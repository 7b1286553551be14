"""The door for telephones that were without a network, and the list of what could not be done of their work."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import UUIDField
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import Role
from aftersales.core import problems
from aftersales.core.errors import Invalid, Refusal
from aftersales.core.middleware import refuse_on_page
from tickets import verbs
from visits import selectors
from visits.models import Command, Visit
from visits.selectors import OVERSEERS
from visits.services import commands as services
from visits.services.commands import Sent
from visits.views.answers import go, sent_to

SHOWN = 50  # conflicts on the page; the next ones come as these are settled
_VISITORS = OVERSEERS | {Role.TECHNICIAN}


@staff_page(*_VISITORS)
@require_POST
def receive(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Take one command of a telephone's queue; the answer says what became of it."""
    by = Actor.of(request)
    visit = selectors.visible(by).filter(pk=visit_id).first()
    shown_at = services.shown_at(request.POST.get("pass", ""), visit_id, by)
    if visit is None and shown_at is not None:
        visit = Visit.objects.filter(pk=visit_id).first()  # given to another meanwhile: his work is kept all the same
    if visit is None:
        raise Http404
    try:
        command = services.receive(visit, replace(_sent(request), shown_at=shown_at), by=by)
    except Refusal as refusal:
        return problems.of_refusal(refusal, request)
    return JsonResponse({"id": str(command.pk), "state": command.state, "said": command.said})


def _sent(request: HttpRequest) -> Sent:
    post = request.POST
    errors = []
    ids = {}
    for name in ("id", "device"):
        try:
            ids[name] = UUID(post.get(name, ""))
        except ValueError:
            errors.append((name, "invalid", _("This is no id.")))
    numbers = {}
    for name in ("number", "age"):
        value = post.get(name, "")
        if not (value.isascii() and value.lstrip("-").isdigit() and len(value) < 16):
            errors.append((name, "invalid", _("This is no number.")))
        else:
            numbers[name] = int(value)
    try:
        data = json.loads(post.get("data", "{}"))
        if not isinstance(data, dict) or not all(
            isinstance(values, list) and all(isinstance(value, str) for value in values) for values in data.values()
        ):
            raise ValueError
    except ValueError:
        errors.append(("data", "invalid", _("These are no fields of a form.")))
        data = {}
    if errors:
        raise Invalid(errors=errors)
    field, file = next(iter(request.FILES.items()), ("", None))
    age = timedelta(milliseconds=max(0, min(numbers["age"], int(services.OLDEST.total_seconds() * 1000))))
    return Sent(
        ids["id"], ids["device"], numbers["number"], post.get("name", "")[:40], age, data, field, file  # type: ignore[arg-type]
    )  # fmt: skip


@staff_page(*OVERSEERS)
@require_safe
def conflicts(request: HttpRequest) -> HttpResponse:
    """What came from telephones and could not be done: each is looked at by a person."""
    found = list(selectors.conflicts()[: SHOWN + 1])
    lines = [{"command": command, "label": _label(command.name), "fields": _fields(command)} for command in found]
    return render(request, "visits/conflicts.html", {"lines": lines[:SHOWN], "more": len(found) > SHOWN})


@staff_page(*OVERSEERS)
@sent_to(lambda command_id: reverse("conflicts"))
def again(request: HttpRequest, command_id: UUID) -> HttpResponse:
    """Try once more what could not be done."""
    return _answered(request, command_id, _("Done now, dated as it happened."), services.do_again)


@staff_page(*OVERSEERS)
@sent_to(lambda command_id: reverse("conflicts"))
def settle(request: HttpRequest, command_id: UUID) -> HttpResponse:
    """Take it off the list, saying how it was settled."""
    return _answered(request, command_id, _("Settled."), services.settle, note=request.POST.get("note", ""))


def _answered(request: HttpRequest, command_id: UUID, message: str, service: Any, **given: str) -> HttpResponse:
    if not Command.objects.filter(pk=command_id).exists():
        raise Http404
    try:
        service(command_id, by=Actor.of(request), **given)
    except Refusal as refusal:
        if isinstance(refusal, Invalid):
            refusal.message = "\n".join(str(words) for _field, _code, words in refusal.errors) or refusal.message
        refuse_on_page(request, refusal)
        return go(request, reverse("conflicts"))
    return go(request, reverse("conflicts"), message)


def _label(name: str) -> str:
    if name in services.beside:
        return str(services.beside[name].label)
    verb = next((verb for verb in verbs.table() if verb.name == name), None)
    return str(verb.label) if verb else name


def _fields(command: Command) -> list[dict[str, Any]]:
    """What was entered, in the words of the form."""
    action = services.action_of(command.name)
    fields = action.form.base_fields if action else {}
    lines = []
    for name, values in command.data.items():
        value = ", ".join(values)
        if not value:
            continue
        known = fields.get(name)
        if isinstance(known, UUIDField):
            continue  # an id says nothing to a reader
        chosen = dict(getattr(known, "choices", ()) or ()) if known else {}
        lines.append(
            {
                "label": str(known.label or name) if known else name,
                "value": str(chosen.get(value, value)),
                "picture": value if value.startswith("data:image/png;base64,") else "",
            }
        )
    return lines


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: from the root, since it may only serve what lies below its own address."""
    path = finders.find("dist/worker.js")
    if path is None:
        try:
            content = staticfiles_storage.open("dist/worker.js").read()
        except OSError as error:
            raise Http404 from error
    else:
        with open(path, "rb") as file:
            content = file.read()
    answer = HttpResponse(content, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What lets a telephone keep the technician's pages on its home screen."""
    return JsonResponse(
        {
            "name": _("After-sales"),
            "short_name": pgettext("on a telephone's home screen", "Visits"),
            "start_url": reverse("my_day"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#066fd1",
            "icons": [{"src": staticfiles_storage.url("favicon.svg"), "sizes": "any", "type": "image/svg+xml"}],
        },
        content_type="application/manifest+json",
    )
