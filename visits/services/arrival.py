"""What an arrival leaves behind as evidence (R25): where the telephone was, and a code that only stands at the site."""

from __future__ import annotations

import hmac
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.templatetags.ui import moment
from aftersales.core.text import clean_line
from aftersales.customers.models import Product
from visits.models import Visit
from visits.services.link import zone_of
from visits.states_arrival import CodeOf, PlaceMissing

EARLY = timedelta(hours=2)  # before the window: a visit after midnight is reached the evening before
LONGEST_CODE = 300  # a square code may hold an address
FIELDS = ("place_latitude", "place_longitude", "place_within", "place_missing", "code_of", "code")
_KEPT = 60
_DIGITS = 6
_MOST_METRES = 10_000_000
_SALT = "visits.customer-code"


@dataclass(frozen=True)
class Seen:
    """As the telephone said it: degrees, metres, what was scanned or typed.

    `code_anyway`: the check-in goes on although the code matches nothing.
    """

    latitude: float | None = None
    longitude: float | None = None
    accuracy: float | None = None
    place_missing: str = ""
    code: str = ""
    code_anyway: bool = False


def customer_code(visit: Visit, key: str | None = None) -> str:
    """What the customer's page shows for the technician to scan: six digits, another for each visit."""
    digest = salted_hmac(_SALT, str(visit.pk), secret=key, algorithm="sha256").hexdigest()
    return f"{int(digest, 16) % 10**_DIGITS:0{_DIGITS}}"


def not_too_early(visit: Visit, at: datetime) -> None:
    """Refuse an arrival on a day before the appointment's: it is another visit, or a slip of the thumb."""
    zone = zone_of(visit)
    before = timezone.localdate(at, zone) < timezone.localdate(visit.window_start, zone)
    if before and at < visit.window_start - EARLY:
        raise NotAllowed(
            _("The appointment is on %(time)s: check in on that day.") % {"time": moment(visit.window_start)},
            code="too_early",
            rule="R25",
        )


def note(visit: Visit, seen: Seen) -> None:
    """Write what was seen on the visit; it is not saved. Raises Invalid (field latitude, longitude, code)."""
    _place(visit, seen)
    code = clean_line(seen.code)
    visit.code, visit.code_of = code[:_KEPT], ""
    if not code:
        return
    visit.code_of = _match(visit, code)
    if visit.code_of == CodeOf.CUSTOMER:
        visit.code = ""  # it has done its work, and opens nothing to whoever reads it later
    if visit.code_of == CodeOf.NOTHING and not seen.code_anyway:
        raise Invalid(
            _("This is neither the product's code nor the customer's. Try again, or check in without it."),
            code="no_match",
            field="code",
        )


def evidence(visit: Visit) -> dict[str, Any]:
    """What is kept with an event or a case, as data; nothing where nobody arrived."""
    if visit.checked_in_at is None:
        return {}
    found = {name: getattr(visit, name) for name in FIELDS}
    return {name: value for name, value in found.items() if value not in ("", None)}


def _place(visit: Visit, seen: Seen) -> None:
    visit.place_latitude = visit.place_longitude = visit.place_within = None
    visit.place_missing = ""
    if seen.latitude is None and seen.longitude is None:
        known = seen.place_missing in PlaceMissing.values
        visit.place_missing = seen.place_missing if known else PlaceMissing.NOT_ASKED
        return
    errors = [
        (name, "range", _("This is no place on earth: latitude −90 to 90, longitude −180 to 180."))
        for name, value, most in (("latitude", seen.latitude, 90), ("longitude", seen.longitude, 180))
        if value is None or not -most <= value <= most  # also refuses what is no number
    ]
    if errors:
        raise Invalid(errors=errors)
    visit.place_latitude, visit.place_longitude = seen.latitude, seen.longitude
    if seen.accuracy is not None and math.isfinite(seen.accuracy):
        visit.place_within = int(min(max(seen.accuracy, 0), _MOST_METRES))


def _match(visit: Visit, code: str) -> CodeOf:
    """Whose code it is; a square code may hold the number within an address or beside other words."""
    parts = {Product.key(part) for part in (code, *re.split(r"[\s/?=&:;,|#]+", code)) if part}
    product = visit.ticket.product
    if product is not None and product.serial_key and product.serial_key in parts:
        return CodeOf.PRODUCT
    digits = "".join(code.split())
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(customer_code(visit, key).encode(), digits.encode()):
            return CodeOf.CUSTOMER
    return CodeOf.NOTHING
