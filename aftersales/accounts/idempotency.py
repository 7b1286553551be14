"""The same request sent twice has one effect and one answer (Idempotency-Key).

The record is written first and in the transaction of the effect: a rival with the same key waits for it, and then
replays; what failed or was rolled back leaves no record, and may be sent again.
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


def once(partner: Partner, key: str, mark: str, work: Callable[[], Answer]) -> Answer:
    """Do the work and keep its answer, or replay the answer that was kept.

    `mark` is the fingerprint. Raises Invalid (code idempotency_key_reused) when the key came with another request,
    KeyInUse; whatever `work` raises goes through and leaves nothing.
    """
    with transaction.atomic():
        record = _claim(partner, key, mark)
        if record is not None:
            answer = work()
            _keep(record, answer)
            return answer
        return _recall(partner, key, mark)


def _claim(partner: Partner, key: str, mark: str) -> int | None:
    """Write the record; None when there is one. Waits for a rival that is writing the same."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accounts_idempotencykey (partner_id, key, fingerprint, status, body, created_at) "
                "VALUES (%s, %s, %s, 0, 'null', clock_timestamp()) "
                "ON CONFLICT (partner_id, key) DO NOTHING RETURNING id",
                [partner.pk, key, mark],
            )
            row = cursor.fetchone()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == _LOCK_NOT_AVAILABLE:
            raise KeyInUse(_("The first request with this key is still being worked on.")) from error
        raise
    return row[0] if row else None


def _keep(record: int, answer: Answer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_idempotencykey SET status = %s, body = %s WHERE id = %s",
            [answer.status, json.dumps({"text": answer.text, "headers": answer.headers}), record],
        )


def _recall(partner: Partner, key: str, mark: str) -> Answer:
    record = IdempotencyKey.objects.filter(partner=partner, key=key).first()
    if record is None:  # purged at this very moment
        raise KeyInUse(_("The first request with this key is still being worked on."))
    if record.fingerprint != mark:
        raise Invalid(
            _("This Idempotency-Key was used for another request. Send a new one."), code="idempotency_key_reused"
        )
    return Answer(record.status, record.body["text"], record.body["headers"], replayed=True)


def purge(*, at: datetime | None = None) -> int:
    """Forget the answers that are older than two days; answer how many."""
    return IdempotencyKey.objects.filter(created_at__lt=(at or now()) - KEPT).delete()[0]
