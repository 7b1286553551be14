"""Photographs of a visit: taken in once, written anew, bounded."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets.models import Ticket
from visits.models import Photograph
from visits.services.dispatch import Seen, open_visit
from visits.states_warranty import Purpose

VISITORS = LEADERS | {Role.TECHNICIAN, Role.DISPATCHER}
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000  # held in memory at once; a JPEG is unpacked at a fraction of its size, so larger ones pass
LONGEST_SIDE = 2000  # a serial number on a plate is still read
SMALL_SIDE = 320
MOST = 30  # of one visit
LONGEST_CAPTION = 200
_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Picture:
    """A photograph written anew: the JPEG, a small one for lists, and its size in pixels."""

    content: bytes
    small: bytes
    width: int
    height: int


@transaction.atomic
def add_photograph(
    ticket_id: int,
    *,
    visit: int,
    key: UUID,
    file: IO[bytes] | Any,
    purpose: str,
    caption: str = "",
    by: Actor,
    at: datetime | None = None,
) -> Photograph:
    """Keep a picture of the visit that is planned or going on; one that was sent before changes nothing.

    Raises Invalid for what is no photograph or too large, NotAllowed beyond thirty.
    """
    ticket = Ticket.objects.locked(ticket_id, actor=by)
    at = at or now()
    known = Photograph.objects.filter(key=key).first()
    if known is not None:
        if known.visit_id != visit:
            raise Invalid(_("This photograph was sent for another visit."), code="other_visit", field="key")
        return known
    require(by, VISITORS)
    found = open_visit(ticket)
    if by.user is not None and by.user.role == Role.TECHNICIAN and found.technician_id != by.user.pk:
        raise Forbidden(_("This is another technician's visit."))
    if found.pk != visit:
        raise NotAllowed(_("Photographs are added while the visit goes on."), code="visit_over")
    if purpose not in Purpose.values:
        raise Invalid(_("Say what the photograph shows."), code="required", field="purpose")
    caption = clean_line(caption)
    if len(caption) > LONGEST_CAPTION:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST_CAPTION}, code="too_long", field="caption")
    if found.photographs.count() >= MOST:
        raise NotAllowed(
            _("A visit has at most %(number)d photographs.") % {"number": MOST}, code="too_many", field="file"
        )
    picture = read_photograph(file)
    photograph = Photograph(
        visit=found,
        key=key,
        purpose=purpose,
        caption=caption,
        sha256=hashlib.sha256(picture.content).hexdigest(),
        width=picture.width,
        height=picture.height,
        added_by=by.user,
        added_at=at,
    )
    photograph.file.save(f"{key}.jpg", ContentFile(picture.content), save=False)
    photograph.small.save(f"{key}-small.jpg", ContentFile(picture.small), save=False)
    photograph.save(force_insert=True)
    return photograph


def add_kept(ticket_id: int, *, seen: Seen, **given: Any) -> Photograph:
    """Keep a picture that waited on a telephone for a network."""
    return add_photograph(ticket_id, visit=seen.visit, **given)


def read_photograph(file: IO[bytes] | Any) -> Picture:
    """Read a JPEG, PNG or WebP and write it anew, upright and without what a camera adds (place, time, device).

    Raises Invalid when it is no such picture, larger than 10 MB, or too many pixels.
    """
    size = getattr(file, "size", None)
    raw = b"" if size is not None and size > MAX_BYTES else file.read(MAX_BYTES + 1)
    if not raw and not size:
        raise Invalid(_("The file is empty: take the photograph again."), code="empty", field="file")
    if not raw or len(raw) > MAX_BYTES:
        raise Invalid(
            _("A photograph has %(size)d MB at most.") % {"size": MAX_BYTES // 2**20}, code="too_large", field="file"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
                # Only the header is read so far. A JPEG can be unpacked at a half, a quarter or an eighth.
                picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                if picture.width * picture.height > MAX_PIXELS:
                    raise _too_many_pixels()
                upright = ImageOps.exif_transpose(picture)
                plain = _on_white(upright)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_many_pixels() from error
    except (
        UnidentifiedImageError,
        OSError,
        EOFError,
        ValueError,
        SyntaxError,
        KeyError,
        TypeError,
        struct.error,
        zlib.error,
    ) as error:
        raise Invalid(
            _("This is no photograph that we can read: JPEG, PNG or WebP."), code="unreadable", field="file"
        ) from error
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    width, height = plain.size
    content = _jpeg(plain, quality=85)
    plain.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return Picture(content, _jpeg(plain, quality=75), width, height)


def _on_white(picture: Image.Image) -> Image.Image:
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def _jpeg(picture: Image.Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, exif=b"", icc_profile=None)
    return out.getvalue()


def _too_many_pixels() -> Invalid:
    return Invalid(
        _("This picture is too large to be read: take it with fewer pixels."), code="too_many_pixels", field="file"
    )
