"""An explanation in words: one sentence of what was promised, why it falls due then, and each line of the sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.accounts.actors import Door
from aftersales.core.templatetags.ui import span as short_span
from aftersales.customers.models import ProductModel
from tickets.sla.explain import Change, Explanation, Result, Way
from tickets.sla.models import Policy, Segment
from tickets.sla.states import Level, SegmentKind, Target
from tickets.sla.stretches import Stretch, Why
from tickets.states import Channel, ComplaintClass, EventKind, Grade, Kind, WaitingFor


def exact(value: datetime) -> str:
    """A local time to the second, so that times can be subtracted: "4 Mar 14:02:11"."""
    local = timezone.localtime(value)
    if local.year == timezone.localtime().year:
        return date_format(local, pgettext("day and time to the second", "j M H:i:s"))
    return date_format(local, pgettext("day and time to the second of another year", "j M Y H:i:s"))


def hours(length: timedelta) -> str:
    """A length that can be added up: "51:03:20" (hours, minutes, seconds)."""
    seconds = int(length.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# ── sentences ──────────────────────────────────────────────────────────────────────────────────
def promise(policy: Policy, target: str) -> str:
    """What was promised, in one sentence."""
    words = {
        "name": Target(target).label,
        "span": short_span(policy.span),
        "calendar": policy.calendar.name,
        "days": policy.span.days,
    }
    if policy.until_day_end and policy.span:
        told = ngettext(
            "“%(name)s” before the service day closes, %(days)d day after the start.",
            "“%(name)s” before the service day closes, %(days)d days after the start.",
            policy.span.days,
        )
    elif policy.until_day_end:
        told = _("“%(name)s” before the service day closes.")
    elif policy.before_anchor and not policy.span:
        told = _("“%(name)s” at the agreed time.")
    elif policy.before_anchor:
        told = _("“%(name)s” at the latest %(span)s before the appointment.")
    elif policy.calendar.round_the_clock:
        told = _("“%(name)s” within %(span)s, day and night.")
    else:
        told = _("“%(name)s” within %(span)s of open time (%(calendar)s).")
    return told % words


def reasons(found: Explanation) -> list[str]:
    """Why it falls due then: what has counted, where the rest ends, and what moved it."""
    result = found.result
    stands_still = found.runs_on_due_at is not None and result.fell_due_at is None
    told = [_by_policy(result, stands_still=stands_still)]
    if result.until is not None:
        moved = result.until > result.natural_at
        said = _("The customer wishes it later: due %(time)s.") if moved else _(
            "The customer's wish, %(time)s, is earlier than that and changes nothing."
        )  # fmt: skip
        told.append(said % {"time": exact(result.until)})
    if result.fell_due_at is not None and result.fell_due_at != max(result.natural_at, result.until or result.due_at):
        told.append(
            _("It had fallen due %(time)s before something else happened; what is over stays over.")
            % {"time": exact(result.fell_due_at)}
        )
    if found.runs_on_due_at is not None:
        told.append(
            _("It stands still now: %(left)s are left. If it ran on at once, it would be due %(time)s.")
            % {"left": hours(found.left), "time": exact(found.runs_on_due_at)}
        )
    if found.clock.not_before is not None:
        told.append(_("It is not to be kept before %(time)s.") % {"time": exact(found.clock.not_before)})
    return told


def _by_policy(result: Result, *, stands_still: bool) -> str:
    words = {
        "span": hours(result.span),
        "days": result.span.days,
        "start": exact(result.started_at),
        "since": exact(result.since),
        "counted": hours(result.counted),
        "left": hours(result.left),
        "due": exact(result.natural_at),
        "anchor": exact(result.anchor) if result.anchor else "",
    }
    if result.way == Way.DAY_END and result.span:
        told = ngettext(
            "It started %(start)s; %(days)d day later that service day, or the next that opens, closes %(due)s.",
            "It started %(start)s; %(days)d days later that service day, or the next that opens, closes %(due)s.",
            result.span.days,
        )
    elif result.way == Way.DAY_END:
        told = _("It started %(start)s; that service day, or the next that opens, closes %(due)s.")
    elif result.way == Way.BEFORE_APPOINTMENT:
        told = _("The appointment begins %(anchor)s; %(span)s before it is %(due)s.")
    elif stands_still:
        told = _("Until %(since)s, %(counted)s of %(span)s had counted.")
    elif result.counted:
        told = _("Until %(since)s, %(counted)s of %(span)s had counted. The other %(left)s of open time end %(due)s.")
    else:
        told = _("%(span)s of open time from %(since)s on end %(due)s.")
    return told % words


def stretch(one: Stretch) -> str:
    """Why a stretch counts, or not."""
    if one.why == Why.WAITING:
        reason = one.segment.cause if one.segment else ""
        what = WaitingFor(reason).label if reason in WaitingFor else reason
        return _("waiting for %(what)s") % {"what": what} if what else str(one.why.label)
    if one.why == Why.HOLIDAY:
        return _("holiday: %(name)s") % {"name": one.name} if one.name else str(one.why.label)
    if one.why == Why.CLOSED:
        told = _("closed; open %(hours)s") % {"hours": one.hours} if one.hours else str(one.why.label)
        return f"{told} ({one.name})" if one.name else told
    if one.why == Why.DAYS:
        told = ngettext("%(count)d day", "%(count)d days", one.days) % {"count": one.days}
        return _("%(days)s, each open %(hours)s") % {"days": told, "hours": one.hours} if one.hours else told
    if one.why == Why.OPEN and one.late:
        return _("past the due time")
    return str(one.why.label)


def change(one: Change) -> str:
    """What happened to the clock."""
    kind = SegmentKind(one.segment.kind)
    if kind == SegmentKind.EXTEND and one.until:
        return _("the customer wishes it by %(time)s") % {"time": exact(one.until)}
    if one.before is None:
        return str(kind.label)
    after = one.segment.policy
    words = {"before": policy_name(one.before), "after": policy_name(after), "counted": hours(one.counted)}
    if kind == SegmentKind.RESTART:
        return _("starts over: %(before)s → %(after)s") % words
    return _("judged anew: %(before)s → %(after)s; %(counted)s had counted and count against it") % words


def policy_name(policy: Policy) -> str:
    """A policy where two of them are compared: its span and its version."""
    return _("%(span)s (version %(version)d)") % {"span": short_span(policy.span), "version": policy.version}


def cause(segment: Segment) -> str:
    """Why somebody did this to the clock; empty when the change says it all."""
    found = segment.cause
    if found in EventKind:
        return str(EventKind(found).label)
    if found in WaitingFor:
        return ""
    return _("the customer's wish") if found == "customer_wish" else found


def who(segment: Segment | None) -> str:
    """By whom, and through which door when it was not a page."""
    if segment is None:
        return ""
    name = str(segment.user or segment.partner or _("the system"))
    return name if segment.door in (Door.PAGE, Door.SYSTEM) else f"{name} · {Door(segment.door).label}"


def level(code: str) -> str:
    return str(Level(code).label) if code in Level else code


# ── why this policy ────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Condition:
    """What a policy asks of a ticket."""

    field: str
    code: str
    name: str
    word: str


def conditions(policy: Policy) -> list[Condition]:
    """Every condition of the policy; none for one that fits every ticket."""
    found = []

    def asks(field: str, code: object, name: str, word: object) -> None:
        found.append(Condition(field, str(code), name, str(word)))

    if policy.contract is not None:
        asks("contract", policy.contract.code, _("Contract"), policy.contract)
    if policy.region is not None:
        asks("region", policy.region.code, _("Region"), policy.region)
    if policy.vip is not None:
        asks("vip", str(policy.vip).lower(), _("Customer"), _("VIP") if policy.vip else _("not VIP"))
    if policy.grade is not None:
        asks("grade", policy.grade, _("Fault grade"), Grade(policy.grade).label)
    if policy.complaint_class is not None:
        word = str(ComplaintClass(policy.complaint_class).label)
        asks("complaint_class", policy.complaint_class, _("Complaint"), word)
    if policy.product_line:
        asks("product_line", policy.product_line, _("Product line"), ProductModel.Line(policy.product_line).label)
    if policy.home_region is not None:
        word = _("home region") if policy.home_region else _("outside the home region")
        asks("home_region", str(policy.home_region).lower(), _("Region"), word)
    if policy.kind:
        asks("kind", policy.kind, _("Kind"), Kind(policy.kind).label)
    if policy.channel:
        asks("channel", policy.channel, _("Channel"), Channel(policy.channel).label)
    return found


# ── the sum as a table ─────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Line:
    """One line of the sum: a stretch, or something that happened between two."""

    at: datetime
    text: str
    by: str
    stretch: Stretch | None = None
    ahead: bool = False
    mark: str = ""  # the icon of what happened
    left: float = 0.0  # the stretch in the clock's whole life, in percent
    width: float = 0.0
    filled: float = 0.0  # how much of it counts

    @property
    def since(self) -> str:
        return exact(self.at)

    @property
    def to(self) -> str:
        """Its end; on the same day the hour says enough."""
        if self.stretch is None:
            return ""
        begin, end = timezone.localtime(self.stretch.start), timezone.localtime(self.stretch.end)
        return f"{end:%H:%M:%S}" if begin.date() == end.date() else exact(self.stretch.end)

    @property
    def length(self) -> str:
        return hours(self.stretch.length) if self.stretch else ""

    @property
    def counted(self) -> str:
        return hours(self.stretch.counted) if self.stretch else ""

    @property
    def total(self) -> str:
        return hours(self.stretch.total) if self.stretch else ""


_MARKS = {
    SegmentKind.START: "player-play",
    SegmentKind.REJUDGE: "clock-edit",
    SegmentKind.RESTART: "refresh",
    SegmentKind.EXTEND: "calendar-time",
    SegmentKind.MEET: "check",
    SegmentKind.STOP: "player-stop",
}


def lines(found: Explanation) -> list[Line]:
    """The sum from the start to now, what happened, and what is ahead, in order of time.

    Of a promise that is no sum (a service day closes), only what happened and what did not count.
    """
    every = [*((one, False) for one in found.stretches), *((one, True) for one in found.ahead)]
    if found.result.way != Way.SPAN:
        every = [(one, ahead) for one, ahead in every if one.why in (Why.WAITING, Why.STARTED_OVER)]
    begin = every[0][0].start if every else found.at
    whole = ((every[-1][0].end - begin) if every else timedelta(0)) or timedelta(1)
    told = []
    for one, ahead in every:
        left, width = 100 * ((one.start - begin) / whole), max(100 * (one.length / whole), 0.6)
        filled = width * (one.counted / one.length) if one.length else 0
        told.append(Line(one.start, stretch(one), who(one.segment), one, ahead, "", min(left, 99.4), width, filled))
    for happened in found.changes:
        kind = SegmentKind(happened.segment.kind)
        if kind in _MARKS:
            why = cause(happened.segment)
            text = change(happened)
            told.append(
                Line(happened.segment.at, f"{text} · {why}" if why else text, who(happened.segment), mark=_MARKS[kind])
            )
    ends = found.changes[-1].segment.kind if found.changes else ""
    if found.runs_on_due_at is None or found.result.fell_due_at is not None:  # what stands still is due later
        told.append(Line(found.result.due_at, _("due"), "", mark="alarm"))
    if ends not in (SegmentKind.MEET, SegmentKind.STOP):
        told.append(Line(found.at, _("now"), "", mark="clock"))

    def place(line: Line) -> tuple[datetime, int]:
        # What happened stands before the stretch that follows from it, and the end after the last one.
        return (line.at, 1 if line.stretch else 0)

    return sorted(told, key=place)
