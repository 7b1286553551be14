"""Goods that could not be repaired at the customer's and were taken along (R29)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.core.fsm import FSMField, ReadAgain, transition
from tickets.models import Ticket
from visits.models.visit import Visit
from visits.states_work import WorkshopState


class WorkshopItem(ReadAgain, models.Model):
    """One thing of a customer's in our hands, from the label until it is back."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="workshop_items")
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="workshop_items")
    state = FSMField(_("state"), max_length=12, choices=WorkshopState, default=WorkshopState.TAKEN, protected=True)
    what = models.CharField(_("what was taken along"), max_length=200)
    condition = models.CharField(_("condition and accessories"), max_length=500)
    agreed_by = models.CharField(_("agreed by"), max_length=80)
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    taken_at = models.DateTimeField(_("taken along"))
    arrived_at = models.DateTimeField(_("in the workshop since"), null=True, blank=True)
    ready_at = models.DateTimeField(_("ready since"), null=True, blank=True)
    returned_at = models.DateTimeField(_("returned"), null=True, blank=True)
    returned_to = models.CharField(_("returned to"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("goods in the workshop")
        verbose_name_plural = _("goods in the workshop")
        indexes: ClassVar = [
            models.Index(fields=["taken_at", "id"], condition=Q(returned_at=None), name="workshop_here"),
            models.Index(fields=["-returned_at", "-id"], condition=~Q(returned_at=None), name="workshop_returned"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=WorkshopState.values), name="workshop_state_known"),
            models.CheckConstraint(
                condition=Q(state="returned", returned_at__isnull=False) | (~Q(state="returned") & Q(returned_at=None)),
                name="workshop_returned_when_it_is",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state_word(self) -> WorkshopState:
        return WorkshopState(self.state)

    @transition(field=state, source=WorkshopState.TAKEN, target=WorkshopState.IN_WORKSHOP)
    def arrive(self, at: datetime) -> None:
        self.arrived_at = at

    @transition(field=state, source=WorkshopState.IN_WORKSHOP, target=WorkshopState.READY)
    def get_ready(self, at: datetime) -> None:
        self.ready_at = at

    @transition(
        field=state,
        source=[WorkshopState.TAKEN, WorkshopState.IN_WORKSHOP, WorkshopState.READY],
        target=WorkshopState.RETURNED,
    )
    def give_back(self, at: datetime, to: str) -> None:
        self.returned_at = at
        self.returned_to = to
