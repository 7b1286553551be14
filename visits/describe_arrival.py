"""How an arrival is told: place and code, on the timeline, the ticket's panel and the technician's page (R25)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from aftersales.core.templatetags.rules import chip
from tickets import describe
from tickets.states import EventKind
from visits.states_arrival import CodeOf, PlaceMissing


def enter() -> None:
    """Enter them; called once when the house starts."""
    describe.add(EventKind.CHECKED_IN, "map-pin", "purple", _arrived)


def words(known: Mapping[str, Any]) -> list[str]:
    """Place and code in words, from what `visits.services.arrival.evidence` keeps; nothing for arrivals before that."""
    told = []
    if known.get("place_latitude") is not None:
        place = _("place %(latitude)s, %(longitude)s") % {
            "latitude": f"{known['place_latitude']:.5f}",
            "longitude": f"{known['place_longitude']:.5f}",
        }
        within = known.get("place_within")
        told.append(place if within is None else f"{place} (± {within} m)")
    elif known.get("place_missing") in PlaceMissing.values:
        told.append(_("place not given: %(why)s") % {"why": PlaceMissing(known["place_missing"]).label})
    if known.get("code_of") in CodeOf.values:
        told.append(" ".join(part for part in (str(CodeOf(known["code_of"]).label), known.get("code", "")) if part))
    return told


def _arrived(data: dict[str, Any]) -> SafeString | str:
    told = " · ".join([_("on site: %(technician)s") % {"technician": data.get("technician", "")}, *words(data)])
    return format_html("{} {}", told, chip("R25")) if "place_missing" in data or "place_latitude" in data else told
