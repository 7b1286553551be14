"""The complaint: what the customer says went wrong, and how it is settled."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import Partner, Team, User
from aftersales.accounts.roles import DESK, Role
from aftersales.core.errors import Missing, Stale
from aftersales.core.fsm import FSMField, ReadAgain, transition
from complaints.states import (
    EDGES,
    ESTABLISHED,
    OPEN,
    Against,
    Cause,
    ComplaintState,
    EntryKind,
    EscalationKind,
    Remedy,
    Verdict,
)
from tickets.models import Ticket
from tickets.states import Channel, ComplaintClass
from visits.models import Charge, Part, Visit

_S = ComplaintState
READERS = DESK | {Role.ARCHIVIST}


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def open(self) -> ComplaintQuerySet:
        return self.exclude(state=_S.CLOSED)

    def visible_to(self, actor: Actor) -> ComplaintQuerySet:
        """Only what this person, partner or customer may see (R75); who is complained of may, to give a statement."""
        if actor.partner is not None:
            return self.filter(ticket__partner=actor.partner)
        if actor.is_customer:
            return self.filter(ticket=actor.ticket_id)
        if actor.user is None or actor.user.role in READERS:
            return self
        if actor.user.role == Role.ADMIN:
            return self.none()
        user = actor.user
        named = Complaint.people.through.objects.filter(user=user).values("complaint")
        visits = Visit.objects.filter(technician=user).values("pk")  # subqueries: no join of every visit there is
        about_me = Q(pk__in=named) | Q(visit__in=visits)
        return self.filter(Q(registered_by=user) | Q(owner=user) | Q(investigator=user) | about_me)

    def locked(self, pk: int, *, actor: Actor, version: int | None = None) -> tuple[Ticket, Complaint]:
        """Lock the ticket, then the complaint. Raises Missing, Stale."""
        ticket_id = self.visible_to(actor).filter(pk=pk).values_list("ticket_id", flat=True).first()
        if ticket_id is None:
            raise Missing(gettext("There is no such complaint."))
        ticket = Ticket.objects.locked(ticket_id)
        complaint = self.select_for_update(of=("self",)).get(pk=pk)
        complaint.ticket = ticket
        if version is not None and version != complaint.version:
            raise Stale(
                gettext("The complaint was changed meanwhile. Nothing of yours was saved: look at it again."),
                code="stale",
            )
        return ticket, complaint


class Complaint(ReadAgain, models.Model):
    """What a customer complains of, on one ticket. Only services change it; each change raises its version.

    `complaint_class` is what holds now (R41); `classed_by` is empty while it is the system's proposal. The outcome is
    that of the present cycle; earlier ones are kept as `PastCycle`.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="complaints", db_index=False)
    state = FSMField(_("state"), max_length=14, choices=ComplaintState, default=_S.REGISTERED, protected=True)
    version = models.PositiveIntegerField(default=1)
    cycle = models.PositiveSmallIntegerField(default=1)  # 2 after the first reopening

    channel = models.CharField(_("channel"), max_length=20, choices=Channel)
    words = models.TextField(_("what the customer says"))
    sought = models.CharField(_("remedy sought"), max_length=10, choices=Remedy, default=Remedy.NONE)
    against = models.CharField(_("against"), max_length=10, choices=Against)
    visit = models.ForeignKey(
        Visit, models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("visit")
    )
    part = models.ForeignKey(
        Part, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("part"), db_index=False
    )
    charge = models.ForeignKey(
        Charge, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("charge"), db_index=False
    )
    part_batch = models.CharField(_("batch"), max_length=40, blank=True)
    people = models.ManyToManyField(
        User, related_name="complaints_against", blank=True, verbose_name=_("complained of")
    )

    complaint_class = models.PositiveSmallIntegerField(_("class"), choices=ComplaintClass)
    proposed_class = models.PositiveSmallIntegerField(choices=ComplaintClass)
    signals = models.JSONField(default=list)  # [{"signal": Signal, "detail": "the words that say so"}]
    class_reason = models.CharField(_("reason"), max_length=300, blank=True)
    classed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    classed_at = models.DateTimeField(null=True, blank=True)
    lower_to = models.PositiveSmallIntegerField(choices=ComplaintClass, null=True, blank=True)  # asked for, not signed
    lower_reason = models.CharField(max_length=300, blank=True)
    lower_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="owned_complaints", verbose_name=_("owner")
    )
    investigator = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("investigator"),
        db_index=False,
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="complaints", verbose_name=_("department")
    )  # R44: the department that is responsible
    expected_at = models.DateTimeField(_("answer promised by"), null=True, blank=True)  # R47
    escalation = models.CharField(max_length=14, choices=EscalationKind, blank=True)
    other_team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )  # R52: which disagrees

    finding = models.TextField(_("finding"), blank=True)
    cause = models.CharField(_("cause"), max_length=14, choices=Cause, blank=True)
    cause_note = models.TextField(_("cause in words"), blank=True)
    verdict = models.CharField(_("decision"), max_length=10, choices=Verdict, blank=True)
    remedy = models.CharField(_("remedy"), max_length=10, choices=Remedy, blank=True)
    remedy_note = models.TextField(_("remedy in words"), blank=True)
    remedy_by = models.DateTimeField(_("remedied by"), null=True, blank=True)  # R47: the solution's own time limit
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=2, default=Decimal(0))
    dispute_reason = models.TextField(_("why it is disputed"), blank=True)

    registered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    door = models.CharField(max_length=10, choices=Door, default=Door.PAGE)
    registered_at = models.DateTimeField()
    cycle_at = models.DateTimeField()  # when the present cycle began
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    investigated_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    informed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)  # accepted or disputed
    remedied_at = models.DateTimeField(null=True, blank=True)
    called_back_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    objects = ComplaintQuerySet.as_manager()

    # What a reopening keeps of the cycle before, and then begins anew.
    OUTCOME: ClassVar = (
        "expected_at", "escalation", "other_team", "finding", "cause", "cause_note", "verdict", "remedy",
        "remedy_note", "remedy_by", "cost", "dispute_reason", "acknowledged_at", "investigated_at", "decided_at",
        "decided_by", "informed_at", "answered_at", "remedied_at", "called_back_at", "closed_at",
    )  # fmt: skip

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        indexes: ClassVar = [
            models.Index(fields=["ticket", "-id"], name="complaint_of_ticket"),
            models.Index(fields=["cycle_at", "id"], condition=~Q(state=_S.CLOSED), name="complaint_worklist"),
            models.Index(fields=["owner", "id"], condition=~Q(state=_S.CLOSED), name="complaint_mine"),
            models.Index(fields=["-closed_at", "-id"], condition=Q(state=_S.CLOSED), name="complaint_closed"),
            models.Index(fields=["registered_at"], name="complaint_by_time"),
            models.Index(
                fields=["decided_at"], condition=Q(verdict__in=sorted(ESTABLISHED)), name="complaint_established"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="complaint_state_moves", field="state", transitions=EDGES),
            pgtrigger.Protect(name="complaint_stays", operation=pgtrigger.Delete),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket"], condition=~Q(state=_S.CLOSED), name="complaint_one_open"),
            models.CheckConstraint(condition=Q(state__in=_S.values), name="complaint_state_known"),
            models.CheckConstraint(
                condition=Q(complaint_class__in=ComplaintClass.values), name="complaint_class_known"
            ),
            models.CheckConstraint(condition=Q(cost__gte=0), name="complaint_cost_positive"),
            models.CheckConstraint(
                condition=Q(lower_to=None) | Q(lower_to__lt=models.F("complaint_class")),
                name="complaint_lower_is_lower",
            ),
            models.CheckConstraint(
                condition=Q(state=_S.CLOSED, closed_at__isnull=False, informed_at__isnull=False)
                | (~Q(state=_S.CLOSED) & Q(closed_at=None)),
                name="complaint_closed_when_told",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"K{timezone.localtime(self.registered_at):%Y%m%d}-{self.pk:05d}"

    @property
    def state_word(self) -> ComplaintState:
        return ComplaintState(self.state)

    @property
    def class_word(self) -> ComplaintClass:
        return ComplaintClass(self.complaint_class)

    @property
    def verdict_word(self) -> Verdict | None:
        return Verdict(self.verdict) if self.verdict else None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @cached_property
    def complained_of(self) -> frozenset[int]:
        """Keys of the people that it is about: named, or the technician of the visit (R48). At most two queries."""
        people = {person.pk for person in self.people.all()}
        if self.visit_id and self.visit is not None and self.visit.technician_id:
            people.add(self.visit.technician_id)
        return frozenset(people)

    def concerns(self, by: Actor) -> bool:
        """Whether this actor is complained of (R48)."""
        return by.user is not None and by.user.pk in self.complained_of

    # ── transitions: fields, nothing else ──────────────────────────────────────────────────────
    @transition(field=state, source=[_S.REGISTERED, _S.REOPENED], target=_S.ACKNOWLEDGED)
    def acknowledge(self, at: datetime) -> None:
        self.acknowledged_at = at

    @transition(
        field=state,
        source=[_S.REGISTERED, _S.REOPENED, _S.ACKNOWLEDGED, _S.DISPUTED, _S.ESCALATED],
        target=_S.INVESTIGATING,
    )
    def investigate(self) -> None:
        self.escalation = ""
        self.other_team = None

    @transition(
        field=state,
        source=[_S.REGISTERED, _S.REOPENED, _S.ACKNOWLEDGED, _S.INVESTIGATING, _S.DISPUTED],
        target=_S.ESCALATED,
    )
    def escalate(self, kind: str, other_team: Team | None = None) -> None:
        self.escalation = kind
        self.other_team = other_team

    @transition(field=state, source=[_S.INVESTIGATING, _S.ESCALATED], target=_S.PROPOSED)
    def propose(self, at: datetime) -> None:
        self.decided_at = at
        self.informed_at = self.answered_at = None
        self.dispute_reason = ""
        self.escalation = ""
        self.other_team = None

    @transition(field=state, source=_S.PROPOSED, target=_S.ACCEPTED)
    def accept(self, at: datetime) -> None:
        self.answered_at = at

    @transition(field=state, source=_S.PROPOSED, target=_S.DISPUTED)
    def dispute(self, at: datetime, reason: str) -> None:
        self.answered_at = at
        self.dispute_reason = reason

    @transition(field=state, source=[_S.ACCEPTED, _S.ESCALATED], target=_S.REMEDIED)
    def settle(self, at: datetime) -> None:
        self.remedied_at = at
        self.escalation = ""
        self.other_team = None

    @transition(field=state, source=_S.REMEDIED, target=_S.CALLED_BACK)
    def call_back(self, at: datetime) -> None:
        self.called_back_at = at

    @transition(field=state, source=_S.CALLED_BACK, target=_S.CLOSED, conditions=[lambda self: bool(self.informed_at)])
    def close(self, at: datetime) -> None:
        self.closed_at = at

    @transition(field=state, source=[_S.CLOSED, _S.CALLED_BACK, _S.REMEDIED], target=_S.REOPENED)
    def reopen(self, at: datetime) -> None:
        self.cycle += 1
        self.cycle_at = at
        for name in self.OUTCOME:
            field = self._meta.get_field(name)
            setattr(self, name, field.get_default() if not field.null else None)  # type: ignore[union-attr]


class PastCycle(models.Model):
    """How a complaint was settled before it was opened again: kept whole beside the present one."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="past_cycles", db_index=False)
    cycle = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.JSONField()  # the fields of Complaint.OUTCOME as they were; people and teams by name

    class Meta:
        verbose_name = _("earlier cycle")
        verbose_name_plural = _("earlier cycles")
        constraints: ClassVar = [models.UniqueConstraint(fields=["complaint", "cycle"], name="past_cycle_once")]

    def __str__(self) -> str:
        return f"{self.complaint_id}/{self.cycle}"

    @property
    def verdict_label(self) -> str:
        verdict = self.outcome.get("verdict")
        return str(Verdict(verdict).label) if verdict else ""

    @property
    def remedy_label(self) -> str:
        remedy = self.outcome.get("remedy")
        return str(Remedy(remedy).label) if remedy else ""


class ComplaintEntry(models.Model):
    """Evidence of the customer or the staff, and the statement of who is complained of; never changed."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="entries", db_index=False)
    cycle = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=EntryKind)
    text = models.TextField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    door = models.CharField(max_length=10, choices=Door)
    picture = models.BinaryField(null=True, blank=True)  # JPEG, made anew from what was sent

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        indexes: ClassVar = [models.Index(fields=["complaint", "id"], name="complaint_entries")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="complaint_entry_stays", operation=pgtrigger.Delete | pgtrigger.Update)
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.kind}"
