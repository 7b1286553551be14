"""The appointment that was promised, and what happened at the customer's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.core.fsm import FSMField, ReadAgain, transition
from tickets.models import Ticket
from visits.models.approval import BookingOverride
from visits.models.travel import MOST_MINUTES
from visits.states import ACTIVE, PaperKind, VisitState
from visits.states_arrival import CodeOf, PlaceMissing

if TYPE_CHECKING:
    from visits.models.paper import Paper


class TstzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Occupied(Func):
    """The time [window_start - travel_before, window_end): made by the migration, immutable as an index asks."""

    function = "visits_occupied"
    output_field = DateTimeRangeField()


class Visit(ReadAgain, models.Model):
    """A technician at a customer's: the appointment that was promised, and what happened."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="visits")
    technician = models.ForeignKey(User, models.PROTECT, related_name="visits", verbose_name=_("technician"))
    state = FSMField(_("state"), max_length=12, choices=VisitState, default=VisitState.PLANNED, protected=True)
    version = models.PositiveIntegerField(default=1)
    order_number = models.CharField(_("dispatch order"), max_length=20, unique=True)  # R20
    window_start = models.DateTimeField(_("window starts"))
    window_end = models.DateTimeField(_("window ends"))
    travel_before = models.DurationField(_("way there"), default=timedelta(0))  # from the visit before, or from home
    override = models.OneToOneField(
        BookingOverride,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visit",
        verbose_name=_("booked all the same"),
    )
    overridden = models.BooleanField(default=False)  # the override lets it overlap others
    prepare = models.TextField(_("the customer prepares"), blank=True)  # R05: one complete list
    note = models.CharField(_("note for the technician"), max_length=300, blank=True)
    planned_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    planned_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(_("confirmed by the customer"), null=True, blank=True)
    en_route_at = models.DateTimeField(_("on the way since"), null=True, blank=True)
    checked_in_at = models.DateTimeField(_("on site since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    finding = models.TextField(_("finding"), blank=True)
    work_done = models.TextField(_("work done"), blank=True)
    customer_comment = models.TextField(_("customer's comment"), blank=True)
    satisfaction = models.PositiveSmallIntegerField(_("satisfaction"), null=True, blank=True)  # 1 … 5
    signer_name = models.CharField(_("signed by"), max_length=80, blank=True)
    signature = models.BinaryField(null=True, blank=True)  # PNG, re-encoded
    unsigned_reason = models.CharField(_("why not signed"), max_length=200, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    expected_at = models.DateTimeField(_("expected"), null=True, blank=True)  # R23: the technician runs late
    delay_reason = models.CharField(_("why later"), max_length=300, blank=True)
    # Other than the start of the window: a delay of which the customer knew in time, or a window that had begun.
    agreed_at = models.DateTimeField(_("agreed time"), null=True, blank=True)
    # R25: what the telephone knew when its technician checked in.
    place_latitude = models.FloatField(_("latitude"), null=True, blank=True)
    place_longitude = models.FloatField(_("longitude"), null=True, blank=True)
    place_within = models.PositiveIntegerField(_("accuracy in metres"), null=True, blank=True)
    place_missing = models.CharField(_("why no place"), max_length=12, choices=PlaceMissing, blank=True)
    code_of = models.CharField(_("code read"), max_length=8, choices=CodeOf, blank=True)
    code = models.CharField(_("code"), max_length=60, blank=True)
    customer_absent_at = models.DateTimeField(_("customer absent since"), null=True, blank=True)  # R25

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes: ClassVar = [
            models.Index(fields=["technician", "window_start"], name="visit_of_technician"),
            models.Index(fields=["window_start", "id"], name="visit_by_start"),
            models.Index(fields=["ticket", "-id"], name="visit_of_ticket"),
            # Figures count completed visits by when they ended, and by whose they were.
            models.Index(
                fields=["ended_at"],
                include=["ticket", "technician"],
                condition=Q(state=VisitState.COMPLETED),
                name="visit_completed_by_end",
            ),
        ]
        constraints = [
            ExclusionConstraint(
                name="visit_no_overlap_travel",
                expressions=[
                    ("technician", RangeOperators.EQUAL),
                    (
                        Occupied("window_start", "window_end", "travel_before"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state__in=[state.value for state in ACTIVE], overridden=False),
            ),
            models.CheckConstraint(
                condition=Q(overridden=False) | Q(override__isnull=False), name="visit_override_told"
            ),
            models.CheckConstraint(
                condition=Q(travel_before__gte=timedelta(0), travel_before__lte=timedelta(minutes=MOST_MINUTES)),
                name="visit_travel_within",
            ),
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(state__in=[state.value for state in ACTIVE]), name="visit_one_open"
            ),
            models.CheckConstraint(condition=Q(window_end__gt=F("window_start")), name="visit_window_forward"),
            models.CheckConstraint(condition=Q(state__in=VisitState.values), name="visit_state_known"),
            models.CheckConstraint(
                condition=Q(satisfaction=None) | Q(satisfaction__gte=1, satisfaction__lte=5),
                name="visit_satisfaction_1_5",
            ),
            models.CheckConstraint(
                condition=Q(place_latitude=None, place_longitude=None)
                | Q(place_latitude__range=(-90, 90), place_longitude__range=(-180, 180), place_missing=""),
                name="visit_place_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.order_number

    @property
    def sheet(self) -> Paper | None:
        """The service sheet as it stands now; no query where `papers` were prefetched."""
        mine = [paper for paper in self.papers.all() if paper.current and paper.kind == PaperKind.SERVICE_SHEET]
        return mine[0] if mine else None

    @property
    def state_word(self) -> VisitState:
        return VisitState(self.state)

    @property
    def signed_by_typing(self) -> bool:
        """Whether the customer typed the name; `unsigned_reason` then says why it was not drawn."""
        return self.signed_at is not None and not self.signature

    @property
    def agreed_time(self) -> datetime:
        """When somebody has to be there: the start of the window, or what was agreed with the customer since."""
        return self.agreed_at or self.window_start

    @transition(field=state, source=VisitState.PLANNED, target=VisitState.EN_ROUTE)
    def set_out(self, at: datetime) -> None:
        self.en_route_at = at

    @transition(field=state, source=[VisitState.PLANNED, VisitState.EN_ROUTE], target=VisitState.ON_SITE)
    def check_in(self, at: datetime) -> None:
        self.checked_in_at = at

    @transition(field=state, source=VisitState.ON_SITE, target=VisitState.INTERRUPTED)
    def interrupt(self) -> None:
        """The technician rests or fetches something and goes on the same day (R26)."""

    @transition(field=state, source=VisitState.INTERRUPTED, target=VisitState.ON_SITE)
    def resume(self) -> None:
        """The work goes on."""

    @transition(field=state, source=VisitState.ON_SITE, target=VisitState.CONTINUED)
    def break_off(self, at: datetime) -> None:
        """The work goes on another day, by another visit (R26)."""
        self.ended_at = at

    @transition(field=state, source=VisitState.ON_SITE, target=VisitState.COMPLETED)
    def complete(self, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=VisitState.ON_SITE, target=VisitState.NOT_SOLVED)
    def leave_unsolved(self, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=[VisitState.PLANNED, VisitState.EN_ROUTE], target=VisitState.CANCELLED)
    def cancel(self, at: datetime, reason: str) -> None:
        self.ended_at = at
        self.reason = reason

    @transition(field=state, source=VisitState.ON_SITE, target=VisitState.CANCELLED)
    def miss(self, at: datetime, reason: str) -> None:
        """Somebody was there, but not where or when the customer waited."""
        self.ended_at = at
        self.reason = reason

    @transition(field=state, source=list(ACTIVE), target=VisitState.GIVEN_UP)
    def give_up(self, at: datetime, reason: str) -> None:
        """The customer was not there and could not be reached (R25)."""
        self.ended_at = at
        self.reason = reason
