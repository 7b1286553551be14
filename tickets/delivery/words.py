"""What a message says, in its reader's language; no more than they need to know where to look (R75).

A message passes through other houses: it names the ticket and its problem, never a customer or a telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from aftersales.accounts.models import User
from aftersales.core import phones, rules
from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line
from tickets import describe
from tickets.delivery.adapters import Message, Never
from tickets.models import Event, Notice
from tickets.states import EventKind

MOST_LINES = 50  # of a digest
_LONG_NUMBER = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")  # seven digits and more may be a telephone number


@dataclass(frozen=True)
class Line:
    """One notice as a message tells it; `rule` is an id or "", `due` is of a promise."""

    number: str
    summary: str
    what: str
    rule: str
    rule_text: str
    at: datetime
    due: datetime | None
    urgent: bool


def compose(key: str, notices: Sequence[Notice], *, to: User, channel: str) -> Message:
    """Write the message that tells these notices, one or a digest. Raises Never when there is nobody to reach."""
    address = address_of(to, channel)
    with translation.override(to.language or settings.LANGUAGE_CODE):
        ordered = sorted(notices, key=lambda notice: (not notice.urgent, -notice.pk))
        lines = [_line(notice) for notice in ordered[:MOST_LINES]]
        if len(lines) == 1:
            (line,) = lines
            subject, template = f"[{line.number}] {line.what}", "notices/message.txt"
            link = _link(reverse("ticket", args=[line.number]))
        else:
            subject, template = _digest_subject(ordered), "notices/digest.txt"
            link = _link(reverse("inbox"))
        context = {"lines": lines, "more": len(ordered) - len(lines), "subject": subject, "link": link}
        text = render_to_string(template, {**context, "company": settings.COMPANY})
    return Message(key, address, clean_line(subject), text.strip() + "\n", link)


def address_of(user: User, channel: str) -> str:
    """Where the channel reaches the person. Raises Never with a reason that can be translated."""
    if not user.is_active:
        raise Never(gettext_noop("The person has left."))
    if channel == Notice.Channel.EMAIL and user.email:
        return user.email
    if channel == Notice.Channel.WECHAT and user.wechat:
        return user.wechat
    if channel == Notice.Channel.SMS and user.phone:
        try:
            return phones.parse(user.phone).e164
        except Invalid as error:
            raise Never(gettext_noop("What is entered as the person's telephone is no telephone number.")) from error
    raise Never(gettext_noop("The person has no address for this channel."))


def _line(notice: Notice) -> Line:
    event, ticket = notice.event, notice.ticket
    what, rule = describe.plain(event)
    who = describe.who(event)
    return Line(
        number=ticket.number,
        summary=_without_numbers(ticket.summary),
        what=_without_numbers(f"{who}: {what}" if who else what),
        rule=rule,
        rule_text=rules.text(rule) if rule else "",
        at=event.at,
        due=_due(event),
        urgent=notice.urgent,
    )


def _due(event: Event) -> datetime | None:
    """When the promise fell or falls due; a broken one is dated so."""
    if event.kind == EventKind.BREACHED:
        return event.at
    due = event.data.get("due")
    return parse_datetime(due) if isinstance(due, str) else None


def _digest_subject(notices: Sequence[Notice]) -> str:
    count, urgent = len(notices), sum(notice.urgent for notice in notices)
    told = ngettext("%(count)d notice", "%(count)d notices", count) % {"count": count}
    return _("%(notices)s, %(urgent)d urgent") % {"notices": told, "urgent": urgent} if urgent else told


def _without_numbers(text: str) -> str:
    return _LONG_NUMBER.sub("…", clean_line(text))


def _link(path: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}" if settings.PUBLIC_URL else ""
