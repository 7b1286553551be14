"""Who may open a page: asked once, at its door."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from aftersales.accounts.roles import Role

View = Callable[..., HttpResponse]

NOT_ADMIN = frozenset(Role) - {Role.ADMIN}  # whoever works with tickets; what of them, `visible_to` says


def staff_page(*roles: str) -> Callable[[View], View]:
    """Serve the page to these roles (to everyone signed in when none is named); others read why not (403).

    An object that a person may not see is 404 and stays the view's business.
    """

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if roles and request.user.role not in roles:  # type: ignore[union-attr]
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.roles = frozenset(roles)  # type: ignore[attr-defined]
        return guarded

    return decorate
