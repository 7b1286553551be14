"""What the timeline says of appointments that are at risk, late, or not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.core.templatetags import rules as rule_tags
from aftersales.core.templatetags.ui import moment
from tickets.states import EventKind

# kind: (icon, colour)
LOOKS: dict[str, tuple[str, str]] = {
    EventKind.VISIT_AT_RISK: ("calendar-exclamation", "yellow"),
    EventKind.LATE_REQUESTED: ("calendar-x", "orange"),
    EventKind.LATE_REFUSED: ("ban", "secondary"),
    EventKind.RUNNING_LATE: ("clock-exclamation", "orange"),
    EventKind.CUSTOMER_TOLD: ("phone-check", "green"),
    EventKind.VISIT_CALLED: ("phone", "secondary"),
    EventKind.CUSTOMER_ABSENT: ("user-x", "yellow"),
    EventKind.CUSTOMER_PRESENT: ("user-check", "green"),
    EventKind.VISIT_GIVEN_UP: ("user-x", "orange"),
    EventKind.NO_SHOW: ("alert-octagon", "red"),
    EventKind.NO_SHOW_OPEN: ("help", "yellow"),
    EventKind.NO_SHOW_DECIDED: ("gavel", "azure"),
    EventKind.NO_SHOW_DISPUTED: ("message-exclamation", "orange"),
}
KINDS = [EventKind(kind) for kind in LOOKS]


def _rule(rule: str) -> SafeString:
    return format_html(" {}", rule_tags.chip(rule))


def _time(value: Any) -> str:
    found = parse_datetime(value) if isinstance(value, str) else value
    return moment(found) if found else "–"


def _listed(words: list[str]) -> str:
    return pgettext("between the things of a list", ", ").join(words)


def missing(data: dict[str, Any]) -> str:
    """What stands against a visit, in the reader's language where it is known."""
    known = {
        "technician": _("the technician is not available then"),
        "window": _("the customer has not confirmed the time"),
    }
    return _listed([known.get(one.get("name", ""), one.get("words", "")) for one in data.get("missing", [])])


def _at_risk(data: dict[str, Any]) -> SafeString:
    words = {"start": _time(data.get("start")), "missing": missing(data), "cut_off": _time(data.get("cut_off"))}
    if data.get("over"):
        told = _("the visit of %(start)s is not safe: %(missing)s; calling it off now breaks a promise") % words
    else:
        told = _("the visit of %(start)s is not safe: %(missing)s; it can be called off until %(cut_off)s") % words
    return format_html("{}{}", told, _rule("R24"))


def _asked(data: dict[str, Any]) -> SafeString:
    if data.get("asked") == "move":
        told = _("asks the supervisor to move the visit, too late for the notice: %(technician)s, %(start)s") % {
            "technician": data.get("technician", ""),
            "start": _time(data.get("start")),
        }
    else:
        told = _("asks the supervisor to call the visit off, too late for the notice")
    told = " · ".join((told, _("apology: %(apology)s") % {"apology": data.get("apology", "")}))
    return format_html("{}{}", told, _rule("R24"))


def _refused(_data: dict[str, Any]) -> SafeString:
    return format_html("{}{}", _("refused: the visit stays as it was promised"), _rule("R24"))


def _runs_late(data: dict[str, Any]) -> SafeString:
    minutes = int(data.get("minutes", 0))
    told = ngettext(
        "%(technician)s runs %(minutes)d minute late, expected %(time)s",
        "%(technician)s runs %(minutes)d minutes late, expected %(time)s",
        minutes,
    ) % {"technician": data.get("technician", ""), "minutes": minutes, "time": _time(data.get("expected"))}
    return format_html("{}{}", told, _rule("R23"))


def _told(data: dict[str, Any]) -> SafeString | str:
    about = {
        "running_late": _("the technician comes later"),
        "called_off": _("the visit is called off"),
        "moved": _("the visit is moved"),
        "no_show": _("nobody came: an apology and a new time"),
        "given_up": _("nobody was there: a new appointment is offered"),
    }
    how = {
        "phone": _("by telephone"),
        "sms": _("by text message"),
        "wechat": _("by WeChat"),
        "in_person": _("in person"),
    }
    what = _listed([about.get(str(one), str(one)) for one in data.get("about", [])])
    told = _("told the customer %(how)s: %(what)s") % {"how": how.get(data.get("how", ""), ""), "what": what}
    if data.get("in_time") is False:
        return format_html("{} · <strong>{}</strong>{}", told, _("too late"), _rule(data.get("rule", "R23")))
    if data.get("in_time"):
        return format_html("{} · {}{}", told, _("in time"), _rule(data.get("rule", "R23")))
    return told


def _called(data: dict[str, Any]) -> str:
    return _("called from the door, reached") if data.get("reached") else _("called from the door, not reached")


def _absent(_data: dict[str, Any]) -> SafeString:
    return format_html("{}{}", _("nobody there at the customer's"), _rule("R25"))


def _tried(data: dict[str, Any]) -> str:
    calls = (data.get("evidence") or {}).get("calls", [])
    failed = sum(1 for call in calls if not call.get("reached"))
    return ngettext("%(count)d call not answered", "%(count)d calls not answered", failed) % {"count": failed}


def _given_up(data: dict[str, Any]) -> SafeString:
    told = _("the customer was absent and not reachable for half an hour: the visit counts as given up")
    return format_html("{} · {}{}", told, _tried(data), _rule("R25"))


def _no_show(data: dict[str, Any]) -> SafeString:
    told = _("half an hour after the agreed time (%(agreed)s) nobody of ours was there: %(technician)s") % {
        "agreed": _time((data.get("evidence") or {}).get("agreed")),
        "technician": data.get("technician", ""),
    }
    return format_html("<strong>{}</strong>{}", told, _rule("R25"))


def _to_decide(data: dict[str, Any]) -> SafeString:
    why = {
        "no_attempt": _("the customer was absent, but nobody called in vain"),
        "contact": _("the customer was absent, but could be reached"),
    }.get(data.get("why", ""), "")
    told = _("%(why)s: a person decides until %(time)s") % {"why": why, "time": _time(data.get("decide_by"))}
    return format_html("{}{}", told, _rule("R25"))


def _decided(data: dict[str, Any]) -> SafeString:
    words = {
        "customer": _("decided: the customer gave the visit up"),
        "company": _("decided: we were not there"),
        "nobody": _("decided: the visit took place"),
    }
    return format_html("{}{}", words.get(data.get("fault", ""), _("decided")), _rule("R25"))


def _disputed(_data: dict[str, Any]) -> SafeString:
    told = _("disputes it; the supervisor decides anew who did not keep the appointment")
    return format_html("{}{}", told, _rule("R25"))


TELLERS: dict[str, Callable[[dict[str, Any]], SafeString | str]] = {
    EventKind.VISIT_AT_RISK: _at_risk,
    EventKind.LATE_REQUESTED: _asked,
    EventKind.LATE_REFUSED: _refused,
    EventKind.RUNNING_LATE: _runs_late,
    EventKind.CUSTOMER_TOLD: _told,
    EventKind.VISIT_CALLED: _called,
    EventKind.CUSTOMER_ABSENT: _absent,
    EventKind.CUSTOMER_PRESENT: lambda _data: _("the customer is there"),
    EventKind.VISIT_GIVEN_UP: _given_up,
    EventKind.NO_SHOW: _no_show,
    EventKind.NO_SHOW_OPEN: _to_decide,
    EventKind.NO_SHOW_DECIDED: _decided,
    EventKind.NO_SHOW_DISPUTED: _disputed,
}
