"""Nobody calls back about themselves: not about their own visit, not about a complaint against them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.errors import Forbidden
from complaints.models import Callback


def own(callback: Callback, user: User | None) -> bool:
    """Whether this person would be asking about themselves (R68)."""
    if user is None:
        return False
    if callback.visit is not None and callback.visit.technician_id == user.pk:
        return True
    return callback.complaint is not None and user.pk in callback.complaint.complained_of


def check(callback: Callback, by: Actor) -> None:
    """Raise Forbidden when this actor is whom the call is about."""
    if not own(callback, by.user):
        return
    if callback.complaint is not None:
        message = _("Nobody calls back about a complaint against themselves.")
    else:
        message = _("Nobody calls back about their own visit.")
    raise Forbidden(message, rule="R68", code="own_visit")


def others(rows: QuerySet[Callback], user: User | None) -> QuerySet[Callback]:
    """Leave out the calls that are about this person."""
    if user is None:
        return rows
    return (
        rows.exclude(visit__technician=user).exclude(complaint__visit__technician=user).exclude(complaint__people=user)
    )
