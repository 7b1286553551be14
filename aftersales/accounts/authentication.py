"""Who calls the API: a partner's key in `Authorization: Bearer ask_…`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import PartnerKey
from aftersales.accounts.roles import Scope
from aftersales.accounts.services import digest
from aftersales.core.time import now

_LAST_USED_STEP = timedelta(minutes=5)  # not a write a request


class PartnerKeyAuthentication(BaseAuthentication):
    """`request.user` becomes the Actor of the partner, `request.auth` its key."""

    def authenticate(self, request: Request) -> tuple[Actor, PartnerKey] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or not secret:
            raise exceptions.AuthenticationFailed(
                _("Send the key as “Authorization: Bearer <key>”."), code="key_malformed"
            )
        key = PartnerKey.objects.select_related("partner").filter(digest=digest(secret.strip())).first()
        at = now()
        if key is None or key.revoked_at is not None or not key.partner.is_active:
            raise exceptions.AuthenticationFailed(_("This key is not valid."), code="key_invalid")
        if key.expires_at <= at:
            raise exceptions.AuthenticationFailed(_("This key has expired; ask for a new one."), code="key_expired")
        if key.last_used_at is None or at - key.last_used_at > _LAST_USED_STEP:
            PartnerKey.objects.filter(pk=key.pk).update(last_used_at=at)
        return Actor(Door.API, partner=key.partner, scopes=frozenset(key.scopes)), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="aftersales"'


class IsPartner(BasePermission):
    """A valid key; a view may name the scope it needs as `scope` or by method in `scopes`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Actor):
            raise exceptions.NotAuthenticated(code="key_missing")
        needed = getattr(view, "scopes", {}).get(request.method, getattr(view, "scope", Scope.READ))
        if needed not in request.user.scopes:
            raise exceptions.PermissionDenied(
                _("The key lacks the scope “%(scope)s”.") % {"scope": needed}, code="scope_missing"
            )
        return True
