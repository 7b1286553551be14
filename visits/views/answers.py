"""What the doors of dispatch and visit have in common: versions, refusals as errors of a form, where to go next."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from aftersales.core.errors import Invalid, Refusal, Stale

View = Callable[..., HttpResponse]


def sent_to(page: Callable[..., str]) -> Callable[[View], View]:
    """Take what a form sends; whoever only opens its address (back from signing in, a reload) gets the form's page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return redirect(page(*args, **kwargs))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def version(request: HttpRequest) -> int:
    """The version that the form was made for; a form without one is older than any."""
    value = request.POST.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def command_id(request: HttpRequest) -> UUID | None:
    """The id that the page's script gave to what is sent; without the script there is none."""
    try:
        return UUID(request.POST.get("command_id", ""))
    except ValueError:
        return None


def add_refusal(form: forms.Form, refusal: Refusal) -> int:
    """Put a refusal where the reader can mend it and answer the status of the page."""
    found = refusal.errors if isinstance(refusal, Invalid) else [(refusal.field, refusal.code, refusal.message)]
    for field, _code, message in found:
        hint = f" ({refusal.rule})" if refusal.rule else ""
        if isinstance(refusal, Stale):
            hint = " " + _("What you entered is still here.")
        form.add_error(field if field in form.fields else None, message + hint)
    return refusal.status


def go(request: HttpRequest, url: str, message: str = "") -> HttpResponse:
    """Leave for another page with a word on what was done."""
    if message:
        messages.success(request, message)
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)  # type: ignore[attr-defined]
