"""How the timeline tells of consent, warranty, findings, repair plan and major failure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from aftersales.accounts.named import best_name
from tickets import describe
from tickets.describe import rule_chip
from tickets.states import EventKind
from visits.states_warranty import Outcome


def enter() -> None:
    """Enter them; called once when the house starts."""
    describe.add(EventKind.CONSENTED, "heart-handshake", "green", _consented)
    describe.add(EventKind.FOUND, "search", "purple", _found)
    describe.add(EventKind.FINDING_DROPPED, "x", "secondary", _dropped)
    describe.add(EventKind.PLAN_PROPOSED, "list-check", "azure", _proposed)
    describe.add(EventKind.PLAN_CONFIRMED, "check", "green", _confirmed)
    describe.add(EventKind.PLAN_DISPUTED, "hand-stop", "red", _disputed)
    describe.add(EventKind.PLAN_DECIDED, "tool", "indigo", _plan_decided)
    describe.add(EventKind.REPEAT_RECOGNISED, "repeat", "orange", _repeat)
    describe.add(EventKind.FAILURE_REPORTED, "alert-octagon", "red", _failure_reported)
    describe.add(EventKind.FAILURE_ANALYSED, "search", "azure", _failure_analysed)
    describe.add(EventKind.WARRANTY_DECIDED, "shield-check", "indigo", _decided)
    describe.add(EventKind.WARRANTY_APPROVED, "shield-check", "green", _approved)


def _with_rule(text: str, rule: str) -> SafeString:
    return format_html("{}{}", text, rule_chip(rule))


def _outcome(data: dict[str, Any]) -> str:
    word = data.get("verdict", "")
    return str(Outcome(word).label) if word in Outcome else str(word)


def _decided(data: dict[str, Any]) -> SafeString:
    if not data.get("differs"):
        return _with_rule(_("decided the warranty: %(verdict)s") % {"verdict": _outcome(data)}, "R11")
    if data.get("approver"):
        text = _("decided the warranty other than the terms say: %(verdict)s; %(name)s is asked to approve it") % {
            "verdict": _outcome(data),
            "name": data["approver"],
        }
    else:
        text = _("decided the warranty other than the terms say: %(verdict)s; a leader is asked to approve it") % {
            "verdict": _outcome(data)
        }
    return _with_rule(text, "R11")


def _approved(data: dict[str, Any]) -> SafeString:
    if data.get("approved"):
        return _with_rule(_("approved the warranty verdict: %(verdict)s") % {"verdict": _outcome(data)}, "R11")
    return _with_rule(
        _("did not approve the verdict; the terms hold: %(verdict)s") % {"verdict": _outcome(data)}, "R11"
    )


def _consented(data: dict[str, Any]) -> SafeString:
    text = _("the customer agrees to the work") if data.get("agreed") else _("the customer does not agree to the work")
    if not data.get("matches"):
        text = _("%(answer)s; countersigned by %(name)s what does not match") % {
            "answer": text,
            "name": data.get("signer", ""),
        }
    return _with_rule(text, "R27")


def _found(data: dict[str, Any]) -> str:
    return _("found: %(code)s") % {"code": _fault(data)}


def _dropped(data: dict[str, Any]) -> str:
    return _("took the finding back: %(code)s") % {"code": _fault(data)}


def _fault(data: dict[str, Any]) -> str:
    names = data.get("names")
    return best_name(SimpleNamespace(**names)) if names else str(data.get("code", ""))


def _proposed(data: dict[str, Any]) -> SafeString:
    if data.get("estimate"):
        return _with_rule(_("proposed a repair plan, about %(amount)s") % {"amount": data["estimate"]}, "R30")
    return _with_rule(_("proposed a repair plan"), "R30")


def _confirmed(data: dict[str, Any]) -> SafeString:
    return _with_rule(_("the repair plan is confirmed by %(name)s") % {"name": data.get("name", "")}, "R30")


def _disputed(data: dict[str, Any]) -> SafeString:
    return _with_rule(_("the customer disagrees with the repair plan; the technical department is asked"), "R30")


def _plan_decided(data: dict[str, Any]) -> SafeString:
    text = _("keeps the repair plan") if data.get("kept") else _("changed the repair plan")
    return _with_rule(text, "R30")


def _repeat(data: dict[str, Any]) -> SafeString:
    if not data.get("repeat"):
        return _with_rule(_("no repeat repair after all: another fault was found"), "R17")
    text = _("repeat repair: the visit %(order)s was %(days)s days ago") % {
        "order": data.get("order", ""),
        "days": data.get("days", "–"),
    }
    return _with_rule(text, "R17")


def _failure_reported(data: dict[str, Any]) -> SafeString:
    text = _("reported a major failure (%(number)s): %(place)s") % {
        "number": data.get("number", ""),
        "place": data.get("place", ""),
    }
    return _with_rule(text, "R34")


def _failure_analysed(data: dict[str, Any]) -> SafeString:
    if data.get("complete"):
        return _with_rule(_("analysed the major failure %(number)s") % {"number": data.get("number", "")}, "R34")
    text = _("asked %(name)s to analyse the major failure %(number)s") % {
        "name": data.get("owner", ""),
        "number": data.get("number", ""),
    }
    return _with_rule(text, "R34")
