"""What workers do for complaints."""

from celery import shared_task

from aftersales.core.time import now
from complaints import report_files
from complaints.models import ReportFile
from complaints.services import report as reports
from tickets import outbox
from visits.states import SheetState


@shared_task(name="complaints.tasks.generate_reports")
def generate_reports() -> None:
    """Generate the reports whose period is over; however often it is asked, each comes once."""
    reports.generate_due(at=now())


@outbox.task(reports.RENDER_TASK)
def render_report(report_id: int) -> None:
    """Make the files of a report that are not there, each once, however often the message comes."""
    rows = ReportFile.objects.filter(report=report_id).exclude(state=SheetState.READY)
    for row in rows.select_related("report__signed_by"):
        try:
            made = report_files.make(row.report, row.language, row.format)
        except Exception as error:
            reports.fail(row.pk, f"{type(error).__name__}: {error}")
            raise
        reports.keep(row.pk, made, signed_at=row.report.signed_at, at=now())
