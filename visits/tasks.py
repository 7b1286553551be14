"""What workers do for visits."""

from aftersales.core.time import now
from tickets import outbox
from visits import printing
from visits.models import ServiceSheet
from visits.services import link as links
from visits.services import sheet as sheets
from visits.states import SheetState


@outbox.task(sheets.RENDER_TASK)
def render_service_sheet(sheet_id: int) -> None:
    """Make the PDF of a service sheet, once, however often the message comes."""
    sheet = ServiceSheet.objects.filter(pk=sheet_id).first()
    if sheet is None or sheet.state == SheetState.READY:
        return
    try:
        pdf = printing.service_sheet_pdf(sheet_id)
    except Exception as error:
        sheets.fail(sheet_id, f"{type(error).__name__}: {error}")
        raise
    sheets.keep(sheet_id, pdf, at=now())


@outbox.task(links.MAIL_TASK)
def mail_link(link_id: int) -> None:
    """Send the customer the link to an appointment with its calendar file, once."""
    links.mail(link_id)
