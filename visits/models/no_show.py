"""Who did not keep an appointment (R25): what is known, who decided, and whether it is disputed."""

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
from visits.states import Fault


class NoShowCase(ReadAgain, models.Model):
    """Half an hour after the agreed time somebody was missing. Open: a person has to decide whom to blame.

    `evidence` is what was known then: {"agreed", "checked_in", "absent", "calls": [{"at", "reached", "by"}]}, and of an
    arrival its place and code as on the visit.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to be decided")
        DECIDED = "decided", _("decided")

    visit = models.OneToOneField(Visit, models.PROTECT, related_name="no_show")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="no_shows")
    state = FSMField(max_length=8, choices=State, default=State.OPEN, protected=True)
    at = models.DateTimeField()  # when the half hour was over
    fault = models.CharField(_("fault"), max_length=8, choices=Fault, blank=True)
    evidence = models.JSONField(default=dict)
    decide_by = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    disputed_at = models.DateTimeField(null=True, blank=True)
    disputed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    dispute = models.CharField(_("dispute"), max_length=300, blank=True)
    first_in_line = models.BooleanField(default=False)  # we stayed away: the next free time is theirs

    class Meta:
        verbose_name = _("no-show")
        verbose_name_plural = _("no-shows")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", decide_by__isnull=False)
                | Q(state="decided", fault__in=Fault.values, decided_at__isnull=False),
                name="no_show_open_or_decided",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["decide_by"], condition=Q(state="open"), name="no_show_open"),
            models.Index(fields=["ticket"], condition=Q(first_in_line=True), name="no_show_first"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.fault or self.state}"

    @property
    def fault_word(self) -> Fault | None:
        return Fault(self.fault) if self.fault else None

    @transition(field=state, source=State.OPEN, target=State.DECIDED)
    def decide(self, at: datetime, fault: str, reason: str, by: User | None) -> None:
        self.fault, self.reason = fault, reason
        self.decided_at, self.decided_by = at, by

    @transition(field=state, source=State.DECIDED, target=State.OPEN)
    def reopen(self) -> None:
        """Somebody disputes it; who and why is set beside."""
