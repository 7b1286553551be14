"""Changing what callers say."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, Missing, Stale
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints import scripts
from complaints.models import Script
from complaints.states_callback import CallbackKind

LONGEST = 4000


@transaction.atomic
def change(
    kind: str,
    language: str,
    *,
    greeting: str,
    questions: str,
    closing: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Script:
    """Let callers say this from now on. Raises Invalid for a placeholder that there is not."""
    require(by, LEADERS)
    if kind not in CallbackKind.values or language not in dict(settings.LANGUAGES):
        raise Missing(_("There is no such script."))
    kept = Script.objects.select_for_update().filter(kind=kind, language=language).first()
    if version is not None and version != (kept.version if kept else 0):
        raise Stale(_("Somebody else changed this script meanwhile. Nothing of yours was saved: look at it again."))
    texts = {"greeting": clean_text(greeting), "questions": clean_text(questions), "closing": clean_text(closing)}
    errors = []
    for field, text in texts.items():
        if not text:
            errors.append((field, "required", _("Write something here.")))
        elif len(text) > LONGEST:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": f"{LONGEST:,}"}))
        for name in scripts.unknown(text):
            message = _("There is no placeholder “%(name)s”. There are: %(known)s")
            known = " ".join(f"{{{one}}}" for one in scripts.PLACEHOLDERS)
            errors.append((field, "placeholder", message % {"name": name, "known": known}))
    if errors:
        raise Invalid(errors=errors)
    kept = kept or Script(kind=kind, language=language, version=0)
    for field, text in texts.items():
        setattr(kept, field, text)
    kept.version += 1
    kept.changed_by, kept.changed_at = by.user, at or now()
    kept.save()
    return kept
