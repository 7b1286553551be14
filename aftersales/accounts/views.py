"""Signing in and out, and what a person chooses for themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from aftersales.accounts import duty, services
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.forms import LanguageForm, PasswordForm
from aftersales.accounts.forms_duty import AbsenceForm
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.accounts.views_duty import reaching_form, save_absence, save_reaching
from aftersales.core.time import now

_LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600
# Where each role's day begins; the first of these addresses that there is.
_HOMES: dict[str, tuple[str, ...]] = {
    Role.TECHNICIAN: ("my_day", "inbox"),
    Role.SUPERVISOR: ("dashboard", "desk"),
    Role.MANAGER: ("dashboard", "desk"),
    Role.ADMIN: ("admin:index",),
}


def safe_next(request: HttpRequest) -> str:
    """The address to go back to: `next` when it is one of ours, else empty."""
    to = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(to, {request.get_host()}, require_https=request.is_secure())
    return to if safe else ""


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign a person in; the language they once chose comes back with them."""
    after = safe_next(request)
    if request.user.is_authenticated and request.method != "POST":
        return redirect(after or "home")
    form = AuthenticationForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        login(request, user)
        response = redirect(after or resolve_url(settings.LOGIN_REDIRECT_URL))
        if user.language:
            keep_language(response, user.language)
        return response
    return render(request, "registration/login.html", {"form": form, "next": after})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


def locked_out(
    request: HttpRequest, _answer: HttpResponse | None = None, credentials: dict[str, str] | None = None
) -> HttpResponse:
    """Say that signing in is locked, and from when on it may be tried again."""
    cool_off = get_cool_off(request) or timedelta(0)
    last = (
        AccessAttempt.objects.filter(username=(credentials or {}).get("username") or request.POST.get("username", ""))
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    again_at = (last or timezone.now()) + cool_off
    response = render(request, "errors/locked.html", {"again_at": again_at, "cooloff_time": cool_off}, status=429)
    response["Retry-After"] = str(max(1, int((again_at - timezone.now()).total_seconds())))
    return response


@staff_page()
def home(request: HttpRequest) -> HttpResponse:
    """Lead a person to where their day begins."""
    user = person(request)
    for name in _HOMES.get(user.role, ("desk",)):
        try:
            return redirect(reverse(name))
        except NoReverseMatch:
            continue
    return redirect("profile")


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@staff_page()
def profile(request: HttpRequest) -> HttpResponse:
    """Show who is signed in; change the language, the password, how one is told; plan one's absences."""
    user = person(request)
    forms: dict[str, Any] = {"language": LanguageForm(initial={"language": user.language})}
    status = 200
    if request.method == "POST":
        what = "language" if "language" in request.POST else request.POST.get("what", "")
        if what == "language":
            forms["language"] = form = LanguageForm(request.POST)
            if form.is_valid():
                return _switched(request, user, form.cleaned_data["language"])
        else:
            save = {"reaching": save_reaching, "absence": save_absence}.get(what, _save_password)
            refused = save(request, user)
            if refused is None:
                return redirect("profile")
            forms[what if what in ("reaching", "absence") else "password"] = refused
        status = 422
    context = {
        "password": PasswordForm(user),
        "reaching": reaching_form(user),
        "absence": AbsenceForm(user),
        "absences": duty.absences(after=now(), of=user),
        **forms,
    }
    return render(request, "accounts/profile.html", context, status=status)


def _switched(request: HttpRequest, user: User, language: str) -> HttpResponse:
    """Keep the language that the person reads, in this browser too, or what the browser asks for."""
    services.choose_language(user, language)
    with translation.override(language or translation.get_language()):
        messages.success(request, _("The language is changed."))
    response = redirect("profile")
    if language:
        keep_language(response, language)
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


def _save_password(request: HttpRequest, user: User) -> PasswordForm | None:
    form = PasswordForm(user, request.POST)
    if not form.is_valid():
        return form
    services.choose_password(user, form.cleaned_data["new_password1"])
    update_session_auth_hash(request, user)
    messages.success(request, _("The password is changed. Other sessions of yours have ended."))
    return None


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages; whoever is signed in keeps it for the next time."""
    response = redirect(safe_next(request) or "home")
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        services.choose_language(person(request), language)
    keep_language(response, language)
    return response


def keep_language(response: HttpResponse | HttpResponseRedirect, language: str) -> None:
    """Remember the language in this browser."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_LANGUAGE_COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def person(request: HttpRequest) -> User:
    """The member of staff who is signed in."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("This page needs someone signed in.")
    return user
