"""What workers do for surveys."""

from complaints.services import survey
from tickets import outbox


@outbox.task(survey.MAIL_TASK)
def mail(survey_id: int) -> None:
    """Send the customer the link to a survey, once."""
    survey.mail(survey_id)
