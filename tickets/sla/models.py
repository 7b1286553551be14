"""Policies (what is promised), calendars (when time counts), clocks (the promises), segments (their truth)."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import Partner, Region, User
from aftersales.accounts.named import Named, best_name
from aftersales.core.fsm import FSMField, ReadAgain, transition
from aftersales.core.working_time import WorkCalendar
from aftersales.customers.models import Contract, ProductModel
from tickets.models import Event, Ticket
from tickets.sla.states import OPEN, ClockState, OnChange, SegmentKind, Target
from tickets.states import Channel, ComplaintClass, Grade, Kind, WaitingFor


class Calendar(Named):
    """When time counts: open periods a weekday in a zone, and dates that differ.

    A version is never changed once it is saved: what was judged by it stays explainable. A change makes a new version.
    """

    code = models.SlugField(_("code"), max_length=40)
    version = models.PositiveIntegerField(default=1, editable=False)
    current = models.BooleanField(default=True, editable=False)
    zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    round_the_clock = models.BooleanField(_("round the clock"), default=False)
    week = models.JSONField(_("week"), default=list, blank=True)  # seven lists of ["08:30", "22:00"], Monday first
    country = models.CharField(_("public holidays of"), max_length=2, blank=True)  # ISO 3166: CN, TW, HK
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="calendar_version_once"),
            models.UniqueConstraint(fields=["code"], condition=Q(current=True), name="calendar_current_once"),
        ]

    def work_calendar(self) -> WorkCalendar:
        """The calendar as the pure arithmetic takes it."""
        return WorkCalendar(
            zone=self.zone,
            week=tuple(tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in day) for day in self.week),
            exceptions={
                day.date: tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in day.periods)
                for day in self.days.all()
            },
            round_the_clock=self.round_the_clock,
        )


class CalendarDay(models.Model):
    """A date that differs from its weekday: a holiday (no periods), a make-up workday, a half day."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days")
    date = models.DateField()
    name_en = models.CharField(max_length=120, blank=True)
    name_zh_hans = models.CharField(max_length=120, blank=True)
    name_zh_hant = models.CharField(max_length=120, blank=True)
    periods = models.JSONField(default=list, blank=True)
    confirmed = models.BooleanField(default=True)  # announced by the authorities, or guessed

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"

    @property
    def name(self) -> str:
        """Read the name in the active language, or the one there is."""
        return best_name(self)

    @name.setter
    def name(self, written: str) -> None:
        """Take what a person wrote; every language reads it."""
        self.name_en, self.name_zh_hans, self.name_zh_hant = written, "", ""


def default_steps() -> list[dict[str, Any]]:
    """Warn the owner at three quarters; owner and supervisor at the end; then the supervisor, then managers."""
    return [
        {"percent": 75, "tell": ["owner"]},
        {"tell": ["owner", "supervisor"]},
        {"after": 1800, "tell": ["supervisor"]},
        {"after": 3600, "tell": ["supervisor", "manager"], "repeat": 3600},
    ]


