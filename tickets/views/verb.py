"""One verb of a ticket: its form, what will follow from it, and the deed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Refusal, Stale
from tickets import actions, consequences, describe, selectors, verbs
from tickets.models import Ticket
from tickets.views.ticket import visible

_ENDS = ("refuse", "cancel", "cancel_visit")


@staff_page(*NOT_ADMIN)
def verb(request: HttpRequest, number: str, name: str) -> HttpResponse:
    """Show the form of a verb, or do it. The version that the reader saw travels with the form."""
    actor = Actor.of(request)
    ticket = visible(number, actor)
    action = actions.get(name)
    word = next((one for one in verbs.table() if one.name == name), None)
    if action is None or word is None:
        raise Http404
    page: dict[str, Any] = {
        "ticket": ticket,
        "verb": word,
        "version": ticket.version,
        "danger": name in _ENDS,
        "consequences": consequences.of(name, ticket, actor),
    }
    if request.method != "POST":
        try:
            verbs.permit(ticket, name, actor)
        except Refusal as refusal:
            return _answer(request, {**page, "refusal": refusal}, status=refusal.status)
        return _answer(request, {**page, "form": action.form(initial=consequences.initial(name, ticket))})
    version = _version(request)
    form = action.form(request.POST)
    page |= {"form": form, "version": version}
    # A stale form is told so before its fields are judged: correcting them first would be for nothing.
    if version == ticket.version and not form.is_valid():
        return _answer(request, page, status=422)
    try:
        if version != ticket.version:
            raise Stale(_("The ticket was changed meanwhile. Nothing of yours was saved: look at it again."))
        action.run(ticket.pk, by=actor, version=version, **form.cleaned_data)
    except Invalid as refusal:
        _add_errors(form, refusal)
        return _answer(request, page, status=422)
    except Stale as refusal:
        changes = [describe.entry(event) for event in selectors.timeline(ticket).order_by("-id")[:5]
                   if event.version > version]  # fmt: skip
        return _answer(request, {**page, "refusal": refusal, "stale": True, "changes": changes}, status=409)
    except (NotAllowed, Forbidden) as refusal:
        if refusal.field in form.fields:
            form.add_error(refusal.field, refusal.message)
            return _answer(request, page, status=refusal.status)
        return _answer(request, {**page, "refusal": refusal}, status=refusal.status)
    messages.success(request, str(word.label).rstrip("…"))
    back = _back(request, number, actor)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(back)
    return redirect(back)


def _answer(request: HttpRequest, page: dict[str, Any], *, status: int = 200) -> HttpResponse:
    form = page.get("form")
    if form is not None and not form.errors:
        first = next(iter(form.visible_fields()), None)
        if first is not None:
            first.field.widget.attrs["autofocus"] = True
    template = "tickets/ticket_verb.html#form" if request.htmx else "tickets/ticket_verb.html"  # type: ignore[attr-defined]
    return render(request, template, page, status=status)


def _back(request: HttpRequest, number: str, actor: Actor) -> str:
    """The ticket, or the desk when it is no longer the person's to see (a technician who handed it over)."""
    if Ticket.objects.visible_to(actor).filter(number=number).exists():
        return reverse("ticket", args=[number])
    return reverse("home")


def _version(request: HttpRequest) -> int:
    """The version that the form was made for; a form without one is older than any."""
    value = request.POST.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _add_errors(form: forms.Form, invalid: Invalid) -> None:
    for field, _code, message in invalid.errors:
        form.add_error(field if field in form.fields else None, message)
