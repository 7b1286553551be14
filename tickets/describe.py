"""What the timeline says: each event as one translated sentence, with its icon, its people and its door."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.accounts.actors import Door
from aftersales.core.templatetags import rules as rule_tags
from aftersales.core.templatetags.ui import moment as short_moment
from aftersales.customers.models import Customer
from tickets import describe_visits
from tickets.models import COLLECTION_NOTICES, Event, Ticket
from tickets.sla.states import Target
from tickets.states import Channel, EventKind, Grade, Kind, State, WaitingFor

NOTICED_LATE = timedelta(minutes=1)  # a promise is broken when it falls due; later notice is worth a word
_CHIP = '<span class="badge'  # where the mark of a rule begins, always last in a sentence
SHORT_NOTE = 120  # characters; a longer note, or one of several lines, stands below the sentence


@dataclass(frozen=True)
class Entry:
    """One line of the timeline, as templates/partials/timeline_entry.html takes it."""

    at: datetime
    who: str
    icon: str
    colour: str
    text: SafeString | str
    detail: SafeString | str
    door: str
    kind: str = ""
    url: str = ""  # of the page that a notice of it leads to, where that is not the ticket's


# kind: (icon, colour)
_LOOKS: dict[str, tuple[str, str]] = {
    EventKind.REGISTERED: ("phone-incoming", "blue"),
    EventKind.EDITED: ("edit", "secondary"),
    EventKind.NOTED: ("note", "secondary"),
    EventKind.CONTACTED: ("phone-check", "green"),
    EventKind.CONTACT_FAILED: ("phone-x", "yellow"),
    EventKind.SALES_REPLIED: ("message-reply", "green"),
    EventKind.STOCK_ANSWERED: ("package", "green"),
    EventKind.REPAIR_POSTPONED: ("calendar-time", "orange"),
    EventKind.GOODS_READY: ("package", "teal"),
    EventKind.COLLECTION_NOTIFIED: ("bell-ringing", "azure"),
    EventKind.COLLECTED: ("package-export", "green"),
    EventKind.POSTED_BACK: ("truck-delivery", "orange"),
    EventKind.HANDED_OVER: ("user-share", "azure"),
    EventKind.ACCEPTED: ("user-check", "azure"),
    EventKind.DECLINED: ("user-x", "orange"),
    EventKind.TAKEN: ("user-check", "azure"),
    EventKind.GRADED: ("adjustments-horizontal", "secondary"),
    EventKind.DISPATCH_APPROVED: ("signature", "indigo"),
    EventKind.VISIT_PLANNED: ("calendar-plus", "indigo"),
    EventKind.VISIT_MOVED: ("calendar-time", "indigo"),
    EventKind.VISIT_CANCELLED: ("calendar-event", "orange"),
    EventKind.VISIT_CONFIRMED: ("calendar-check", "green"),
    EventKind.WINDOWS_WISHED: ("heart-handshake", "azure"),
    EventKind.LINK_GIVEN: ("link", "secondary"),
    EventKind.LINK_REVOKED: ("link-off", "orange"),
    EventKind.EN_ROUTE: ("car", "purple"),
    **describe_visits.LOOKS,
    EventKind.CHECKED_IN: ("map-pin", "purple"),
    EventKind.VISIT_COMPLETED: ("clipboard-check", "teal"),
    EventKind.VISIT_NOT_SOLVED: ("alert-triangle", "orange"),
    EventKind.PHONE_CONFLICT: ("cloud-off", "red"),
    EventKind.SHEET_READY: ("file-type-pdf", "secondary"),
    EventKind.SHEET_CORRECTED: ("edit", "orange"),
    EventKind.WAITED: ("player-pause", "yellow"),
    EventKind.RESUMED: ("player-play", "azure"),
    EventKind.WOKEN: ("alarm", "yellow"),
    EventKind.RESOLVED: ("check", "teal"),
    EventKind.CLOSED: ("lock", "green"),
    EventKind.REOPENED: ("refresh", "orange"),
    EventKind.REFUSED: ("ban", "secondary"),
    EventKind.CANCELLED: ("x", "secondary"),
    EventKind.MERGED: ("users", "secondary"),
    EventKind.WARNED: ("clock-exclamation", "yellow"),
    EventKind.BREACHED: ("alert-octagon", "red"),
    EventKind.ESCALATED: ("stairs-up", "red"),
    EventKind.ACKNOWLEDGED: ("hand-stop", "azure"),
    EventKind.REJUDGED: ("clock-edit", "secondary"),
    EventKind.CALLBACK_OWED: ("phone-call", "azure"),
    EventKind.CALLBACK_ATTEMPTED: ("phone-x", "yellow"),
    EventKind.CALLBACK_REACHED: ("phone-check", "green"),
}

_BY_ITSELF = (
    EventKind.WARNED,
    EventKind.BREACHED,
    EventKind.ESCALATED,
    EventKind.WOKEN,
    EventKind.SHEET_READY,
    EventKind.VISIT_AT_RISK,
    EventKind.NO_SHOW,
    EventKind.NO_SHOW_OPEN,
)  # nobody did it: naming one only distracts

# The filters of the timeline: which kinds each shows.
CONTACTS = [
    EventKind.REGISTERED,
    EventKind.CONTACTED,
    EventKind.CONTACT_FAILED,
    EventKind.SALES_REPLIED,
    EventKind.STOCK_ANSWERED,
    EventKind.REPAIR_POSTPONED,
    EventKind.GOODS_READY,
    EventKind.COLLECTION_NOTIFIED,
    EventKind.NOTED,
    EventKind.CUSTOMER_TOLD,
    EventKind.VISIT_CALLED,
    EventKind.CALLBACK_ATTEMPTED,
    EventKind.CALLBACK_REACHED,
    EventKind.ANSWER_PROMISED,
    EventKind.ANSWER_GIVEN,
    EventKind.LETTER_SENT,
]
PROMISES = [
    EventKind.REGISTERED,
    EventKind.WARNED,
    EventKind.BREACHED,
    EventKind.ESCALATED,
    EventKind.ACKNOWLEDGED,
    EventKind.REJUDGED,
    EventKind.CONTACTED,
    EventKind.SALES_REPLIED,
    EventKind.STOCK_ANSWERED,
    EventKind.REPAIR_POSTPONED,
    EventKind.GOODS_READY,
    EventKind.COLLECTION_NOTIFIED,
    EventKind.COLLECTED,
    EventKind.POSTED_BACK,
    EventKind.CHECKED_IN,
    *describe_visits.KINDS,
    EventKind.GRADED,
    EventKind.WAITED,
    EventKind.RESUMED,
    EventKind.WOKEN,
    EventKind.REOPENED,
    EventKind.CALLBACK_OWED,
    EventKind.CALLBACK_REACHED,
]


def add(
    kind: EventKind,
    icon: str,
    colour: str,
    teller: _Teller,
    *,
    page: Callable[[dict[str, Any]], str] | None = None,
) -> None:
    """Enter how an upper floor tells one of its events, and its page if that is not the ticket's; at the start."""
    _LOOKS[kind] = (icon, colour)
    _TELLERS[kind] = teller
    if page is not None:
        _PAGES[kind] = page


