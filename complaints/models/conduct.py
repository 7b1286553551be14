"""Conduct violations: proposed from an established finding, decided by a manager, open to appeal."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.fsm import FSMField, ReadAgain, transition
from complaints.models.complaint import Complaint
from complaints.states_conduct import CONDUCT_EDGES, SHOWN_TO_THE_PERSON, STANDS, ConductKind, ConductState
from visits.models import Visit

_S = ConductState


class ConductQuerySet(models.QuerySet["ConductViolation"]):
    def visible_to(self, actor: Actor) -> ConductQuerySet:
        """Managers see all, supervisors their teams, each their own; nobody what is only proposed about himself."""
        user = actor.user
        if user is None:
            return self if actor.is_system else self.none()
        own = Q(person=user, state__in=[state.value for state in SHOWN_TO_THE_PERSON])
        if user.role == Role.MANAGER:
            return self.filter(own | ~Q(person=user))
        if user.role == Role.SUPERVISOR:
            team = Q(person__team__supervisor=user)
            if user.team_id:
                team |= Q(person__team=user.team_id)
            return self.filter(own | (team & ~Q(person=user)))
        return self.filter(own)


class ConductViolation(ReadAgain, models.Model):
    """One of the six violations, against one person, from one complaint (R51)."""

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="violations")
    cycle = models.PositiveSmallIntegerField(default=1)  # of the complaint
    person = models.ForeignKey(
        User, models.PROTECT, related_name="violations", verbose_name=_("employee"), db_index=False
    )
    kind = models.CharField(_("violation"), max_length=12, choices=ConductKind)
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    evidence = models.JSONField(default=list)  # [{"fact": Fact, "at": ISO, "minutes": 42, "text": "…"}]
    note = models.TextField(_("why"), blank=True)  # of who proposes by hand
    state = FSMField(_("state"), max_length=10, choices=ConductState, default=_S.PROPOSED, protected=True)
    version = models.PositiveIntegerField(default=1)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.TextField(_("reason"), blank=True)
    appeal_until = models.DateTimeField(null=True, blank=True)
    appeal = models.TextField(_("appeal"), blank=True)
    appealed_at = models.DateTimeField(null=True, blank=True)
    ruled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    ruled_at = models.DateTimeField(null=True, blank=True)
    ruling = models.TextField(_("reason"), blank=True)

    objects = ConductQuerySet.as_manager()

    class Meta:
        verbose_name = _("conduct violation")
        verbose_name_plural = _("conduct violations")
        indexes: ClassVar = [
            models.Index(
                fields=["proposed_at", "id"], condition=Q(state__in=["appealed", "proposed"]), name="conduct_to_decide"
            ),
            models.Index(fields=["-proposed_at", "-id"], name="conduct_by_time"),
            models.Index(fields=["person", "-proposed_at"], name="conduct_of_person"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="conduct_state_moves", field="state", transitions=CONDUCT_EDGES),
            pgtrigger.Protect(name="conduct_stays", operation=pgtrigger.Delete),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["complaint", "person", "kind"],
                condition=Q(state__in=["proposed", "confirmed", "appealed", "upheld"]),
                name="conduct_once",
            ),
            models.CheckConstraint(condition=Q(state__in=_S.values), name="conduct_state_known"),
            models.CheckConstraint(condition=Q(kind__in=ConductKind.values), name="conduct_kind_known"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("person")), name="conduct_not_by_oneself"
            ),
            models.CheckConstraint(
                condition=Q(ruled_by=None) | ~Q(ruled_by=models.F("person")), name="conduct_not_ruled_by_oneself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id} {self.kind}"

    @property
    def state_word(self) -> ConductState:
        return ConductState(self.state)

    @property
    def stands(self) -> bool:
        return self.state in STANDS

    @transition(field=state, source=_S.PROPOSED, target=_S.CONFIRMED)
    def confirm(self, at: datetime, appeal_until: datetime) -> None:
        self.decided_at = at
        self.appeal_until = appeal_until

    @transition(field=state, source=_S.PROPOSED, target=_S.REJECTED)
    def reject(self, at: datetime) -> None:
        self.decided_at = at

    @transition(field=state, source=_S.PROPOSED, target=_S.WITHDRAWN)
    def withdraw(self) -> None:
        """The finding that it rests on does not stand any more."""

    @transition(field=state, source=_S.CONFIRMED, target=_S.APPEALED)
    def appeal_against(self, at: datetime, text: str) -> None:
        self.appealed_at = at
        self.appeal = text

    @transition(field=state, source=_S.APPEALED, target=_S.UPHELD)
    def uphold(self, at: datetime) -> None:
        self.ruled_at = at

    @transition(field=state, source=[_S.CONFIRMED, _S.APPEALED, _S.UPHELD], target=_S.LIFTED)
    def lift(self, at: datetime) -> None:
        self.ruled_at = at
