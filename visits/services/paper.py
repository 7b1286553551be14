"""Papers: asked for, frozen with number, version and hash, made by a worker; a later change makes the next version."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.text import clean_text
from aftersales.core.time import now
from tickets import outbox, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from visits import paper_facts, paper_failure, papers
from visits.models import MajorFailure, Paper, Visit
from visits.models.paper import new_code
from visits.papers import Content, Kind
from visits.selectors import visit_with_facts
from visits.states import ACTIVE, PaperKind, SheetState

RENDER_TASK = "visits.tasks.render_paper"
LONGEST_PERIOD = timedelta(days=31)
LONGEST_TEXT = 4000
_TOLD = frozenset({PaperKind.SERVICE_SHEET, PaperKind.INSTALLATION_SHEET})  # in the timeline: what customers keep


# ── asking for a paper ─────────────────────────────────────────────────────────────────────────
@transaction.atomic
def issue(visit_id: int, kind: str, *, by: Actor, at: datetime | None = None) -> Paper:
    """The paper of a visit as the facts are now: its first version, the one there is, or the next one.

    Raises Missing when there is no such visit or form, NotAllowed when the visit cannot have it now.
    """
    form = papers.kinds.get(kind)
    if form is None or form.of != "visit":
        raise Missing(_("There is no such form."))
    visit = _locked_visit(visit_id)
    if not form.may(visit):
        raise NotAllowed(_("This visit has no such paper now."), code="paper_not_now")
    return issue_locked(visit, form, by=by, at=at or now())


def issue_locked(visit: Visit, form: Kind, *, by: Actor, at: datetime) -> Paper:
    """The same for a visit whose ticket is locked and whose facts were read."""
    return _issue(form, visit, by=by, at=at, visit=visit)


@transaction.atomic
def issue_analysis(failure_id: int, *, by: Actor, at: datetime | None = None) -> Paper:
    """The report and analysis of a major failure as they are now (R34). Raises Missing."""
    require(by, LEADERS)
    ticket_id = MajorFailure.objects.filter(pk=failure_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such report."))
    Ticket.objects.locked(ticket_id)
    return analysed(failure_id, by=by, at=at or now())


def analysed(failure_id: int, *, by: Actor, at: datetime) -> Paper:
    """The same with the ticket locked."""
    form = papers.kinds.get(PaperKind.FAILURE_ANALYSIS)
    failure = paper_failure.with_facts(failure_id)
    if form is None or failure is None:
        raise Missing(_("There is no such form."))
    return _issue(form, failure, by=by, at=at, failure=failure)


def issue_of(form: Kind, subject: Any, ticket: Ticket | None, *, by: Actor, at: datetime) -> Paper:
    """The paper of a noun of an upper floor, its facts read, behind the lock of its ticket or else its own."""
    return _issue(form, subject, by=by, at=at, subject=subject.pk, ticket=ticket)


def _issue(form: Kind, told: Any, *, by: Actor, at: datetime, **of: Any) -> Paper:
    same = {name: value for name, value in of.items() if name != "ticket" or "subject" not in of}
    last = Paper.objects.filter(kind=form.kind, current=True, **same).first()
    content = papers.content_of(form, told)
    if last is None:
        number = form.number(told) if form.number else _next_number(form.prefix, at)
        return _create(form, number, content, by=by, at=at, **of)
    return _renew(form, last, content, by=by, at=at)


@transaction.atomic
def issue_register(
    *, technician: User | None, first_day: date, last_day: date, by: Actor, at: datetime | None = None
) -> Paper:
    """The register of the visits of some days, of one technician or of all. Raises Invalid, naming the field."""
    form = papers.kinds.get(PaperKind.VISIT_REGISTER)
    if form is None:
        raise Missing(_("There is no such form."))
    at = at or now()
    if last_day < first_day:
        raise Invalid(_("The end must not be before the start."), code="order", field="last_day")
    if last_day - first_day >= LONGEST_PERIOD:
        raise Invalid(_("At most %(days)d days.") % {"days": LONGEST_PERIOD.days}, code="too_long", field="last_day")
    period = paper_facts.Period(technician, first_day, last_day)
    content = papers.content_of(form, period)
    if len(content["rows"]) > paper_facts.MOST_ROWS:
        message = _("More than %(max)d visits: choose fewer days or one technician.") % {"max": paper_facts.MOST_ROWS}
        raise Invalid(message, code="too_many", field="last_day")
    with connection.cursor() as cursor:  # two who ask at once for the same days get one paper
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"register {technician and technician.pk} {first_day} {last_day}"],
        )
    last = Paper.objects.filter(
        kind=form.kind, visit=None, technician=technician, first_day=first_day, last_day=last_day, current=True
    ).first()
    if last is not None:
        return _renew(form, last, content, by=by, at=at)
    return _create(
        form,
        _next_number(form.prefix, at),
        content,
        by=by,
        at=at,
        technician=technician,
        first_day=first_day,
        last_day=last_day,
    )


@transaction.atomic
def issue_period(
    kind: PaperKind, *, first_day: date, last_day: date, most: int, by: Actor, at: datetime | None = None
) -> Paper:
    """A register of another floor for some days, of at most so many rows. Raises Invalid, naming the field."""
    form = papers.kinds.get(kind)
    if form is None or form.of != "days":
        raise Missing(_("There is no such form."))
    if last_day < first_day:
        raise Invalid(_("The end must not be before the start."), code="order", field="last_day")
    if last_day - first_day >= LONGEST_PERIOD:
        raise Invalid(_("At most %(days)d days.") % {"days": LONGEST_PERIOD.days}, code="too_long", field="last_day")
    content = papers.content_of(form, paper_facts.Period(None, first_day, last_day))
    if len(content["rows"]) > most:
        raise Invalid(
            _("More than %(max)d rows: choose fewer days.") % {"max": most}, code="too_many", field="last_day"
        )
    _alone(kind, first_day, last_day)
    last = Paper.objects.filter(
        kind=kind, first_day=first_day, last_day=last_day, technician=None, current=True
    ).first()
    at = at or now()
    if last is not None:
        return _renew(form, last, content, by=by, at=at)
    number = _next_number(form.prefix, at)
    return _create(form, number, content, by=by, at=at, first_day=first_day, last_day=last_day)


@transaction.atomic
def issue_numbered(kind: PaperKind, subject: Any, *, by: Actor, at: datetime | None = None) -> Paper:
    """A paper of another floor about something that has its own number: the first version, or the next one."""
    form = papers.kinds.get(kind)
    if form is None or form.number is None:
        raise Missing(_("There is no such form."))
    number, content = form.number(subject), papers.content_of(form, subject)
    _alone(kind, number)
    last = Paper.objects.filter(kind=kind, number=number, current=True).first()
    at = at or now()
    return _renew(form, last, content, by=by, at=at) if last else _create(form, number, content, by=by, at=at)


def _alone(*what: object) -> None:
    """Two who ask at once for the same paper get one: the second waits here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["paper/" + "/".join(map(str, what))])


