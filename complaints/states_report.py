"""The words of reports."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.periods import PeriodKind
from tickets.states import Look


class ReportKind(TextChoices):
    QUARTERLY = "quarterly", _("Complaint analysis report")
    EIGHT_D = "eight_d", _("8D data")

    @property
    def period_kind(self) -> PeriodKind:
        return PeriodKind.QUARTER if self is ReportKind.QUARTERLY else PeriodKind.MONTH

    @property
    def prefix(self) -> str:
        """What its numbers begin with."""
        return "Q" if self is ReportKind.QUARTERLY else "D"

    @property
    def form(self) -> str:
        """The mark and version of the form itself (R71)."""
        return "CAR-1" if self is ReportKind.QUARTERLY else "8DD-1"


class ReportState(TextChoices):
    GENERATED = "generated", _("to be signed off")
    SIGNED = "signed", _("signed off")
    FILED = "filed", pgettext_lazy("a report", "filed")

    @property
    def colour(self) -> str:
        return _LOOKS[self].colour

    @property
    def icon(self) -> str:
        return _LOOKS[self].icon


_LOOKS = {
    ReportState.GENERATED: Look("orange", "pencil"),
    ReportState.SIGNED: Look("teal", "signature"),
    ReportState.FILED: Look("green", "archive"),
}
REPORT_EDGES = [("generated", "signed"), ("signed", "filed")]


class FileFormat(TextChoices):
    PDF = "pdf", "PDF"
    XLSX = "xlsx", "XLSX"

    @property
    def media_type(self) -> str:
        if self is FileFormat.PDF:
            return "application/pdf"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