class Policy(models.Model):
    """A promise as data: which tickets, which target, how long, on which calendar. The most specific match wins.

    A version is never changed once it is saved: a new version of its series takes its place (`current`).

    `steps` is what is set off, in this order, each {"tell": [levels]} with its time: warnings by "percent" of the span
    or "before" its end (seconds of open time); one without a time: the end itself; escalations "after" it (seconds of
    open time), of which the last may "repeat" (seconds) until somebody acknowledges.
    """

    series = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    current = models.BooleanField(_("current"), default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")

    target = models.CharField(_("target"), max_length=30, choices=Target)
    rule = models.CharField(_("rule"), max_length=4)  # "R03"
    span = models.DurationField(_("span"))
    until_day_end = models.BooleanField(
        _("until the end of the service day"),
        default=False,
        help_text=_("The span counts calendar days, and the promise ends when that service day closes."),
    )
    before_anchor = models.BooleanField(
        _("before the appointment"),
        default=False,
        help_text=_("The promise ends its span before the start of the appointment."),
    )
    not_before_span = models.DurationField(_("not before"), null=True, blank=True)  # calendar days, from opening time
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="policies", verbose_name=_("calendar"))

    kind = models.CharField(_("kind"), max_length=20, choices=Kind, blank=True)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel, blank=True)
    grade = models.PositiveSmallIntegerField(_("fault grade"), choices=Grade, null=True, blank=True)
    region = models.ForeignKey(
        Region, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("region")
    )
    home_region = models.BooleanField(_("home region"), null=True, blank=True)
    vip = models.BooleanField(_("VIP"), null=True, blank=True)
    product_line = models.CharField(_("product line"), max_length=20, choices=ProductModel.Line, blank=True)
    contract = models.ForeignKey(
        Contract, models.CASCADE, null=True, blank=True, related_name="policies", verbose_name=_("contract")
    )

    complaint_class = models.PositiveSmallIntegerField(
        _("complaint class"), choices=ComplaintClass, null=True, blank=True
    )

    steps = models.JSONField(_("what is set off"), default=default_steps)
    loud = models.BooleanField(_("also in quiet hours"), default=False)
    pause_reasons = models.JSONField(_("pauses while waiting for"), default=list, blank=True)  # of WaitingFor
    on_change = models.CharField(_("when the ticket changes"), max_length=10, choices=OnChange, default=OnChange.KEEP)

    CONDITIONS = ("kind", "channel", "grade", "region", "home_region", "vip", "product_line", "contract",
                  "complaint_class")  # fmt: skip

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["target", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(span__gt=timedelta(0))
                | Q(until_day_end=True, span__gte=timedelta(0))
                | Q(before_anchor=True, span__gte=timedelta(0)),
                name="policy_span_positive",
            ),
            models.CheckConstraint(condition=~Q(until_day_end=True, before_anchor=True), name="policy_counts_one_way"),
            models.UniqueConstraint(
                fields=[
                    "target",
                    "kind",
                    "channel",
                    "grade",
                    "region",
                    "home_region",
                    "vip",
                    "product_line",
                    "contract",
                    "complaint_class",
                ],
                condition=Q(current=True),
                nulls_distinct=False,
                name="policy_once",
            ),
            models.UniqueConstraint(fields=["series", "version"], name="policy_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_target_display()} {self.span}"

    @property
    def conditions(self) -> tuple[Any, ...]:
        """What it asks of a ticket, in the order of CONDITIONS; None where it asks nothing."""
        asked = (self.kind, self.channel, self.grade, self.region_id, self.home_region, self.vip, self.product_line,
                 self.contract_id, self.complaint_class)  # fmt: skip
        return tuple(None if value == "" else value for value in asked)

    @property
    def general(self) -> bool:
        """Whether it holds for every ticket for which no narrower one does."""
        return all(value is None for value in self.conditions)

    @property
    def due_step(self) -> int:
        """The place of the end itself among the steps: what stands before warns, what follows escalates."""
        return next(place for place, step in enumerate(self.steps) if not {"percent", "before", "after"} & step.keys())


class PolicyChange(models.Model):
    """Who changed which policies of a target, whether open promises follow, and how far that has come.

    `moved` counts the promises that a changed policy judges now, or that a retired one no longer does.
    """

    class Apply(models.TextChoices):
        NEW = "new", _("new tickets")
        OPEN = "open", _("new and open tickets")

    target = models.CharField(max_length=30, choices=Target)
    policies = models.ManyToManyField(Policy, related_name="changes")  # the versions that were made or retired
    retired = models.BooleanField(default=False)
    apply = models.CharField(max_length=10, choices=Apply)
    at = models.DateTimeField()
    door = models.CharField(max_length=10, choices=Door)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, related_name="+", db_index=False)
    total = models.PositiveIntegerField(default=0)  # open promises of the target when it was saved
    seen = models.PositiveIntegerField(default=0)  # of them looked at so far
    moved = models.PositiveIntegerField(default=0)
    became_overdue = models.PositiveIntegerField(default=0)
    stopped_overdue = models.PositiveIntegerField(default=0)
    reached = ArrayField(models.BigIntegerField(), default=list)  # [policy, clock] where a worker goes on
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.target} {self.at:%Y-%m-%d}"

    @property
    def by(self) -> Actor:
        """Who changed it; what is done for it later is done in that name."""
        return Actor(Door(self.door), user=self.user, partner=self.partner)


@cache
def _address() -> str:
    """Where a clock is explained; a page names a hundred of them, and to look each up costs more than to draw it."""
    return reverse("clock", args=[0]).replace("0", "{}")