def changed(visit_id: int, *kinds: PaperKind, by: Actor, at: datetime) -> list[Paper]:
    """Make the next version of each paper of a visit that says something else now, and the papers of `kinds`.

    To be called with the ticket locked, by whatever changes what papers show after they were issued.
    """
    visit = visit_with_facts(visit_id)
    if visit is None:
        return []
    made = []
    for last in Paper.objects.filter(visit=visit, current=True):
        form = papers.kinds.get(last.kind)
        if form is not None and papers.content_of(form, visit) != last.content:
            made.append(issue_locked(visit, form, by=by, at=at))
    done = {paper.kind for paper in made}
    made += [
        issue_locked(visit, form, by=by, at=at)
        for kind in kinds
        if kind not in done and (form := papers.kinds.get(kind)) is not None
    ]
    return made


def stale(subject: Any, paper: Paper) -> bool:
    """Whether the facts have changed since this version; `subject` with its facts read."""
    form = papers.kinds.get(paper.kind)
    return form is not None and bool(paper.content) and papers.content_of(form, subject) != paper.content


def _create(form: Kind, number: str, content: Content, *, by: Actor, at: datetime, **of: Any) -> Paper:
    paper = Paper.objects.create(
        kind=form.kind,
        number=number,
        content=content,
        content_sha256=papers.digest(form.kind, number, content),
        code=new_code(),
        created_by=by.user,
        created_at=at,
        **of,
    )
    outbox.put(RENDER_TASK, paper.pk)
    return paper


def _renew(form: Kind, last: Paper, content: Content, *, by: Actor, at: datetime) -> Paper:
    if not last.content:  # made before versions were kept: what it said then stands in its file alone
        last.content, last.content_sha256 = content, papers.digest(last.kind, last.number, content)
        last.save(update_fields=["content", "content_sha256"])
    if last.content == content:
        return last
    Paper.objects.filter(pk=last.pk).update(current=False)
    return _create(
        form,
        last.number,
        content,
        by=by,
        at=at,
        version=last.version + 1,
        changes=papers.differences(last.content, content),
        visit=last.visit,
        failure=last.failure,
        subject=last.subject,
        ticket=last.ticket,
        technician=last.technician,
        first_day=last.first_day,
        last_day=last.last_day,
    )


def _next_number(prefix: str, at: datetime) -> str:
    sequence = "sheet_numbers" if prefix == "S" else "paper_numbers"
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return f"{prefix}{timezone.localtime(at):%Y%m%d}-{cursor.fetchone()[0]:05d}"


