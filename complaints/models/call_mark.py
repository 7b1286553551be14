"""The marks that customers gave on the telephone, beside whom and what they were about."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from aftersales.accounts.models import Region, Team, User
from complaints.models.callback import Attempt


class CallMark(models.Model):
    """What was answered in one call, with who was there and for whom, as it was then.

    It says what the attempt, its visit and its ticket say, in one narrow row: figures of a year read three hundred
    thousand of them, and may not read as many tickets for it.
    """

    attempt = models.OneToOneField(Attempt, models.CASCADE, primary_key=True, related_name="mark")
    at = models.DateTimeField()
    technician = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    line = models.CharField(max_length=12, blank=True)  # ProductModel.Line
    attitude = models.PositiveSmallIntegerField(null=True)
    quality = models.PositiveSmallIntegerField(null=True)
    solved = models.BooleanField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["at"],
                include=["technician", "region", "team", "line", "attitude", "quality", "solved"],
                name="call_mark_by_time",
            ),
            models.Index(fields=["technician", "at"], name="call_mark_of_technician"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}"
