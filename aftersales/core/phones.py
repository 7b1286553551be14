"""Telephone numbers: kept as typed and as E.164."""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line

MAX_TYPED = 40  # characters, as in the columns that keep what was typed
MAX_EXTENSION = 10  # digits


@dataclass(frozen=True)
class Phone:
    """A number that can be dialled: `raw` as typed, `e164` such as +8613800004412, `extension` or ""."""

    raw: str
    e164: str
    extension: str = ""


def parse(raw: str, *, region: str = "", field: str = "phone") -> Phone:
    """Read a number as a person types it ("138 0000 4412", "02-2712 3456 轉 12", "+852 2345 6789").

    Raises Invalid (code phone_invalid) naming `field` when it is no possible number in `region` or with a country code,
    or one that reaches somebody within a place only (110, 95588).
    """
    typed = clean_line(raw)
    text = typed
    for word in ("转", "轉", "分机", "分機"):
        text = text.replace(word, " ext. ")
    read = _read(text, region or settings.DEFAULT_PHONE_REGION) if len(typed) <= MAX_TYPED else None
    if read is None:
        raise Invalid(
            _("“%(number)s” is no telephone number. Type it with its area code, or with + and the country code.")
            % {"number": typed[:MAX_TYPED]},
            code="phone_invalid",
            field=field,
        )
    e164, extension = read
    return Phone(raw=typed, e164=e164, extension=extension)


@lru_cache(maxsize=64)  # a request is checked, then kept: the same number is read twice
def _read(text: str, region: str) -> tuple[str, str] | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not _can_be_dialled(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.extension or ""


def _can_be_dialled(number: phonenumbers.PhoneNumber) -> bool:
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE and len(number.extension or "") <= MAX_EXTENSION


def display(e164: str) -> str:
    """Write a stored number as people of the place read it."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    home = phonenumbers.region_code_for_number(number) == settings.DEFAULT_PHONE_REGION
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
