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
