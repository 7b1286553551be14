"""How the timeline tells what happens to a complaint."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.core.templatetags.rules import chip
from complaints.states import Cause, Remedy, Signal, Verdict
from complaints.states_callback import Outcome
from tickets import describe
from tickets.states import ComplaintClass, EventKind


def enter() -> None:
    """Enter them; called once when the house starts."""
    add = describe.add
    add(EventKind.COMPLAINED, "message-exclamation", "red", _registered)
    add(EventKind.COMPLAINT_ADDED, "paperclip", "secondary", lambda data: _of(_("added to complaint %(number)s"), data))
    add(EventKind.COMPLAINT_ASSIGNED, "user-share", "azure", _assigned)
    add(EventKind.COMPLAINT_CLASSED, "stairs", "orange", _classed)
    add(EventKind.COMPLAINT_LOWERING, "signature", "yellow", _lowering)
    add(EventKind.COMPLAINT_ACKNOWLEDGED, "phone-check", "green", _acknowledged)
    add(EventKind.COMPLAINT_INVESTIGATED, "zoom-question", "indigo", _investigated)
    add(EventKind.COMPLAINT_STATED, "message-user", "secondary", lambda _data: _ruled(_("gave a statement"), "R48"))
    add(EventKind.COMPLAINT_REPORTED, "stairs-up", "red", _reported)
    add(EventKind.COMPLAINT_ESCALATED, "arrows-split-2", "red", _escalated)
    add(EventKind.COMPLAINT_RULED, "gavel", "azure", _ruling)
    add(EventKind.COMPLAINT_DECIDED, "bulb", "purple", _decided)
    add(EventKind.COMPLAINT_INFORMED, "phone-outgoing", "green", lambda _data: _ruled(_("told the solution"), "R43"))
    add(EventKind.COMPLAINT_ACCEPTED, "thumb-up", "teal", lambda _data: _("the customer accepts the solution"))
    add(EventKind.COMPLAINT_DISPUTED, "thumb-down", "orange", lambda _data: _("the customer disputes the solution"))
    add(EventKind.COMPLAINT_REMEDIED, "check", "teal", lambda _data: _("the remedy is done"))
    add(EventKind.COMPLAINT_CALLED_BACK, "phone-check", "green", _called_back)
    add(EventKind.COMPLAINT_CLOSED, "lock", "green", lambda data: _of(_("closed complaint %(number)s"), data))
    add(EventKind.COMPLAINT_REOPENED, "refresh", "orange", _reopened)


def _of(said: str, data: dict[str, Any]) -> str:
    return said % {"number": data.get("complaint_number", "")}


def _ruled(said: str, rule: str) -> SafeString:
    return format_html("{} {}", said, chip(rule))


def _label(choices: Any, value: Any) -> str:
    return str(choices(value).label) if value in choices.values else str(value or "")


def class_word(value: Any) -> str:
    return _label(ComplaintClass, value)


def signals_line(signals: Any) -> str:
    """The signals in one line."""
    return pgettext("between the things of a list", ", ").join(_label(Signal, one) for one in signals or [])


def _registered(data: dict[str, Any]) -> SafeString:
    said = _("complaint %(number)s, %(class)s proposed") % {
        "number": data.get("complaint_number", ""),
        "class": class_word(data.get("complaint_class")),
    }
    signals = signals_line(data.get("signals"))
    return _ruled(f"{said} ({signals})" if signals else said, "R40")


def _reopened(data: dict[str, Any]) -> SafeString:
    said = _("complaint %(number)s opened again, cycle %(cycle)s, %(class)s") % {
        "number": data.get("complaint_number", ""),
        "cycle": data.get("cycle", ""),
        "class": class_word(data.get("complaint_class")),
    }
    return _ruled(said, "R41")


def _assigned(data: dict[str, Any]) -> SafeString:
    if "about" in data:
        names = pgettext("between the things of a list", ", ").join(data["about"]) or "–"
        return _ruled(_("said whom the complaint is about: %(names)s") % {"names": names}, "R48")
    words = {
        "owner": data.get("owner") or "–",
        "investigator": data.get("investigator") or "–",
        "team": data.get("team") or "–",
    }
    said = _("assigned: owner %(owner)s, investigation %(investigator)s, department %(team)s") % words
    return _ruled(said, "R44")


def _classed(data: dict[str, Any]) -> SafeString:
    before, after = data.get("before"), data.get("after")
    if before == after:
        return _ruled(_("decided on %(class)s") % {"class": class_word(after)}, "R41")
    said = _("class changed from %(before)s to %(after)s") % {"before": class_word(before), "after": class_word(after)}
    if data.get("asked_by"):
        said = f"{said} · {_('asked for by %(name)s') % {'name': data['asked_by']}}"
    return _ruled(said, "R41")


def _lowering(data: dict[str, Any]) -> SafeString:
    said = _("asks for %(class)s; a second person has to sign") % {"class": class_word(data.get("after"))}
    return _ruled(said, "R41")


def _acknowledged(data: dict[str, Any]) -> SafeString:
    until = parse_datetime(data.get("expected") or "")
    if until is None:
        return _ruled(_("reached the complainant"), "R40")
    said = _("reached the complainant, answer promised by %(time)s") % {"time": describe.moment(until)}
    return _ruled(said, "R47")


def _investigated(data: dict[str, Any]) -> SafeString:
    if not data.get("done"):
        return _ruled(_("investigates the complaint"), "R42")
    return _ruled(_("finding recorded, cause: %(cause)s") % {"cause": _label(Cause, data.get("cause"))}, "R42")


def _reported(data: dict[str, Any]) -> SafeString:
    if data.get("major"):
        return _ruled(_("reported the complaint to the manager"), "R45")
    return _ruled(_("reported the complaint to the supervisor"), "R43")


def _escalated(data: dict[str, Any]) -> SafeString:
    said = _("%(one)s and %(other)s disagree: the manager decides") % {
        "one": data.get("one") or "–",
        "other": data.get("other") or "–",
    }
    return _ruled(said, "R52")


def _ruling(data: dict[str, Any]) -> SafeString:
    if data.get("stands"):
        return _ruled(_("the decision stands"), "R45")
    return _ruled(_("ruling, responsible: %(team)s") % {"team": data.get("team") or "–"}, "R52")


def _decided(data: dict[str, Any]) -> SafeString:
    said = _("decided: %(verdict)s, remedy: %(remedy)s") % {
        "verdict": _label(Verdict, data.get("verdict")),
        "remedy": _label(Remedy, data.get("remedy")),
    }
    return _ruled(said, "R43")


def _called_back(data: dict[str, Any]) -> SafeString:
    return _ruled(
        _("called the complainant back: %(outcome)s") % {"outcome": _label(Outcome, data.get("outcome"))}, "R44"
    )
