"""Who calls whom at this moment: a short claim, so that two callers never ring the same customer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.core.errors import Forbidden, Missing
from aftersales.core.time import now
from complaints import calling, selectors
from complaints.models import Callback
from complaints.services.callback import CALLERS
from complaints.states_callback import CallbackState

CLAIM = timedelta(minutes=5)
SKIPPED = timedelta(minutes=15)


@transaction.atomic
def next_call(*, by: Actor, at: datetime | None = None) -> Callback | None:
    """The customer whom this person has on the screen, or the most urgent one whom nobody else has.

    Rows that another is claiming at this very moment are passed over (SKIP LOCKED): it never waits, so it may lock a
    callback without its ticket.
    """
    require(by, CALLERS)
    if by.user is None:
        raise Forbidden(_("Only people call customers."))
    at = at or now()
    settings = calling.rules()
    possible = selectors.to_call(by.user, at=at, settings=settings)
    found = possible.filter(claimed_by=by.user, claimed_until__gt=at).first()
    if found is None:
        found = possible.select_for_update(skip_locked=True, of=("self",)).first()
    if found is None:
        return None
    Callback.objects.filter(pk=found.pk).update(claimed_by=by.user, claimed_until=at + CLAIM)
    return found


@transaction.atomic
def skip(callback_id: int, *, by: Actor, at: datetime | None = None) -> None:
    """Put a customer back who was on this person's screen; the call comes again in a quarter of an hour."""
    require(by, CALLERS)
    at = at or now()
    changed = Callback.objects.filter(pk=callback_id, state=CallbackState.OWED, claimed_by=by.user).update(
        claimed_by=None, claimed_until=None, call_after=at + SKIPPED
    )
    if not changed and not Callback.objects.filter(pk=callback_id).exists():
        raise Missing(_("There is no such callback."))
