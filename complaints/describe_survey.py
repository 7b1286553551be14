"""How a survey is told on the timeline: that it was offered and answered; never what was answered."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from aftersales.core.templatetags.rules import chip
from complaints.states_survey import How
from tickets import describe
from tickets.states import EventKind


def enter() -> None:
    """Enter them; called once when the house starts."""
    describe.add(EventKind.SURVEY_OFFERED, "mail-question", "azure", _offered)
    describe.add(EventKind.SURVEY_ANSWERED, "message-check", "teal", _answered)


def _offered(data: dict[str, Any]) -> SafeString | str:
    told = _("survey offered by e-mail") if data.get("mailed") else _("survey offered")
    return format_html("{} {}", told, chip("R32"))


def _answered(data: dict[str, Any]) -> SafeString | str:
    how = data.get("how", "")
    told = _("survey answered %(how)s") % {"how": How(how).label} if how in How.values else _("survey answered")
    return format_html("{} {}", told, chip("R63"))
