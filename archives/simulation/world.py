"""What the simulated lives share: the calendar of days, who is where when, and who called before."""

from __future__ import annotations

import base64
import io
from bisect import insort
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from aftersales.accounts.models import User
from aftersales.customers.models import Customer, Product, Site
from archives.simulation.people import Cast
from tickets.models import Ticket
from visits.models import Leave, Visit
from visits.states import VisitState

ZONE = ZoneInfo("Asia/Shanghai")  # Taipei and Hong Kong keep the same time
OPENS, CLOSES = time(8, 30), time(22, 0)
# Half an hour between two of them is the way from one to the next.
SLOTS = (time(8, 30), time(10, 45), time(13, 0), time(15, 15), time(17, 30), time(19, 45))
SLOT_SPAN = timedelta(minutes=105)
# Calls an hour of the day: two peaks, and the little that comes at night by web and by partners' systems.
RHYTHM = [1, 1, 0, 0, 0, 1, 2, 5, 14, 24, 26, 22, 13, 14, 19, 20, 18, 16, 17, 21, 20, 14, 5, 2]
WEEKDAYS = [12, 11, 10, 10, 11, 13, 12]

Stretch = tuple[datetime, datetime]


@dataclass
class Known:
    """Someone who called before."""

    customer: Customer
    phone: str
    language: int
    sites: list[Site] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)


@dataclass
class World:
    """The service desk from `since` to `until`; nothing happens after `until`."""

    cast: Cast
    seed: int
    since: datetime
    until: datetime
    known: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    signatures: list[str] = field(default_factory=list)
    sheets: int = 0
    _booked: dict[int, list[Stretch]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        rng = self.rng("signatures")
        self.signatures = [draw_signature(rng) for _i in range(12)]
        rows = Visit.objects.exclude(state=VisitState.CANCELLED).filter(window_end__gt=self.since)
        for technician, start, end in rows.values_list("technician_id", "window_start", "window_end"):
            insort(self._booked[technician], (start, end))
        leaves = Leave.objects.filter(ends_at__gt=self.since)
        for technician, start, end in leaves.values_list("technician__user_id", "starts_at", "ends_at"):
            insort(self._booked[technician], (start, end))

    def rng(self, *names: object) -> Random:
        """Chance of its own for each part of the story, so that one part does not shift the others."""
        return Random(":".join(str(name) for name in (self.seed, *names)))  # noqa: S311  no secret is drawn

    def remember(self, circle: str, phone: str, language: int, ticket: Ticket) -> None:
        """Keep who called, so that they may call again with the same product."""
        callers = self.known[circle]
        known = next((caller for caller in callers if caller.customer.pk == ticket.customer_id), None)
        if known is None:
            known = Known(ticket.customer, phone, language)
            callers.append(known)
        if ticket.site is not None and all(ticket.site.pk != site.pk for site in known.sites):
            known.sites.append(ticket.site)
        if ticket.product is not None and all(ticket.product.pk != product.pk for product in known.products):
            known.products.append(ticket.product)

    # ── when ───────────────────────────────────────────────────────────────────────────────────
    def arrivals(self, count: int) -> list[datetime]:
        """Draw when `count` requests come, in order, by the rhythm of week and day."""
        rng = self.rng("arrivals")
        hours, weights = [], []
        hour = self.since.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
        while hour < self.until:
            hours.append(hour)
            weights.append(RHYTHM[hour.hour] * WEEKDAYS[hour.weekday()] + 0.01)
            hour += timedelta(hours=1)
        found: list[datetime] = []
        while len(found) < count:
            at = rng.choices(hours, weights)[0] + timedelta(seconds=rng.uniform(0, 3600))
            if self.since <= at < self.until:
                found.append(at.astimezone(self.until.tzinfo))
        return sorted(found)

    # ── who is where ───────────────────────────────────────────────────────────────────────────
    def free(self, technician: User, start: datetime, end: datetime) -> bool:
        return all(e <= start or s >= end for s, e in self._booked[technician.pk])

    def book(self, technician: User, start: datetime, end: datetime) -> None:
        insort(self._booked[technician.pk], (start, end))

    def release(self, technician: User, start: datetime, end: datetime) -> None:
        if (start, end) in self._booked[technician.pk]:
            self._booked[technician.pk].remove((start, end))

    def slot(
        self, rng: Random, region: str, skill: str, earliest: datetime, *, prefer: str = "", picky: float = 0.2
    ) -> tuple[User, datetime, datetime]:
        """Find a free technician and window, soon; `picky` is how often the customer does not like the first one."""
        able = [t for t in self.cast.technicians_in(region) if not t.contractor]
        skilled = [t for t in able if skill in t.skills] or able
        preferred = [t for t in skilled if t.user.username == prefer]
        day = earliest.astimezone(ZONE).date()
        for offset in range(60):
            for opens in SLOTS:
                start = at_local(day + timedelta(days=offset), opens).astimezone(self.until.tzinfo)
                if start < earliest or rng.random() < picky:
                    continue
                end = start + SLOT_SPAN
                for group in (preferred, skilled):
                    free = [t.user for t in group if self.free(t.user, start, end)]
                    if free:
                        return rng.choice(free), start, end
        raise LookupError("Everybody is booked for two months.")


def at_local(day: date, clock: time) -> datetime:
    """That time of day at the service desk."""
    return datetime.combine(day, clock, tzinfo=ZONE)


def office_hours(at: datetime, rng: Random) -> datetime:
    """The same time, or soon after the desk opens again."""
    local = at.astimezone(ZONE)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() + timedelta(days=1 if local.time() >= CLOSES else 0)
    return at_local(day, OPENS).astimezone(at.tzinfo) + timedelta(minutes=rng.uniform(2, 50))


def service_time_ago(at: datetime, span: timedelta) -> datetime:
    """When the desk had `span` of its service hours still to go until `at`."""
    day, left = at.astimezone(ZONE).date(), span
    while True:
        opens, closes = at_local(day, OPENS), min(at_local(day, CLOSES), at)
        if closes - left >= opens:
            return (closes - left).astimezone(at.tzinfo)
        left -= max(closes - opens, timedelta(0))
        day -= timedelta(days=1)


def draw_signature(rng: Random) -> str:
    """A few strokes of a pen as a PNG data URL, the way the technician's page sends them."""
    picture = Image.new("RGB", (360, 140), "white")
    pen = ImageDraw.Draw(picture)
    x = 30.0
    for _stroke in range(rng.randint(3, 5)):
        points = [(x, rng.uniform(35, 105))]
        for _point in range(rng.randint(4, 8)):
            last_x, last_y = points[-1]
            points.append((last_x + rng.uniform(-6, 22), min(125, max(15, last_y + rng.uniform(-38, 38)))))
        pen.line(points, fill="black", width=3, joint="curve")
        x = points[-1][0] + rng.uniform(2, 14)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
