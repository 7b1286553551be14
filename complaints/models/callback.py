"""Callbacks: the calls that we owe, and how each attempt went."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.core.fsm import FSMField, ReadAgain, transition
from complaints.states_callback import CallbackState, Outcome
from tickets.models import Ticket
from visits.models import Visit


class Callback(ReadAgain, models.Model):
    """A call owed after a completed visit, from day 3 to day 7 (R60), never by the visitor (R68)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="callbacks")
    visit = models.OneToOneField(Visit, models.PROTECT, related_name="callback")
    state = FSMField(max_length=10, choices=CallbackState, default=CallbackState.OWED, protected=True)
    opens_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts_made = models.PositiveSmallIntegerField(default=0)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state="owed"), name="callback_worklist"),
            models.Index(fields=["due_at"], include=["state", "ended_at", "ticket"], name="callback_by_due"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gt=F("opens_at")), name="callback_window_forward"),
            models.CheckConstraint(condition=Q(state__in=CallbackState.values), name="callback_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}"

    @transition(field=state, source=CallbackState.OWED, target=CallbackState.REACHED)
    def reach(self) -> None:
        """The customer answered."""

    @transition(field=state, source=CallbackState.OWED, target=CallbackState.WITHDRAWN)
    def withdraw(self) -> None:
        """The ticket was reopened by another way; the next visit owes its own callback."""


class Attempt(models.Model):
    """One call: when, by whom, with what outcome (R64: every follow-up call is registered)."""

    callback = models.ForeignKey(Callback, models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=16, choices=Outcome)
    attitude = models.PositiveSmallIntegerField(null=True, blank=True)  # 1 … 5
    quality = models.PositiveSmallIntegerField(null=True, blank=True)  # 1 … 5
    solved = models.BooleanField(null=True, blank=True)  # as the customer says
    note = models.TextField(blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.callback_id} {self.outcome}"
