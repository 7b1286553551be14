"""Callbacks: the calls that we owe, how each attempt went, and the answers that were promised."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.core.fsm import FSMField, ReadAgain, transition
from complaints.models.complaint import Complaint
from complaints.models.plan import FollowUpPlan
from complaints.states_callback import CallbackKind, CallbackState, Outcome
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.sla.states import Target
from visits.models import Visit

_K, _S = CallbackKind, CallbackState


class Callback(ReadAgain, models.Model):
    """A call owed to a customer: after a visit (R60), a complaint (R44), by plan (R61) or for low marks; never made by
    whoever it is about (R68).

    `target` names the promise that this call keeps, "" when it has none of its own. `call_after` is when it may be
    tried next; `claimed_by` has it on the screen until `claimed_until`.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="callbacks")
    kind = models.CharField(_("kind"), max_length=10, choices=CallbackKind, default=_K.FIRST)
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, blank=True, related_name="callbacks", db_index=False)
    complaint = models.ForeignKey(
        Complaint, models.PROTECT, null=True, blank=True, related_name="callbacks", db_index=False
    )
    plan = models.ForeignKey(
        FollowUpPlan, models.PROTECT, null=True, blank=True, related_name="callbacks", db_index=False
    )
    plan_on = models.DateField(null=True, blank=True)
    target = models.CharField(max_length=30, blank=True, default=Target.CALLBACK)
    state = FSMField(max_length=10, choices=CallbackState, default=_S.OWED, protected=True)
    assigned_to = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("who calls")
    )
    about = models.TextField(blank=True)  # what to speak about: the low marks, what the complaint came to
    owed_at = models.DateTimeField()
    opens_at = models.DateTimeField()
    due_at = models.DateTimeField()
    call_after = models.DateTimeField()
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(_("reason"), max_length=300, blank=True)  # of giving up

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state="owed"), name="callback_worklist"),
            models.Index(
                fields=["claimed_by"], condition=Q(state="owed", claimed_by__isnull=False), name="callback_claimed"
            ),
            models.Index(
                fields=["assigned_to", "due_at", "id"],
                condition=Q(state="owed", assigned_to__isnull=False),
                name="callback_assigned",
            ),
            models.Index(fields=["-ended_at", "-id"], condition=Q(ended_at__isnull=False), name="callback_ended"),
            models.Index(fields=["due_at"], include=["state", "ended_at", "ticket"], name="callback_by_due"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(due_at__gt=F("opens_at")), name="callback_window_forward"),
            models.CheckConstraint(condition=Q(state__in=_S.values), name="callback_state_known"),
            models.CheckConstraint(
                condition=Q(kind__in=[_K.FIRST, _K.SECOND, _K.SURVEY], visit__isnull=False, complaint=None, plan=None)
                | Q(kind=_K.COMPLAINT, complaint__isnull=False, plan=None)
                | Q(kind=_K.PLAN, plan__isnull=False, plan_on__isnull=False, complaint=None),
                name="callback_has_its_subject",
            ),
            models.UniqueConstraint(
                fields=["visit", "kind"],
                condition=Q(kind__in=[_K.FIRST, _K.SECOND]),
                name="callback_of_visit_once",
            ),
            models.UniqueConstraint(
                fields=["visit"], condition=Q(kind=_K.SURVEY, state="owed"), name="callback_survey_once"
            ),
            models.UniqueConstraint(
                fields=["complaint"], condition=Q(kind=_K.COMPLAINT, state="owed"), name="callback_of_complaint_once"
            ),
            models.UniqueConstraint(
                fields=["plan", "plan_on"], condition=Q(kind=_K.PLAN), name="callback_of_plan_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"

    @property
    def kind_word(self) -> CallbackKind:
        return CallbackKind(self.kind)

    @property
    def state_word(self) -> CallbackState:
        return CallbackState(self.state)

    @property
    def promise(self) -> Clock | None:
        """The clock of this call, where the list has read the ticket's clocks."""
        clocks: list[Clock] = getattr(self.ticket, "callback_clocks", [])
        return next((clock for clock in clocks if clock.target == self.target), None)

    def claimed_by_another(self, user: User | None, at: datetime) -> bool:
        """Whether somebody else has this customer on the screen now."""
        return (
            self.claimed_by_id is not None
            and self.claimed_until is not None
            and self.claimed_until > at
            and (user is None or self.claimed_by_id != user.pk)
        )

    # ── transitions: fields, nothing else ──────────────────────────────────────────────────────
    @transition(field=state, source=_S.OWED, target=_S.REACHED)
    def reach(self, at: datetime) -> None:
        self._end(at)

    @transition(field=state, source=_S.OWED, target=_S.REFUSED)
    def refuse(self, at: datetime) -> None:
        self._end(at)

    @transition(field=state, source=_S.OWED, target=_S.GIVEN_UP)
    def give_up(self, at: datetime, reason: str) -> None:
        self._end(at)
        self.ended_reason = reason

    @transition(field=state, source=_S.OWED, target=_S.WITHDRAWN)
    def withdraw(self, at: datetime) -> None:
        self._end(at)

    def _end(self, at: datetime) -> None:
        self.ended_at = at
        self.claimed_by = self.claimed_until = None


class Attempt(models.Model):
    """One call: when, by whom, with what outcome (R64: every follow-up call is registered)."""

    callback = models.ForeignKey(Callback, models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    outcome = models.CharField(max_length=16, choices=Outcome)
    attitude = models.PositiveSmallIntegerField(null=True, blank=True)  # 1 … 5
    quality = models.PositiveSmallIntegerField(null=True, blank=True)  # 1 … 5
    solved = models.BooleanField(null=True, blank=True)  # as the customer says
    note = models.TextField(blank=True)
    asked_time = models.BooleanField(default=False)  # the customer asked to be called at this time

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        indexes: ClassVar = [
            models.Index(fields=["by", "-at"], name="attempt_of_caller"),
            models.Index(fields=["-at", "-id"], name="attempt_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.callback_id} {self.outcome}"


class PromisedAnswer(models.Model):
    """A customer's question that could not be answered on the telephone, and when the answer was promised for (R62)."""

    callback = models.OneToOneField(Callback, models.PROTECT, related_name="promised")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="promised_answers", db_index=False)
    question = models.TextField(_("the customer's question"))
    promised_at = models.DateTimeField(_("answer promised by"))
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("promised answer")
        verbose_name_plural = _("promised answers")
        indexes: ClassVar = [
            models.Index(fields=["promised_at", "id"], condition=Q(answered_at=None), name="answer_owed"),
            models.Index(fields=["ticket", "promised_at"], name="answer_of_ticket"),
            models.Index(fields=["-answered_at", "-id"], condition=Q(answered_at__isnull=False), name="answer_given"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(promised_at__gt=F("asked_at")), name="answer_promised_ahead"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="") | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="answer_in_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.promised_at:%Y-%m-%d}"
