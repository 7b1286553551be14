"""Corrective and preventive action in eight disciplines, and the checks whether it helped."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Team, User
from aftersales.accounts.roles import DESK, Role
from aftersales.core.fsm import FSMField, ReadAgain, transition
from aftersales.customers.models import ProductModel
from complaints.models.complaint import Complaint
from complaints.states import Cause
from complaints.states_action import ACTION_EDGES, CHECK_DAYS, ActionState, Discipline
from tickets.models import Ticket
from visits.models import Part

_S = ActionState


class ActionQuerySet(models.QuerySet["CorrectiveAction"]):
    def visible_to(self, actor: Actor) -> ActionQuerySet:
        """The desk sees all of them, a technician those of his own (R75)."""
        if actor.user is None:
            return self if actor.is_system else self.none()
        if actor.user.role in DESK | {Role.ARCHIVIST}:
            return self
        return self.filter(owner=actor.user)


class CorrectiveAction(ReadAgain, models.Model):
    """What is done about a cause, step by step; its clocks hang on the ticket of its first complaint (R49, R85).

    `settled` when it is closed and the last check found it effective: until then a complaint that returns opens it
    again, and a ticket carries no other.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="actions", db_index=False)
    complaints = models.ManyToManyField(Complaint, related_name="actions", verbose_name=_("complaints behind it"))
    title = models.CharField(_("what it is about"), max_length=200)
    cause = models.CharField(_("cause"), max_length=14, choices=Cause)
    model = models.ForeignKey(
        ProductModel, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("model"), db_index=False
    )
    part = models.ForeignKey(
        Part, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("part"), db_index=False
    )
    part_batch = models.CharField(_("batch"), max_length=40, blank=True)
    state = FSMField(_("state"), max_length=8, choices=ActionState, default=_S.OPEN, protected=True)
    version = models.PositiveIntegerField(default=1)
    cycle = models.PositiveSmallIntegerField(default=1)  # 2 after the complaint returned for the first time
    cycle_at = models.DateTimeField()
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="actions", verbose_name=_("owner"), db_index=False
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department"), db_index=False
    )
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    implemented_at = models.DateTimeField(null=True, blank=True)  # D6 of this cycle
    closed_at = models.DateTimeField(null=True, blank=True)
    settled = models.BooleanField(default=False)
    due_at = models.DateTimeField()  # of what comes next, for the order of the list; the clock is the truth

    objects = ActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("corrective action")
        verbose_name_plural = _("corrective actions")
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(settled=False), name="action_worklist"),
            models.Index(fields=["owner", "due_at"], condition=Q(settled=False), name="action_of_owner"),
            models.Index(fields=["cause", "model"], condition=Q(settled=False), name="action_to_return"),
            models.Index(fields=["-closed_at", "-id"], condition=Q(state="closed"), name="action_closed"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="action_state_moves", field="state", transitions=ACTION_EDGES),
            pgtrigger.Protect(name="action_stays", operation=pgtrigger.Delete),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(settled=False), name="action_one_of_ticket"),
            models.CheckConstraint(condition=Q(state__in=_S.values), name="action_state_known"),
            models.CheckConstraint(
                condition=Q(state=_S.CLOSED, closed_at__isnull=False, implemented_at__isnull=False)
                | Q(state=_S.OPEN, closed_at=None, settled=False),
                name="action_closed_when_done",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"A{timezone.localtime(self.opened_at):%Y%m%d}-{self.pk:05d}"

    @property
    def state_word(self) -> ActionState:
        return ActionState(self.state)

    @property
    def thing(self) -> str:
        """What it is compared by: the part with its batch, or the model, or else the department."""
        if self.part is not None:
            return " ".join(filter(None, [str(self.part), self.part_batch]))
        return str(self.model or self.team or "")

    @transition(field=state, source=_S.OPEN, target=_S.CLOSED)
    def close(self, at: datetime) -> None:
        self.closed_at = at

    @transition(field=state, source=_S.CLOSED, target=_S.OPEN)
    def open_again(self) -> None:
        self.closed_at = None


class ActionStep(models.Model):
    """What one discipline says; a correction is a further revision, and what stood there before stays readable."""

    action = models.ForeignKey(CorrectiveAction, models.PROTECT, related_name="steps", db_index=False)
    cycle = models.PositiveSmallIntegerField()
    discipline = models.PositiveSmallIntegerField(choices=Discipline)
    revision = models.PositiveSmallIntegerField(default=1)
    text = models.TextField()
    escape = models.TextField(blank=True)  # D4: why it was not noticed before it reached the customer
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        triggers: ClassVar = [
            pgtrigger.Protect(name="action_step_stays", operation=pgtrigger.Delete | pgtrigger.Update)
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["action", "cycle", "discipline", "revision"], name="action_step_once"),
            models.CheckConstraint(condition=Q(discipline__in=Discipline.values), name="action_step_known"),
            models.CheckConstraint(
                condition=~Q(discipline=Discipline.CAUSE) | ~Q(escape=""), name="action_escape_point_told"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_id} D{self.discipline}.{self.revision}"


class EffectivenessCheck(models.Model):
    """Whether the complaint stayed away, 30 and 90 days after the action was in place."""

    action = models.ForeignKey(CorrectiveAction, models.PROTECT, related_name="checks", db_index=False)
    cycle = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField(choices=[(days, str(days)) for days in CHECK_DAYS])
    due_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    effective = models.BooleanField(null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    returned = models.ManyToManyField(Complaint, related_name="+")  # as they were counted at the check
    dropped_at = models.DateTimeField(null=True, blank=True)  # opened again before its day came

    class Meta:
        verbose_name = _("effectiveness check")
        verbose_name_plural = _("effectiveness checks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["action", "cycle", "days"], name="action_check_once"),
            models.CheckConstraint(
                condition=Q(checked_at=None, effective=None)
                | (Q(checked_at__isnull=False, effective__isnull=False, dropped_at=None) & ~Q(reason="")),
                name="action_check_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_id} +{self.days}"