def rule_chip(rule: str) -> SafeString:
    """The mark of a rule, as the last word of a sentence."""
    return _rule(rule)


def entry(event: Event) -> Entry:
    """Tell one event; `event.user` and `event.partner` should be loaded."""
    icon, colour = _LOOKS.get(event.kind, ("point-filled", "secondary"))
    teller = _TELLERS.get(event.kind)
    text = teller(event.data) if teller else _known(event.kind)
    note = str(event.data.get("note") or "")
    short = bool(note) and len(note) <= SHORT_NOTE and "\n" not in note
    if short:
        text = format_html("{}: {}", text, note)
    if event.kind == EventKind.BREACHED and event.recorded_at - event.at > NOTICED_LATE:
        text = format_html("{} · {}", text, _("noticed %(time)s") % {"time": moment(event.recorded_at)})
    if event.to_state:
        text = format_html("{} {}", text, _state(event.to_state))
    detail = _edited(event.data) if event.kind == EventKind.EDITED else ("" if short else note)
    page = _PAGES.get(event.kind)
    url = page(event.data) if page else ""
    return Entry(event.at, who(event), icon, colour, text, detail, _door(event.door), event.kind, url)


def plain(event: Event) -> tuple[str, str]:
    """The event in words without markup, for a message that leaves the house, and the rule that it names or ""."""
    teller = _TELLERS.get(event.kind)
    told = teller(event.data) if teller else _known(event.kind)
    if not isinstance(told, SafeString):
        return told, ""
    words, _chip, chip = told.partition(_CHIP)
    rule = re.search(r'title="(R\d\d)', chip)
    return unescape(strip_tags(words)).strip(), rule[1] if rule else ""


