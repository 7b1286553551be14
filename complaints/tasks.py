"""What workers do for complaints."""

from complaints.services import action_check
from tickets import outbox


@outbox.task(action_check.RETURN_TASK)
def reopen_action(action_id: int, complaint_id: int) -> None:
    """Open a corrective action again to which a complaint returned while its ticket was being worked on."""
    action_check.reopen_for(action_id, complaint_id)
