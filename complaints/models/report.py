"""Reports to the general manager and the factory: frozen when they are generated, signed off, filed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.core.fsm import FSMField, ReadAgain, transition
from complaints.periods import Period
from complaints.states_report import REPORT_EDGES, FileFormat, ReportKind, ReportState
from visits.states import SheetState

_S = ReportState


class Report(ReadAgain, models.Model):
    """What the figures of a period were when it was generated (R49).

    Until somebody signs it off, it may be generated again as a further version with the same number; afterwards none.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=ReportKind)
    number = models.CharField(_("number"), max_length=20)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    current = models.BooleanField(default=True)
    state = FSMField(_("state"), max_length=10, choices=ReportState, default=_S.GENERATED, protected=True)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    generated_at = models.DateTimeField()
    generated_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    remark = models.TextField(_("remark"), blank=True)
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes: ClassVar = [models.Index(fields=["-first_day", "-id"], name="report_by_day")]
        triggers: ClassVar = [
            pgtrigger.FSM(name="report_state_moves", field="state", transitions=REPORT_EDGES),
            pgtrigger.Protect(name="report_stays", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="report_says_the_same",
                fields=[
                    "kind",
                    "number",
                    "version",
                    "first_day",
                    "last_day",
                    "content",
                    "content_sha256",
                    "generated_at",
                ],
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "first_day", "version"], name="report_version_once"),
            models.UniqueConstraint(fields=["kind", "first_day"], condition=Q(current=True), name="report_one_current"),
            models.CheckConstraint(condition=Q(kind__in=ReportKind.values), name="report_kind_known"),
            models.CheckConstraint(condition=Q(state__in=_S.values), name="report_state_known"),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="report_period_forward"),
            models.CheckConstraint(
                condition=Q(state=_S.GENERATED, signed_at=None) | Q(signed_at__isnull=False, current=True),
                name="report_signed_is_current",
            ),
        ]

    def __str__(self) -> str:
        return self.number if self.version == 1 else f"{self.number} v{self.version}"

    @property
    def kind_word(self) -> ReportKind:
        return ReportKind(self.kind)

    @property
    def state_word(self) -> ReportState:
        return ReportState(self.state)

    @property
    def period(self) -> Period:
        return Period(self.kind_word.period_kind, self.first_day, self.last_day)

    @property
    def short_hash(self) -> str:
        """The first letters of the content's hash as they stand on paper: "1f2e 3d4c 5b6a"."""
        digits = self.content_sha256[:12]
        return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))

    @transition(field=state, source=_S.GENERATED, target=_S.SIGNED, conditions=[lambda self: self.current])
    def sign(self, at: datetime, by: User | None, remark: str) -> None:
        self.signed_at, self.signed_by, self.remark = at, by, remark

    @transition(field=state, source=_S.SIGNED, target=_S.FILED)
    def put_away(self, at: datetime, by: User | None) -> None:
        self.filed_at, self.filed_by = at, by


class ReportFile(models.Model):
    """A report as a file in one language; made by a worker, and once more when it was signed off."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="files", db_index=False)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)
    format = models.CharField(max_length=4, choices=FileFormat)
    state = models.CharField(max_length=8, choices=SheetState, default=SheetState.QUEUED)
    file = models.FileField(upload_to="reports/%Y/%m", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("file of a report")
        verbose_name_plural = _("files of reports")
        ordering: ClassVar = ["language", "format"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "language", "format"], name="report_file_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How the file is called when it is saved."""
        return f"{str(self.report).replace(' ', '-')}-{self.language}.{self.format}"