def who(event: Event) -> str:
    """Who did it; "" for what came by itself."""
    if event.user is not None:
        return event.user.name
    if event.partner is not None:
        return event.partner.name
    if event.door == Door.LINK:
        return _("the customer")
    return "" if event.kind in _BY_ITSELF else _("the system")


def moment(value: datetime) -> str:
    """A local time, short."""
    return short_moment(value)


def window(start: Any, end: Any) -> str:
    """An appointment's window: "22 Nov 14:00–16:00"."""
    start, end = _parsed(start), _parsed(end)
    if start is None:
        return ""
    return f"{short_moment(start)}–{short_moment(end, start)}" if end else short_moment(start)


def _known(kind: str) -> str:
    return str(EventKind(kind).label) if kind in EventKind else kind


def _door(door: str) -> str:
    """The door; the page is the usual one and the sentence stays short without it."""
    return "" if door in (Door.PAGE, Door.SYSTEM) else _("through the %(door)s") % {"door": Door(door).label}


def _parsed(value: Any) -> datetime | None:
    return parse_datetime(value) if isinstance(value, str) else value


def _state(value: str) -> SafeString:
    state = State(value)
    return format_html('<span class="badge bg-{}-lt">{}</span>', state.colour, state.label)


def _rule(rule: str) -> SafeString:
    return format_html(" {}", rule_tags.chip(rule)) if rule else mark_safe("")


def _registered(data: dict[str, Any]) -> str:
    channel = data.get("channel", "")
    by = str(Channel(channel).label) if channel in Channel else ""
    clocks = [str(Target(target).label) for target in data.get("clocks", []) if target in Target]
    promises = ngettext("%(count)d promise started: %(names)s", "%(count)d promises started: %(names)s", len(clocks))
    told = _("registered (%(channel)s)") % {"channel": by} if by else _("registered")
    names = pgettext("between the things of a list", ", ").join(clocks)
    return f"{told} · {promises % {'count': len(clocks), 'names': names}}" if clocks else told


def _handed_over(data: dict[str, Any]) -> str:
    return _("offered it to %(name)s") % {"name": data.get("to_name", "")}


def _graded(data: dict[str, Any]) -> str:
    def label(value: Any) -> str:
        return str(Grade(value).label) if value in Grade.values else str(value)

    return _("changed the grade: %(before)s → %(after)s") % {
        "before": label(data.get("before")),
        "after": label(data.get("after")),
    }


def _planned(data: dict[str, Any]) -> SafeString | str:
    text = _("planned a visit: %(technician)s, %(window)s") % {
        "technician": data.get("technician", ""),
        "window": window(data.get("start"), data.get("end")),
    }
    if data.get("order"):
        text = f"{text} ({data['order']})"
    if data.get("prepare"):
        text = " · ".join((text, _("the customer prepares: %(list)s") % {"list": data["prepare"]}))
    return _remarks(text, data)


