"""What workers do for calls and letters: the day's calls by plan, call lists, and printing."""

from __future__ import annotations

import structlog
from celery import shared_task

from aftersales.core.time import now
from complaints import printing
from complaints.models import LetterRun
from complaints.services import invitation, letter, plan
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
