"""What workers do for visits."""

from aftersales.core.time import now
from tickets import outbox
from visits import printing
from visits.models import Paper
from visits.services import link as links
from visits.services import paper as papers
from visits.states import SheetState


@outbox.task(papers.RENDER_TASK)
def render_paper(paper_id: int) -> None:
    """Make the files of a paper, once, however often the message comes."""
    paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None or paper.state == SheetState.READY:
        return
    try:
        if not paper.content or not paper.code:
            papers.complete_old(paper_id)
        printed = printing.paper_pdf(paper_id)
    except Exception as error:
        papers.fail(paper_id, f"{type(error).__name__}: {error}")
        raise
    papers.keep(paper_id, printed.all_copies, printed.customer_copy, at=now())


@outbox.task(links.MAIL_TASK)
def mail_link(link_id: int) -> None:
    """Send the customer the link to an appointment with its calendar file, once."""
    links.mail(link_id)
