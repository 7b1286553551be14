"""How the timeline tells what is done around a visit."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.core.templatetags.rules import chip
from tickets import describe
from tickets.states import EventKind
from visits.states_work import ConductItem, KitItem, PauseReason, PaymentMethod, Permission, RemoteResult, WorkshopState
from visits.templatetags.money import money


def enter() -> None:
    """Enter them; called once when the house starts."""
    describe.add(EventKind.KIT_CHECKED, "checklist", "indigo", _kit)
    describe.add(EventKind.PART_NEEDED, "packages", "indigo", _needed)
    describe.add(EventKind.PART_USED, "puzzle", "purple", _part)
    describe.add(EventKind.OLD_PART_RECEIVED, "truck-return", "secondary", _old_part)
    describe.add(EventKind.SERIAL_CHANGED, "barcode", "purple", _serial)
    describe.add(EventKind.CHARGE_ANNOUNCED, "coins", "yellow", _announced)
    describe.add(EventKind.CHARGE_COLLECTED, "receipt", "green", _collected)
    describe.add(EventKind.CONDUCT_CHECKED, "heart-handshake", "purple", _conduct)
    describe.add(EventKind.VISIT_INTERRUPTED, "player-pause", "yellow", _interrupted)
    describe.add(EventKind.VISIT_RESUMED, "player-play", "purple", lambda _data: _("went on with the work"))
    describe.add(EventKind.GOODS_TAKEN, "truck-delivery", "cyan", _taken)
    describe.add(EventKind.GOODS_MOVED, "tools", "cyan", _moved)
    describe.add(EventKind.REMOTE_SESSION, "device-desktop", "azure", _remote)


def _comma() -> str:
    return pgettext("between the things of a list", ", ")


def _label(choices: Any, value: Any) -> str:
    return str(choices(value).label) if value in choices.values else str(value or "")


def _checked(told: str, items: Any, data: dict[str, Any], rule: str) -> SafeString:
    missing = data.get("missing") or {}
    if missing:
        names = _comma().join(f"{_label(items, item)} ({reason})" for item, reason in missing.items())
        return format_html("{} · <strong>{}</strong> {}", told, _("missing: %(items)s") % {"items": names}, chip(rule))
    return format_html("{} {}", _("%(check)s: complete") % {"check": told}, chip(rule))


def _kit(data: dict[str, Any]) -> SafeString:
    return _checked(_("checked the kit"), KitItem, data, "R21")


def _conduct(data: dict[str, Any]) -> SafeString:
    return _checked(_("checked the conduct"), ConductItem, data, "R31")


def _needed(data: dict[str, Any]) -> str:
    if not data.get("quantity"):
        return _("need not be brought: %(part)s") % {"part": _named(data)}
    return _("to be brought: %(quantity)s × %(part)s") % {"quantity": data["quantity"], "part": _named(data)}


def _named(data: dict[str, Any]) -> str:
    return f"{data.get('part', '')} {data.get('name', '')}".strip()


def _part(data: dict[str, Any]) -> SafeString:
    told = _("used %(quantity)s × %(part)s") % {"quantity": data.get("quantity", 1), "part": _named(data)}
    if data.get("old_serial") or data.get("new_serial"):
        told += f" · {data.get('old_serial') or '–'} → {data.get('new_serial') or '–'}"
    if data.get("owed"):
        told += " · " + _("old part owed")
    elif data.get("old_left"):
        told += " · " + _("old part left with the customer: %(reason)s") % {"reason": data["old_left"]}
    return format_html("{} {}", told, chip("R35"))


def _old_part(data: dict[str, Any]) -> SafeString:
    told = _("took the old part back from %(technician)s: %(part)s") % {
        "technician": data.get("technician", ""),
        "part": f"{_named(data)} {data.get('old_serial', '')}".strip(),
    }
    return format_html("{} {}", told, chip("R35"))


def _serial(data: dict[str, Any]) -> SafeString:
    which = _("SIM number") if data.get("which") == "sim" else _("serial number")
    told = _("changed the %(which)s: %(before)s → %(after)s") % {
        "which": which,
        "before": data.get("before") or "–",
        "after": data.get("after", ""),
    }
    return format_html("{} {}", told, chip("R35"))


def _announced(data: dict[str, Any]) -> SafeString:
    told = _("announced %(amount)s, agreed by %(name)s") % {
        "amount": money(data.get("total"), data.get("currency", "")),
        "name": data.get("agreed_by", ""),
    }
    return format_html("{} {}", told, chip("R15"))


def _collected(data: dict[str, Any]) -> SafeString:
    told = _("collected %(amount)s (%(method)s), receipt %(receipt)s") % {
        "amount": money(data.get("amount"), data.get("currency", "")),
        "method": _label(PaymentMethod, data.get("method")),
        "receipt": data.get("receipt", ""),
    }
    return format_html("{} {}", told, chip("R15"))


def _interrupted(data: dict[str, Any]) -> SafeString:
    until = parse_datetime(data.get("until") or "")
    told = _("interrupted the work (%(reason)s), goes on %(time)s") % {
        "reason": _label(PauseReason, data.get("reason")),
        "time": describe.moment(until) if until else "–",
    }
    return format_html("{} {}", told, chip("R26"))


def _taken(data: dict[str, Any]) -> SafeString:
    told = _("took to the workshop: %(what)s (%(number)s), agreed by %(name)s") % {
        "what": data.get("what", ""),
        "number": data.get("item", ""),
        "name": data.get("agreed_by", ""),
    }
    return format_html("{} {}", told, chip("R29"))


def _moved(data: dict[str, Any]) -> SafeString:
    told = f"{data.get('what', '')} ({data.get('item', '')}): {_label(WorkshopState, data.get('to'))}"
    if data.get("returned_to"):
        told += f", {data['returned_to']}"
    return format_html("{} {}", told, chip("R29"))


def _remote(data: dict[str, Any]) -> SafeString:
    told = _("helped remotely, %(window)s: %(result)s · allowed by %(name)s %(how)s") % {
        "window": describe.window(data.get("start"), data.get("end")),
        "result": _label(RemoteResult, data.get("result")),
        "name": data.get("allowed_by", ""),
        "how": _label(Permission, data.get("allowed_how")),
    }
    return format_html("{} {}", told, chip("R10"))
