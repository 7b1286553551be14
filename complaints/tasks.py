"""What workers do for complaints, calls and letters: actions opened again, the day's calls, reports, printing."""

from __future__ import annotations

import structlog
from celery import shared_task

from aftersales.core.time import now
from complaints import printing, report_files
from complaints.models import LetterRun, ReportFile
from complaints.services import action_check, invitation, letter, plan
from complaints.services import report as reports
from tickets import outbox
from visits.states import SheetState

log = structlog.get_logger(__name__)


@shared_task(name="complaints.tasks.plan_calls")
def plan_calls() -> None:
    """Owe the calls of today, and make the lists that are due; twice a day has the effect of once."""
    log.info(
        "calls.planned",
        by_plan=plan.call_due(),
        maintenance=invitation.remind_of_maintenance(),
        campaigns=invitation.due_lists(),
    )


@outbox.task(invitation.LIST_TASK)
def list_campaign(campaign_id: int) -> None:
    """Make the call list of a campaign that is planned for the coming two weeks."""
    invitation.make_list(campaign_id)


@outbox.task(letter.RENDER_TASK)
def render_letters(run_id: int) -> None:
    """Make the file of letters that are printed together, once, however often the message comes."""
    run = LetterRun.objects.filter(pk=run_id).first()
    if run is None or run.state == SheetState.READY:
        return
    try:
        pdf = printing.letters_pdf(run_id)
    except Exception as error:
        letter.fail(run_id, f"{type(error).__name__}: {error}")
        raise
    letter.keep(run_id, pdf, at=now())


@outbox.task(action_check.RETURN_TASK)
def reopen_action(action_id: int, complaint_id: int) -> None:
    """Open a corrective action again to which a complaint returned while its ticket was being worked on."""
    action_check.reopen_for(action_id, complaint_id)


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
