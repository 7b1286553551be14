"""What the timeline says of the calls that we owe."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from complaints.states_callback import GIVEN_UP, CallbackKind, Outcome
from tickets import describe
from tickets.states import EventKind


def enter() -> None:
    """Enter the sentences; called once when the house starts."""
    describe.add(EventKind.CALLBACK_OWED, "phone-call", "azure", _owed)
    describe.add(EventKind.CALLBACK_ATTEMPTED, "phone-x", "yellow", _called)
    describe.add(EventKind.CALLBACK_REACHED, "phone-check", "green", _called)
    describe.add(EventKind.CALLBACK_WITHDRAWN, "phone-off", "orange", _withdrawn)
    describe.add(EventKind.ANSWER_PROMISED, "help-circle", "orange", _promised)
    describe.add(EventKind.ANSWER_GIVEN, "message-reply", "green", _answered)
    describe.add(EventKind.LETTER_SENT, "mail", "azure", _letter)


def _kind(data: dict[str, Any]) -> CallbackKind:
    kind = data.get("callback_kind", "")
    return CallbackKind(kind) if kind in CallbackKind else CallbackKind.FIRST


def _time(value: Any) -> str:
    parsed = parse_datetime(value) if isinstance(value, str) else None
    return describe.moment(parsed) if parsed else "–"


def _owed(data: dict[str, Any]) -> SafeString:
    kind = _kind(data)
    times = {"opens": _time(data.get("opens")), "due": _time(data.get("due")), "kind": kind.label}
    if kind == CallbackKind.FIRST:
        told = _("a callback is owed from %(opens)s to %(due)s") % times
    else:
        told = _("a call (%(kind)s) is owed from %(opens)s to %(due)s") % times
    return format_html("{}{}", told, describe.rule_chip(kind.rule))


def _called(data: dict[str, Any]) -> str:
    outcome = data.get("outcome", "")
    words = str(Outcome(outcome).label) if outcome in Outcome else outcome
    kind = _kind(data)
    if kind == CallbackKind.FIRST:
        return _("called back: %(outcome)s") % {"outcome": words}
    return _("called (%(kind)s): %(outcome)s") % {"kind": kind.label, "outcome": words}


def _withdrawn(data: dict[str, Any]) -> str:
    if data.get("outcome") == GIVEN_UP:
        return _("gave the call up (%(kind)s)") % {"kind": _kind(data).label}
    return _("the call is no longer owed (%(kind)s)") % {"kind": _kind(data).label}


def _promised(data: dict[str, Any]) -> SafeString:
    told = _("promised an answer by %(time)s") % {"time": _time(data.get("promised"))}
    return format_html("{}{}", told, describe.rule_chip("R62"))


def _answered(data: dict[str, Any]) -> SafeString:
    return format_html("{}{}", _("gave the promised answer"), describe.rule_chip("R62"))


def _letter(data: dict[str, Any]) -> SafeString:
    told = _("wrote the letter %(number)s") % {"number": data.get("number", "")}
    return format_html("{}{}", told, describe.rule_chip("R64"))
