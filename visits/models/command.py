"""What was done on a telephone while there was no network, as it came in afterwards."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states import CommandState


class Command(models.Model):
    """One command of a technician, with the id that the telephone gave it: whatever comes twice is done once.

    `device` and `number` (1, 2, 3 …) are the queue of one telephone for one visit; a command waits for those before
    it. A command that was sent straight from a page has neither.
    """

    id = models.UUIDField(primary_key=True)
    visit = models.ForeignKey(Visit, models.CASCADE, related_name="commands")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("technician"))
    device = models.UUIDField(null=True, blank=True)
    number = models.PositiveIntegerField(null=True, blank=True)
    name = models.CharField(max_length=40)
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)  # the fields of the form, as they were entered
    file_field = models.CharField(max_length=40, blank=True)
    file = models.FileField(upload_to="commands/%Y/%m", blank=True)
    made_at = models.DateTimeField(_("made"))  # reckoned back from the server's clock: a telephone's may be a day off
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(max_length=8, choices=CommandState, default=CommandState.WAITING)
    said = models.TextField(_("why it could not be done"), blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("command of a telephone")
        verbose_name_plural = _("commands of telephones")
        indexes: ClassVar = [
            models.Index(fields=["made_at", "id"], condition=Q(state="conflict"), name="command_conflict"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["visit", "device", "number"], condition=Q(number__isnull=False), name="command_place_once"
            ),
            models.CheckConstraint(condition=Q(state__in=CommandState.values), name="command_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"