class Clock(ReadAgain, models.Model):
    """One promise to one customer: it runs until it is met or stopped, and that it fell due is never forgotten."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="clocks", db_index=False)
    target = models.CharField(max_length=30, choices=Target)
    cycle = models.PositiveSmallIntegerField(default=1)
    occurrence = models.PositiveSmallIntegerField(default=1)  # a second visit in one cycle is a second promise
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="clocks", db_index=False)
    state = FSMField(max_length=10, choices=ClockState, default=ClockState.RUNNING, protected=True)
    started_at = models.DateTimeField()
    anchor = models.DateTimeField(null=True, blank=True)  # the appointment that the promise is about
    # Caches: the segments and firings are the truth (`manage.py clocks rebuild`).
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, blank=True)  # a callback before day 3 does not count
    next_fire_at = models.DateTimeField(null=True, blank=True)
    fire_times = ArrayField(models.DateTimeField(), default=list)  # of the policy's steps, and of repetitions so far
    due_step = models.PositiveSmallIntegerField(default=0)  # the place of due_at in fire_times
    step = models.PositiveSmallIntegerField(default=0)  # the place of the next to fire
    round = models.PositiveSmallIntegerField(default=1)  # a promise that is moved sets off its steps again
    parked_at = models.DateTimeField(null=True, blank=True)  # its handler failed for good: shown, not retried
    failures = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=20, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)  # when it fell due first, not when that was noticed
    broken = models.BooleanField(default=False)  # it is past its due time now; a promise that was moved is not
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    met_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "target", "cycle", "occurrence"], name="clock_once"),
            models.UniqueConstraint(
                fields=["ticket", "target"], condition=Q(state__in=["running", "paused"]), name="clock_open_once"
            ),
            models.CheckConstraint(condition=Q(state__in=ClockState.values), name="clock_state_known"),
            models.CheckConstraint(
                condition=Q(state="running") | Q(next_fire_at=None), name="clock_fires_only_when_running"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_fire_at"], condition=Q(next_fire_at__isnull=False), name="clock_to_fire"),
            models.Index(fields=["due_at"], condition=Q(state="running"), name="clock_running"),
            models.Index(fields=["breached_at"], condition=Q(breached_at__isnull=False), name="clock_breached"),
            models.Index(fields=["target", "due_at"], condition=Q(state="running"), name="clock_running_target"),
            models.Index(
                fields=["met_at", "target"], condition=Q(met_at__isnull=False, breached_at=None), name="clock_kept"
            ),
            models.Index(fields=["due_at"], condition=Q(state="paused"), name="clock_paused"),
            models.Index(fields=["parked_at"], condition=Q(parked_at__isnull=False), name="clock_parked"),
            models.Index(
                fields=["breached_at", "id"],
                condition=Q(broken=True, acknowledged_at=None, state__in=["running", "paused"]),
                name="clock_unanswered",
            ),
            # For reports over a period: a few pages for millions of rows, and next to nothing at each write.
            BrinIndex(
                fields=["started_at"],
                name="clock_started",
                opclasses=["timestamptz_minmax_multi_ops"],
                pages_per_range=32,
                autosummarize=True,
            ),
            models.Index(
                fields=["policy", "id"], condition=Q(state__in=["running", "paused"]), name="clock_open_policy"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.target}"

    # ── what the clock chip shows ────────────────────────────────────────────────────────────
    @property
    def label(self) -> str:
        return str(Target(self.target).label)

    @property
    def rule(self) -> str:
        return self.policy.rule

    @property
    def explain_url(self) -> str:
        """The page that says why it falls due when it does."""
        return _address().format(self.pk)

    @property
    def pause_word(self) -> str:
        """What it waits for, in the reader's language."""
        return str(WaitingFor(self.pause_reason).label) if self.pause_reason in WaitingFor else self.pause_reason

    @property
    def overdue(self) -> bool:
        """Whether it fell due before it was met."""
        return self.broken

    @property
    def escalated(self) -> int:
        """How often it was escalated since it was broken."""
        return max(self.step - self.due_step - 1, 0)

    @property
    def taken_care_of(self) -> bool:
        """Whether somebody acknowledged that it is broken, and it is still to be kept."""
        return self.broken and self.acknowledged_at is not None and self.state in OPEN

    @property
    def met_late(self) -> bool:
        return self.met_at is not None and self.met_at > self.due_at

    @property
    def step_to_fire_at(self) -> datetime | None:
        """What next_fire_at has to be: the time of the next step, unless nothing is to be set off any more."""
        ended = self.state != ClockState.RUNNING or self.step >= len(self.fire_times)
        seen = self.acknowledged_at is not None and self.step > self.due_step
        return None if ended or seen else self.fire_times[self.step]

    # ── transitions: fields only ─────────────────────────────────────────────────────────────
    @transition(field=state, source=ClockState.RUNNING, target=ClockState.PAUSED)
    def pause(self, at: datetime, reason: str) -> None:
        self.paused_at = at
        self.pause_reason = reason
        self.next_fire_at = None

    @transition(field=state, source=ClockState.PAUSED, target=ClockState.RUNNING)
    def resume(self) -> None:
        """It runs on; the caller judges it anew."""
        self.paused_at = None
        self.pause_reason = ""

    @transition(field=state, source=[ClockState.RUNNING, ClockState.PAUSED], target=ClockState.MET)
    def meet(self, at: datetime) -> None:
        self.met_at = at
        self.next_fire_at = None
        self.paused_at = None

    @transition(field=state, source=[ClockState.RUNNING, ClockState.PAUSED], target=ClockState.STOPPED)
    def stop(self, at: datetime) -> None:
        self.stopped_at = at
        self.next_fire_at = None
        self.paused_at = None


class Segment(models.Model):
    """What happened to a clock, when, why and by whom. From these rows alone its due time can be computed again."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="segments")
    kind = models.CharField(max_length=10, choices=SegmentKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    cause = models.CharField(max_length=40, blank=True)
    door = models.CharField(max_length=10, choices=Door)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+", db_index=False)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.kind}"


class Firing(models.Model):
    """A step of a clock that was fired: the database allows each once a round, whoever sweeps.

    `step` is warn-1, …, due, escalate-1, …; a repetition is counted: escalate-2#2.
    """

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="firings", db_index=False)
    round = models.PositiveSmallIntegerField(default=1)
    step = models.CharField(max_length=20)
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "round", "step"], name="firing_once")]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.step}"

    @property
    def label(self) -> str:
        """The step in the reader's language."""
        name, _dash, number = self.step.partition("-")
        if name == "due":
            return str(_("due"))
        number, _hash, again = number.partition("#")
        words = _("warning %(number)s") if name == "warn" else _("escalation %(number)s")
        told = str(words % {"number": number})
        return f"{told} ×{again}" if again else told
