"""Who calls the API: a partner's key in `Authorization: Bearer ask_…`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import PartnerKey
from aftersales.accounts.reference import partner_with_key
from aftersales.accounts.roles import Scope
from aftersales.accounts.services import digest

_LAST_USED_STEP = timedelta(minutes=5)  # not a write a request


_KEY = [field.attname for field in PartnerKey._meta.concrete_fields]
# Asked by every request: built once, and the time comes along.
_SQL = f"SELECT clock_timestamp(), {', '.join(_KEY)} FROM accounts_partnerkey WHERE digest = %s"  # noqa: S608


def _find(mark: str) -> tuple[PartnerKey | None, datetime]:
    """The key with this digest and its partner, and the time."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [mark])
        row = cursor.fetchone()
    if row is None:
        return None, timezone.now()
    key = PartnerKey.from_db(connection.alias, _KEY, row[1:])
    key.partner = partner_with_key(key.partner_id)
    key.read_at = row[0]  # type: ignore[attr-defined]
    return key, row[0]


class PartnerKeyAuthentication(BaseAuthentication):
    """`request.user` becomes the Actor of the partner, `request.auth` its key; `request.auth.read_at` is the time."""

    def authenticate(self, request: Request) -> tuple[Actor, PartnerKey] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or not secret:
            raise exceptions.AuthenticationFailed(
                _("Send the key as “Authorization: Bearer <key>”."), code="key_malformed"
            )
        key, at = _find(digest(secret.strip()))
        if key is None or key.revoked_at is not None or not key.partner.is_active:
            raise exceptions.AuthenticationFailed(_("This key is not valid."), code="key_invalid")
        if key.expires_at <= at:
            raise exceptions.AuthenticationFailed(_("This key has expired; ask for a new one."), code="key_expired")
        if key.last_used_at is None or at - key.last_used_at > _LAST_USED_STEP:
            PartnerKey.objects.filter(pk=key.pk).update(last_used_at=at)
        return Actor(Door.API, partner=key.partner, scopes=frozenset(key.scopes)), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="aftersales"'


def demand_scope(actor: Actor, scopes: Collection[str]) -> None:
    """Raise PermissionDenied (code scope_missing) unless the key has one of the scopes; an empty list asks for none."""
    if scopes and not actor.scopes & frozenset(scopes):
        wanted = " / ".join(sorted(str(Scope(scope).value) for scope in scopes))
        raise exceptions.PermissionDenied(
            _("The key lacks the scope “%(scope)s”.") % {"scope": wanted}, "scope_missing"
        )


class IsPartner(BasePermission):
    """A valid key; a view names by method the scopes of which it needs one, as `scopes`. Unnamed: tickets.read."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Actor):
            raise exceptions.NotAuthenticated(_("Send the key as “Authorization: Bearer <key>”."), code="key_missing")
        method = "GET" if request.method == "HEAD" else request.method
        demand_scope(request.user, getattr(view, "scopes", {}).get(method, [Scope.READ]))
        return True