def _moved(data: dict[str, Any]) -> SafeString | str:
    before = data.get("before") or {}
    text = _("moved the visit: %(technician)s, %(window)s; before: %(before)s") % {
        "technician": data.get("technician", ""),
        "window": window(data.get("start"), data.get("end")),
        "before": f"{before.get('technician', '')} {window(before.get('start'), before.get('end'))}".strip(),
    }
    return _remarks(text, data)


def _remarks(text: str, data: dict[str, Any]) -> SafeString | str:
    if data.get("late"):
        return _late(text, data)
    if data.get("customer_wish"):
        text = " · ".join((text, _("as the customer wishes")))
    if data.get("override_reason"):
        text = " · ".join((text, _("booked all the same: %(reason)s") % {"reason": data["override_reason"]}))
    if data.get("lacks_skill"):
        return format_html("{} · <strong>{}</strong>", text, _("without the skill that the product asks for"))
    return text


def _confirmed(data: dict[str, Any]) -> SafeString:
    told = _("confirmed the visit: %(window)s") % {"window": window(data.get("start"), data.get("end"))}
    return format_html("{}{}", told, _rule("R05"))


def _wished(data: dict[str, Any]) -> str:
    told = (window(one.get("start"), one.get("end")) for one in data.get("windows", []))
    return _("wishes these times: %(windows)s") % {"windows": pgettext("between the things of a list", ", ").join(told)}


def _link_given(data: dict[str, Any]) -> str:
    if data.get("mailed"):
        return _("gave the customer a link to the visit, and sent it by e-mail")
    return _("gave the customer a link to the visit")


def _late(text: str, data: dict[str, Any]) -> SafeString | str:
    """Called off or moved: by the customer's wish, or so late that the promise is broken (R24)."""
    if data.get("late"):
        told = _("less than the promised notice before; apology: %(apology)s") % {"apology": data.get("apology", "")}
        return format_html("{} · <strong>{}</strong>{}", text, told, _rule("R24"))
    return " · ".join((text, _("as the customer wishes"))) if data.get("customer_wish") else text


def _travels(data: dict[str, Any]) -> str:
    return _("on the way: %(technician)s") % {"technician": data.get("technician", "")}


def _arrived(data: dict[str, Any]) -> str:
    return _("on site: %(technician)s") % {"technician": data.get("technician", "")}


def _called(data: dict[str, Any]) -> str:
    told = _("called, reached")
    return " · ".join((told, _("problem and time confirmed"))) if data.get("confirmed") else told


def _waited(data: dict[str, Any]) -> str:
    reason = data.get("waiting_for", "")
    what = str(WaitingFor(reason).label) if reason in WaitingFor else reason
    until = _parsed(data.get("until"))
    return _("waits for %(what)s until %(time)s") % {"what": what, "time": moment(until) if until else "–"}


def _sales_replied(data: dict[str, Any]) -> SafeString:
    return format_html("{}{}", _("answered %(name)s of sales") % {"name": data.get("to", "")}, _rule("R04"))


def _stock_answered(data: dict[str, Any]) -> SafeString:
    told = _("told the customer: arrived") if data.get("arrived") else _("told the customer: not arrived yet")
    return format_html("{}{}", told, _rule("R16"))


def _postponed(data: dict[str, Any]) -> SafeString:
    before, until = _parsed(data.get("before")), _parsed(data.get("until"))
    text = _("postponed the repair to %(until)s, before: %(before)s; the customer was told") % {
        "until": moment(until) if until else "–",
        "before": moment(before) if before else "–",
    }
    if data.get("late"):
        return format_html("{}, <strong>{}</strong>{}", text, _("too late"), _rule("R13"))
    return format_html("{}{}", text, _rule("R13"))


