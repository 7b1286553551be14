"""How the timeline tells what follows a complaint: case studies, conduct, corrective action."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints.states_action import Discipline
from complaints.states_conduct import ConductState
from tickets import describe
from tickets.states import EventKind


def enter() -> None:
    """Enter the sentences; called once when the house starts."""
    describe.add(EventKind.CASE_STUDY_WRITTEN, "book", "indigo", _study, page=_page("case_study", "study"))
    describe.add(EventKind.ACTION_OPENED, "progress-alert", "orange", _opened, page=_page("action", "action"))
    describe.add(EventKind.ACTION_ADVANCED, "progress-check", "azure", _advanced, page=_page("action", "action"))
    describe.add(EventKind.ACTION_CHECKED, "zoom-check", "teal", _checked, page=_page("action", "action"))
    describe.add(EventKind.CONDUCT_PROPOSED, "hourglass", "orange", _proposed, page=_page("conduct_one", "violation"))
    describe.add(EventKind.CONDUCT_DECIDED, "gavel", "secondary", _decided, page=_page("conduct_one", "violation"))
    describe.add(EventKind.CONDUCT_APPEALED, "scale", "purple", _appealed, page=_page("conduct_one", "violation"))


def _page(name: str, key: str) -> Any:
    return lambda data: reverse(name, args=[int(data[key])]) if data.get(key) else ""


def _ruled(text: str, rule: str) -> SafeString:
    return format_html("{}{}", text, describe.rule_chip(rule))


def _study(data: dict[str, Any]) -> SafeString:
    readers = int(data.get("readers") or 0)
    number = data.get("number", "")
    if data.get("what") == "owed":
        told = _("case study %(number)s is owed until %(due)s") % {"number": number, "due": _moment(data.get("due"))}
    elif data.get("what") == "reminded":
        told = ngettext(
            "case study %(number)s: %(n)d person reminded to read it",
            "case study %(number)s: %(n)d people reminded to read it",
            readers,
        ) % {"number": number, "n": readers}
    else:
        told = ngettext(
            "case study %(number)s shared; %(n)d person is asked to read it",
            "case study %(number)s shared; %(n)d people are asked to read it",
            readers,
        ) % {"number": number, "n": readers}
    return _ruled(told, "R46")


def _opened(data: dict[str, Any]) -> SafeString:
    names = {"number": data.get("number", ""), "complaint": data.get("complaint", "")}
    if int(data.get("cycle") or 1) > 1:
        told = _("corrective action %(number)s opened again: complaint %(complaint)s returned") % names
        if not data.get("complaint"):
            told = _("corrective action %(number)s opened again: it did not help") % names
    else:
        told = _("corrective action %(number)s opened") % names
    return _ruled(told, "R49")


def _advanced(data: dict[str, Any]) -> SafeString:
    step = int(data.get("step") or 0)
    names = {
        "number": data.get("number", ""),
        "step": str(Discipline(step).label) if step in Discipline.values else "",
        "owner": data.get("owner", ""),
    }
    if data.get("owner"):
        told = _("corrective action %(number)s given to %(owner)s") % names
    elif data.get("corrected"):
        told = _("corrective action %(number)s: %(step)s corrected") % names
    else:
        told = _("corrective action %(number)s: %(step)s") % names
    return _ruled(told, "R49")


def _checked(data: dict[str, Any]) -> SafeString:
    names = {"number": data.get("number", ""), "days": data.get("days", "")}
    if data.get("effective"):
        told = _("corrective action %(number)s: effective after %(days)s days") % names
    else:
        told = _("corrective action %(number)s: not effective after %(days)s days") % names
    return _ruled(told, "R49")


# Of whom and of what stands on the page of the violation alone: a timeline is read by many (R75).
def _proposed(data: dict[str, Any]) -> SafeString:
    return _ruled(_("conduct violation proposed"), "R51")


def _decided(data: dict[str, Any]) -> SafeString:
    state = data.get("state", "")
    word = str(ConductState(state).label) if state in ConductState.values else ""
    return _ruled(_("conduct violation: %(state)s") % {"state": word}, "R51")


def _appealed(data: dict[str, Any]) -> SafeString:
    return _ruled(_("appeal against a conduct violation"), "R51")


def _moment(value: Any) -> str:
    time = parse_datetime(value) if isinstance(value, str) else value
    return describe.moment(time) if time else "–"
