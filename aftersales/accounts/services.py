"""Partner keys: issue, revoke; staff: their own language."""

from __future__ import annotations

import hashlib
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction

from aftersales.accounts.models import Partner, PartnerKey, User
from aftersales.accounts.roles import ORDINARY, Scope
from aftersales.core.time import now

KEY_LIFE = timedelta(days=365)
_ALPHABET = string.ascii_lowercase + string.digits
_SECRET_LETTERS = string.ascii_letters + string.digits


def new_secret() -> str:
    """Draw a key such as ask_4k2m9x1c_<40 letters and digits>; the first part may be logged, the last never."""
    prefix = "".join(secrets.choice(_ALPHABET) for _i in range(8))
    return f"ask_{prefix}_" + "".join(secrets.choice(_SECRET_LETTERS) for _i in range(40))


def digest(secret: str) -> str:
    """SHA-256 of a key; a slow hash would only slow each request, the secret cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue_key(
    partner: Partner,
    *,
    scopes: list[Scope] | None = None,
    label: str = "",
    expires_at: datetime | None = None,
    secret: str = "",
) -> tuple[PartnerKey, str]:
    """Make a key for a partner, for all work on its own tickets unless scopes are named; the secret is in the answer
    and nowhere else."""
    secret = secret or new_secret()
    key = PartnerKey.objects.create(
        partner=partner,
        label=label,
        prefix=secret.split("_")[1],
        digest=digest(secret),
        scopes=list(scopes or ORDINARY),
        expires_at=expires_at or now() + KEY_LIFE,
    )
    return key, secret


@transaction.atomic
def revoke_key(key: PartnerKey) -> None:
    """End a key at once; doing it twice changes nothing."""
    PartnerKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now())


def choose_language(user: User, language: str) -> None:
    """Remember the language that a person reads."""
    user.language = language
    user.save(update_fields=["language"])


def choose_password(user: User, password: str) -> None:
    """Give a person a new password; their other sessions end with the old one."""
    user.set_password(password)
    user.save(update_fields=["password"])