def _notice_given(data: dict[str, Any]) -> SafeString:
    """The first notice, or one of those that follow."""
    reached = _("reached") if data.get("reached") else _("not reached")
    number = data.get("number", 1)
    if number == 1:
        text = _("goods ready for collection; customer told: %(reached)s") % {"reached": reached}
    else:
        text = _("collection notice %(number)s of %(all)s: %(reached)s") % {
            "number": number,
            "all": COLLECTION_NOTICES,
            "reached": reached,
        }
    return format_html("{}{}", text, _rule("R14"))


def _breached(data: dict[str, Any]) -> SafeString:
    return format_html(
        "<strong>{}</strong>{}", _("promise “%(name)s” broken") % {"name": _target(data)}, _rule(data.get("rule", ""))
    )


def _warned(data: dict[str, Any]) -> SafeString:
    due = _parsed(data.get("due"))
    told = _("promise “%(name)s” is due %(time)s") % {"name": _target(data), "time": moment(due) if due else "–"}
    return format_html("{}{}", told, _rule(data.get("rule", "")))


def _escalated(data: dict[str, Any]) -> SafeString:
    told = _("promise “%(name)s” is broken and nobody has answered") % {"name": _target(data)}
    return format_html("<strong>{}</strong>{}", told, _rule(data.get("rule", "")))


def _acknowledged(data: dict[str, Any]) -> str:
    return _("takes care of the broken promise “%(name)s”") % {"name": _target(data)}


def _rejudged(data: dict[str, Any]) -> str:
    names = pgettext("between the things of a list", ", ").join(
        _target({"target": target}) for target in data.get("targets", [])
    )
    if "calendar" in data:
        return _("promises counted by the changed calendar: %(names)s") % {"names": names}
    return _("promises judged by the changed policy: %(names)s") % {"names": names}


def _target(data: dict[str, Any]) -> str:
    target = data.get("target", "")
    return str(Target(target).label) if target in Target else target


def _owed(data: dict[str, Any]) -> SafeString:
    opens, due = _parsed(data.get("opens")), _parsed(data.get("due"))
    text = _("a callback is owed from %(opens)s to %(due)s") % {
        "opens": moment(opens) if opens else "–",
        "due": moment(due) if due else "–",
    }
    return format_html("{}{}", text, _rule("R60"))


def _outcome(data: dict[str, Any]) -> str:
    words = {
        "satisfied": _("reached, satisfied"),
        "not_satisfied": _("reached, not satisfied"),
        "not_reached": _("not reached"),
        "wrong_number": _("wrong number"),
    }
    outcome = data.get("outcome", "")
    return _("called back: %(outcome)s") % {"outcome": words.get(outcome, outcome)}


def _field(name: str) -> str:
    for model in (Ticket, Customer):  # a promise may follow what the customer's file says
        try:
            return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        except FieldDoesNotExist:
            continue
    return name


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "kind" and value in Kind:
        return str(Kind(value).label)
    return str(value) if value not in ("", None) else "–"


def _edited(data: dict[str, Any]) -> SafeString | str:
    """What stood there before stays readable (R71)."""
    before, after = data.get("before"), data.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    rows = (
        (_field(name), _cut(_value(name, old)), _cut(_value(name, after.get(name)))) for name, old in before.items()
    )
    return format_html_join("\n", "{}: <del>{}</del> → {}", rows)


def _sheet_made(data: dict[str, Any]) -> str:
    installation = data.get("paper") == "installation"
    if int(data.get("version") or 1) > 1:
        said = (
            _("installation sheet made, version %(version)d")
            if installation
            else _("service sheet made, version %(version)d")
        )
        return said % {"version": int(data["version"])}
    return _("installation sheet made") if installation else _("service sheet made")


def _sheet_corrected(data: dict[str, Any]) -> SafeString | str:
    version = int(data.get("version") or 0)
    if not version:
        return _("corrected the report")
    said = _("corrected the report: version %(version)d of the service sheet") % {"version": version}
    return format_html("{}{}", said, _rule("R71"))