def _locked_visit(visit_id: int) -> Visit:
    ticket_id = Visit.objects.filter(pk=visit_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such visit."))
    Ticket.objects.locked(ticket_id)
    visit = visit_with_facts(visit_id)
    if visit is None:
        raise Missing(_("There is no such visit."))
    return visit


# ── correcting what a sheet says ───────────────────────────────────────────────────────────────
@transaction.atomic
def correct(
    visit_id: int, *, finding: str, work_done: str, reason: str, by: Actor, at: datetime | None = None
) -> Visit:
    """Correct the report of a visit that has ended, with the reason; the signed sheet stays, the next lists the change.

    The technician who was there, dispatchers and leaders may.
    """
    visit = _locked_visit(visit_id)
    at = at or now()
    if by.user is not None and by.user.role == Role.TECHNICIAN and visit.technician_id != by.user.pk:
        raise NotAllowed(_("This is another technician's visit."))
    if visit.state in ACTIVE or not paper_facts.ended(visit):
        raise NotAllowed(_("Only the report of a visit that has ended can be corrected."), code="visit_not_ended")
    words = {"finding": clean_text(finding), "work_done": clean_text(work_done), "reason": clean_text(reason)}
    errors = [(name, "required", _("Write something here.")) for name, text in words.items() if not text]
    for name, most in (("finding", LONGEST_TEXT), ("work_done", LONGEST_TEXT), ("reason", 300)):
        if len(words[name]) > most:
            errors.append((name, "too_long", _("At most %(max)s characters.") % {"max": f"{most:,}"}))
    if errors:
        raise Invalid(errors=errors)
    if (visit.finding, visit.work_done) == (words["finding"], words["work_done"]):
        raise Invalid(_("Nothing was changed."), code="unchanged", field="finding")
    visit.finding, visit.work_done = words["finding"], words["work_done"]
    visit.version += 1
    visit.save(update_fields=["finding", "work_done", "version"])
    made = changed(visit.pk, by=by, at=at)
    sheet = next((paper for paper in made if paper.kind == PaperKind.SERVICE_SHEET), None)
    timeline.record(
        visit.ticket,
        EventKind.SHEET_CORRECTED,
        at=at,
        by=by,
        visit=visit.pk,
        note=words["reason"],
        sheet=sheet.number if sheet else "",
        version=sheet.version if sheet else 0,
    )
    return visit


# ── making it, which workers do ────────────────────────────────────────────────────────────────
def _locked(paper_id: int) -> tuple[Ticket | None, Paper]:
    """The paper behind the lock of its ticket, where it has one."""
    found = Paper.objects.filter(pk=paper_id).values_list("visit__ticket_id", "failure__ticket_id", "ticket_id").first()
    if found is None:
        raise Missing(_("There is no such paper."))
    ticket_id = next(filter(None, found), None)
    ticket = Ticket.objects.locked(ticket_id) if ticket_id else None
    return ticket, Paper.objects.select_for_update(of=("self",)).get(pk=paper_id)


@transaction.atomic
def keep(paper_id: int, pdf: bytes, customer_pdf: bytes = b"", *, at: datetime | None = None) -> Paper:
    """Keep the finished files with the SHA-256 and tell the timeline, once; a second worker changes nothing."""
    ticket, paper = _locked(paper_id)
    at = at or now()
    if paper.state == SheetState.READY:
        return paper
    name = str(paper).replace(" ", "-")
    paper.pdf.save(f"{name}.pdf", ContentFile(pdf), save=False)
    if customer_pdf:
        paper.customer_pdf.save(f"{name}-customer.pdf", ContentFile(customer_pdf), save=False)
    paper.sha256 = hashlib.sha256(pdf).hexdigest()
    paper.state = SheetState.READY
    paper.made_at = at
    paper.last_error = ""
    paper.save(update_fields=["pdf", "customer_pdf", "sha256", "state", "made_at", "last_error"])
    if ticket is not None and paper.kind in _TOLD:
        timeline.record(
            ticket,
            EventKind.SHEET_READY,
            at=at,
            by=SYSTEM,
            visit=paper.visit_id,
            sheet=paper.number,
            version=paper.version,
            paper=paper.kind,
        )
    return paper


@transaction.atomic
def complete_old(paper_id: int) -> None:
    """Give a paper that waits since before versions were kept what every paper has, so that it can be made."""
    Paper.objects.filter(pk=paper_id, code="").update(code=new_code())
    paper = Paper.objects.select_related("visit").get(pk=paper_id)
    form = papers.kinds.get(paper.kind)
    visit = visit_with_facts(paper.visit_id) if paper.visit_id else None
    if paper.content or form is None or visit is None:
        return
    content = papers.content_of(form, visit)
    Paper.objects.filter(pk=paper_id).update(
        content=content, content_sha256=papers.digest(paper.kind, paper.number, content)
    )


def fail(paper_id: int, reason: str) -> None:
    """Show that making the paper failed, and why; the outbox tries again by itself."""
    Paper.objects.filter(~Q(state=SheetState.READY), pk=paper_id).update(
        state=SheetState.FAILED, last_error=reason[:300]
    )


@transaction.atomic
def remake(paper_id: int, *, by: Actor) -> Paper:
    """Have a paper whose making failed made once more. Raises NotAllowed when it is there or being made."""
    _ticket, paper = _locked(paper_id)
    if paper.state != SheetState.FAILED:
        raise NotAllowed(_("The paper is there or being made."), code="sheet_not_failed")
    paper.state = SheetState.QUEUED
    paper.last_error = ""
    paper.save(update_fields=["state", "last_error"])
    outbox.put(RENDER_TASK, paper.pk)
    return paper
