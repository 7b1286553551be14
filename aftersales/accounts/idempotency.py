"""The same request sent twice has one effect and one answer (Idempotency-Key).

The record is written in the transaction of the effect, and a rival with the same key waits until that has ended: then
it replays. What failed or was rolled back leaves no record, and may be sent again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.models import IdempotencyKey, Partner
from aftersales.core.batch import Batch, fresh
from aftersales.core.errors import Invalid, NotAllowed, Refusal
from aftersales.core.time import now

KEPT = timedelta(hours=48)
KEY = re.compile(r"[\x21-\x7e]{1,100}\Z")
_LOCK_NOT_AVAILABLE = "55P03"


@dataclass
class Answer:
    """What was answered: the body as text, so that a replay is the same to the letter."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False


class KeyMissing(Refusal):
    status = 400
    code = "idempotency_key_required"


class KeyInUse(NotAllowed):
    """The first request with this key is still at work; ask again after `retry_after` seconds."""

    code = "idempotency_key_in_use"
    retry_after = 2


def check_key(key: str, *, required: bool) -> str:
    """Read the header's value. Raises KeyMissing, Invalid (code idempotency_key_invalid)."""
    if not key:
        if required:
            raise KeyMissing(
                _("Send an Idempotency-Key header: a new one for each thing to do, the same when you retry.")
            )
        return ""
    if not KEY.match(key):
        raise Invalid(_("An Idempotency-Key is 1 to 100 visible ASCII characters."), code="idempotency_key_invalid")
    return key


def fingerprint(method: str, path: str, data: Any) -> str:
    """What makes two requests the same: method, path and the meaning of the body, not its blanks and order."""
    body = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method} {path}\n{body}".encode()).hexdigest()


def once(partner: Partner, key: str, mark: str, work: Callable[[Batch], Answer]) -> Answer:
    """Do the work and keep its answer, or replay the answer that was kept.

    `mark` is the fingerprint; rows that `work` leaves in the batch are written with the record. Raises Invalid (code
    idempotency_key_reused) when the key came with another request, KeyInUse; what `work` raises leaves nothing.
    """
    with transaction.atomic():
        kept = _claim(partner, key)
        if kept is not None:
            return _replay(mark, *kept)
        batch = Batch()
        answer = work(batch)
        body = {"text": answer.text, "headers": answer.headers}
        record = fresh(IdempotencyKey, partner=partner, key=key, fingerprint=mark, status=answer.status, body=body)
        batch.add_leaves(record)
        batch.write()
        return answer


def _claim(partner: Partner, key: str) -> tuple[str, int, str] | None:
    """What was kept for the key; else the key is ours until this transaction ends. Waits for a rival."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s)); "
                "SELECT fingerprint, status, body FROM accounts_idempotencykey WHERE partner_id = %s AND key = %s",
                [key, partner.pk, partner.pk, key],
            )
            return cursor.fetchone()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == _LOCK_NOT_AVAILABLE:
            raise KeyInUse(_("The first request with this key is still being worked on.")) from error
        raise


def _replay(mark: str, kept_mark: str, status: int, body: str) -> Answer:
    if kept_mark != mark:
        raise Invalid(
            _("This Idempotency-Key was used for another request. Send a new one."), code="idempotency_key_reused"
        )
    kept = json.loads(body)
    return Answer(status, kept["text"], kept["headers"], replayed=True)


def purge(*, at: datetime | None = None) -> int:
    """Forget the answers that are older than two days; answer how many."""
    return IdempotencyKey.objects.filter(created_at__lt=(at or now()) - KEPT).delete()[0]