def _cut(text: str) -> str:
    return text if len(text) <= 400 else text[:400] + "…"


_Teller = Callable[[dict[str, Any]], "SafeString | str"]
_PAGES: dict[str, Callable[[dict[str, Any]], str]] = {}  # entered by upper floors
_TELLERS: dict[str, _Teller] = {
    EventKind.REGISTERED: _registered,
    EventKind.EDITED: lambda _data: _("corrected"),
    EventKind.NOTED: lambda _data: _("noted"),
    EventKind.CONTACTED: _called,
    EventKind.CONTACT_FAILED: lambda _data: _("called, not reached"),
    EventKind.SALES_REPLIED: _sales_replied,
    EventKind.STOCK_ANSWERED: _stock_answered,
    EventKind.REPAIR_POSTPONED: _postponed,
    EventKind.GOODS_READY: _notice_given,
    EventKind.COLLECTION_NOTIFIED: _notice_given,
    EventKind.COLLECTED: lambda _data: _("handed the goods out"),
    EventKind.POSTED_BACK: lambda _data: format_html("{}{}", _("posted the goods back"), _rule("R14")),
    EventKind.HANDED_OVER: _handed_over,
    EventKind.ACCEPTED: lambda _data: _("accepted it"),
    EventKind.DECLINED: lambda _data: _("declined it"),
    EventKind.TAKEN: lambda _data: _("took it"),
    EventKind.GRADED: _graded,
    EventKind.DISPATCH_APPROVED: lambda _data: format_html("{}{}", _("signed the dispatch order"), _rule("R20")),
    EventKind.CONTRACTOR_APPROVED: lambda _data: format_html("{}{}", _("approved an outside contractor"), _rule("R33")),
    EventKind.VISIT_PLANNED: _planned,
    EventKind.VISIT_MOVED: _moved,
    EventKind.VISIT_CANCELLED: lambda data: _late(_("called the visit off"), data),
    EventKind.VISIT_CONFIRMED: _confirmed,
    EventKind.WINDOWS_WISHED: _wished,
    EventKind.LINK_GIVEN: _link_given,
    EventKind.LINK_REVOKED: lambda _data: _("revoked the customer's link"),
    EventKind.EN_ROUTE: _travels,
    **describe_visits.TELLERS,
    EventKind.CHECKED_IN: _arrived,
    EventKind.VISIT_COMPLETED: lambda _data: _("visit done, solved"),
    EventKind.VISIT_NOT_SOLVED: lambda _data: _("visit done, not solved"),
    EventKind.PHONE_CONFLICT: lambda data: format_html(
        _("did something without a network that cannot be entered: {}"), data.get("said", "")
    ),
    EventKind.SHEET_READY: _sheet_made,
    EventKind.SHEET_CORRECTED: _sheet_corrected,
    EventKind.WAITED: _waited,
    EventKind.RESUMED: lambda _data: _("ended the waiting"),
    EventKind.WOKEN: lambda _data: _("the waiting time is over"),
    EventKind.RESOLVED: lambda _data: _("resolved it"),
    EventKind.CLOSED: lambda _data: _("closed it"),
    EventKind.REOPENED: lambda _data: _("opened it again"),
    EventKind.REFUSED: lambda _data: _("refused it"),
    EventKind.CANCELLED: lambda _data: _("cancelled it"),
    EventKind.WARNED: _warned,
    EventKind.BREACHED: _breached,
    EventKind.ESCALATED: _escalated,
    EventKind.ACKNOWLEDGED: _acknowledged,
    EventKind.REJUDGED: _rejudged,
    EventKind.CALLBACK_OWED: _owed,
    EventKind.CALLBACK_ATTEMPTED: _outcome,
    EventKind.CALLBACK_REACHED: _outcome,
}
