"""What a leader or an administrator does with notices that could not be sent."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Missing, NotAllowed
from aftersales.core.time import now
from tickets.models import Notice


def send_again(notice_id: int, *, by: Actor, at: datetime | None = None) -> None:
    """Queue a failed notice as if it were new. Raises Missing, NotAllowed (code not_failed), Forbidden."""
    require(by, LEADERS | {Role.ADMIN}, [])
    outside = Notice.objects.filter(pk=notice_id).exclude(channel=Notice.Channel.INBOX)
    queued = outside.filter(state=Notice.State.FAILED).update(
        state=Notice.State.QUEUED, attempts=0, next_attempt_at=at or now(), parcel=None, last_error=""
    )
    if queued:
        return
    if not outside.exists():
        raise Missing(_("There is no such notice."))
    raise NotAllowed(_("Only a notice that failed is sent again."), code="not_failed")
