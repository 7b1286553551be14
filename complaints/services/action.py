"""Corrective action: opened from complaints, led through eight steps, checked, opened again (R49, R85)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Team, User
from aftersales.accounts.roles import DESK, Role
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from aftersales.core.fsm import move
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.models import ProductModel
from complaints import selectors_action as selectors
from complaints.acting import HANDLERS, keep_out, unconcerned
from complaints.models import ActionStep, Complaint, CorrectiveAction, EffectivenessCheck
from complaints.states import Cause
from complaints.states_action import CHECK_DAYS, ActionState, Discipline
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind
from visits.models import Part

OWNERS = DESK | {Role.TECHNICIAN}
LONGEST, LONGEST_TITLE, LONGEST_BATCH = 8000, 200, 40
MOST_BEHIND = 200  # complaints that one action is opened with


# ── opening ────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def open_action(
    complaint_id: int,
    *,
    title: str,
    cause: str,
    model: ProductModel | None = None,
    part: Part | None = None,
    part_batch: str = "",
    owner: User | None = None,
    team: Team | None = None,
    others: Sequence[int] = (),
    by: Actor,
    at: datetime | None = None,
) -> CorrectiveAction:
    """Open an action from a complaint; the clocks of containment and of the action start on its ticket.

    `others` are further complaints that show the same.
    """
    require(by, HANDLERS)
    at = at or now()
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by)
    more = selectors.with_people(Complaint.objects.filter(pk__in=others[:MOST_BEHIND]).exclude(pk=complaint.pk))
    behind = [complaint, *more]
    keep_out(behind, by)
    known = CorrectiveAction.objects.filter(ticket=ticket, settled=False).first()
    if known is not None:
        raise NotAllowed(
            _("%(number)s is open for this ticket already: go on with it.") % {"number": known.number},
            code="action_open",
            rule="R49",
        )
    title, part_batch = clean_line(title), clean_line(part_batch)
    errors = []
    if not title:
        errors.append(("title", "required", _("Say in one line what it is about.")))
    for field, value, most in (("title", title, LONGEST_TITLE), ("part_batch", part_batch, LONGEST_BATCH)):
        if len(value) > most:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": most}))
    if cause not in Cause.values:
        errors.append(("cause", "required", _("Choose the cause that it takes away.")))
    if part_batch and part is None:
        errors.append(("part", "required", _("A batch belongs to a part: name the part.")))
    if errors:
        raise Invalid(errors=errors, rule="R49")
    owner = owner or by.user
    _may_own(owner, behind)
    due = start_promises(ticket, at=at, by=by)
    action = CorrectiveAction.objects.create(
        ticket=ticket,
        title=title,
        cause=cause,
        model=model,
        part=part,
        part_batch=part_batch,
        owner=owner,
        team=team or complaint.team,
        opened_by=by.user,
        opened_at=at,
        cycle_at=at,
        due_at=due,
    )
    action.complaints.set(behind)
    event = timeline.record(
        ticket,
        EventKind.ACTION_OPENED,
        at=at,
        by=by,
        action=action.pk,
        number=action.number,
        cycle=1,
        note=title,
    )
    notices.post(event, to=[owner, *notices.supervisor_of(ticket)], at=at)
    return action


def open_for_thing(
    *,
    title: str,
    cause: str,
    model: ProductModel | None = None,
    part: Part | None = None,
    part_batch: str = "",
    owner: User | None = None,
    team: Team | None = None,
    by: Actor,
    at: datetime | None = None,
) -> CorrectiveAction:
    """Open an action for a model or a part, tied to the complaints that show it; the first free one leads (R85)."""
    require(by, HANDLERS)
    if model is None and part is None:
        raise Invalid(_("Choose a model or a part."), code="required", field="model", rule="R85")
    behind = list(
        selectors.showing(cause=cause, model=model, part=part, part_batch=part_batch)
        .order_by("registered_at", "pk")
        .values_list("pk", "ticket_id")[:MOST_BEHIND]
    )
    if not behind:
        raise Invalid(
            _("No complaint shows this cause there: an action begins with the complaints behind it."),
            code="no_complaint",
            field="cause",
            rule="R85",
        )
    taken = set(
        CorrectiveAction.objects.filter(ticket__in=[ticket_id for _pk, ticket_id in behind], settled=False).values_list(
            "ticket_id", flat=True
        )
    )
    first = next((pk for pk, ticket_id in behind if ticket_id not in taken), behind[0][0])
    return open_action(
        first,
        title=title,
        cause=cause,
        model=model,
        part=part,
        part_batch=part_batch,
        owner=owner,
        team=team,
        others=[pk for pk, _ticket_id in behind],
        by=by,
        at=at,
    )


def start_promises(ticket: Ticket, *, at: datetime, by: Actor) -> datetime:
    """Start containment and action; answers when containment is due."""
    clocks.start(ticket, [Target.CONTAINMENT, Target.CORRECTIVE_ACTION], at=at, by=by, cause=EventKind.ACTION_OPENED)
    return clocks.promise(Target.CONTAINMENT, clocks.facts_of(ticket), at=at).due_at


def _may_own(owner: User | None, behind: Sequence[Complaint]) -> None:
    if owner is None or not owner.is_active or owner.role not in OWNERS:
        raise Invalid(_("Choose somebody of the desk or a technician."), code="not_an_owner", field="owner", rule="R49")
    if not unconcerned([owner], behind):
        raise Forbidden(
            _("One of the complaints is about %(name)s: somebody else has to own it.") % {"name": owner.name},
            code="complained_of",
            field="owner",
            rule="R48",
        )


# ── leading ────────────────────────────────────────────────────────────────────────────────────
def may_lead(action: CorrectiveAction, by: Actor) -> bool:
    """Its owner, and who leads complaints; nobody whom one of the complaints is about (R48)."""
    user = by.user
    if user is None or not user.is_active or (user.pk != action.owner_id and user.role not in HANDLERS):
        return False
    return bool(unconcerned([user], selectors.behind(action)))


@transaction.atomic
def give(
    action_id: int, *, owner: User, by: Actor, at: datetime | None = None, version: int | None = None
) -> CorrectiveAction:
    """Make somebody else the owner; old and new owner are told."""
    require(by, HANDLERS)
    at = at or now()
    ticket, action = locked(action_id, by, version)
    behind = selectors.behind(action)
    keep_out(behind, by)
    if action.state != ActionState.OPEN:
        raise NotAllowed(_("The action is closed."), code="closed", rule="R49")
    _may_own(owner, behind)
    if owner.pk == action.owner_id:
        raise Invalid(_("Nothing was changed."), code="unchanged", field="owner")
    before, action.owner = action.owner, owner
    action.version += 1
    action.save(update_fields=["owner", "version"])
    event = timeline.record(
        ticket,
        EventKind.ACTION_ADVANCED,
        at=at,
        by=by,
        action=action.pk,
        number=action.number,
        owner=owner.name,
    )
    notices.post(event, to=[before, owner], at=at)
    return action


@transaction.atomic
def add_complaint(action_id: int, complaint_id: int, *, by: Actor, at: datetime | None = None) -> CorrectiveAction:
    """Put a further complaint behind an action that runs. Adding it again changes nothing."""
    require(by, HANDLERS)
    at = at or now()
    _ticket, action = locked(action_id, by)
    complaint = Complaint.objects.visible_to(by).filter(pk=complaint_id).first()
    if complaint is None:
        raise Missing(_("There is no such complaint."))
    keep_out([complaint, *selectors.behind(action)], by)
    if action.settled:
        raise NotAllowed(_("The action is closed."), code="closed", rule="R49")
    if action.owner_id in complaint.complained_of:
        raise Forbidden(
            _("The complaint is about the owner of this action: give it to somebody else first."),
            code="complained_of",
            rule="R48",
        )
    if not action.complaints.filter(pk=complaint.pk).exists():
        action.complaints.add(complaint)
        action.version += 1
        action.save(update_fields=["version"])
    return action


@transaction.atomic
def write_step(
    action_id: int,
    *,
    discipline: int,
    text: str,
    escape: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> CorrectiveAction:
    """Do the next step, or correct what one that is done says; what stood there stays readable.

    D3 meets the promise of containment, D6 that of the action and owes the checks, D8 closes it.
    """
    at = at or now()
    ticket, action = locked(action_id, by, version)
    keep_out(selectors.behind(action), by)
    if not may_lead(action, by):
        raise Forbidden(_("The owner of the action does this, or who leads complaints."), code="not_yours", rule="R49")
    if discipline not in Discipline.values:
        raise Missing(_("There is no such step."))
    if action.state != ActionState.OPEN:
        raise NotAllowed(_("The action is closed; it stays as it is."), code="closed", rule="R49")
    newest = selectors.newest_steps(action)
    if discipline > len(newest) + 1:
        raise NotAllowed(
            _("One step after the other: %(step)s comes first.") % {"step": Discipline(len(newest) + 1).label},
            code="order",
            rule="R49",
        )
    text, escape = clean_text(text), clean_text(escape)
    if discipline != Discipline.CAUSE:
        escape = ""
    errors = []
    if not text:
        errors.append(("text", "required", _("Write what was done.")))
    if discipline == Discipline.CAUSE and not escape:
        errors.append(("escape", "required", _("Say why it was not noticed before it reached the customer.")))
    for field, value in (("text", text), ("escape", escape)):
        if len(value) > LONGEST:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": LONGEST}))
    before = newest.get(discipline)
    if before is not None and (before.text, before.escape) == (text, escape):
        errors.append(("text", "unchanged", _("Nothing was changed.")))
    if errors:
        raise Invalid(errors=errors, rule="R49")
    ActionStep.objects.create(
        action=action,
        cycle=action.cycle,
        discipline=discipline,
        revision=before.revision + 1 if before else 1,
        text=text,
        escape=escape,
        at=at,
        by=by.user,
    )
    if before is None:
        _advance(action, ticket, discipline, at=at, by=by)
    action.version += 1
    action.save()
    event = timeline.record(
        ticket,
        EventKind.ACTION_ADVANCED,
        at=at,
        by=by,
        action=action.pk,
        number=action.number,
        step=discipline,
        corrected=before is not None,
    )
    if discipline in (Discipline.DONE, Discipline.CLOSING) and before is None:
        notices.post(event, to=[action.owner, *notices.supervisor_of(ticket)], at=at)
    return action


def _advance(action: CorrectiveAction, ticket: Ticket, discipline: int, *, at: datetime, by: Actor) -> None:
    """What follows from a step that is done for the first time in this cycle."""
    if discipline == Discipline.CONTAINMENT:
        clocks.meet(ticket, Target.CONTAINMENT, at=at, by=by, cause=EventKind.ACTION_ADVANCED)
        promise = clocks.promise(Target.CORRECTIVE_ACTION, clocks.facts_of(ticket), at=action.cycle_at)
        action.due_at = promise.due_at
    elif discipline == Discipline.DONE:
        clocks.meet(ticket, Target.CORRECTIVE_ACTION, at=at, by=by, cause=EventKind.ACTION_ADVANCED)
        action.implemented_at = at
        checks = [
            EffectivenessCheck(action=action, cycle=action.cycle, days=days, due_at=at + timedelta(days=days))
            for days in CHECK_DAYS
        ]
        EffectivenessCheck.objects.bulk_create(checks)
        await_check(action, ticket, checks[0], at=at, by=by)
    elif discipline == Discipline.CLOSING:
        move(action.close, at)
        action.settled = not pending(action)


def await_check(
    action: CorrectiveAction, ticket: Ticket, check: EffectivenessCheck, *, at: datetime, by: Actor
) -> None:
    """Start the clock of the check that comes next; a ticket runs one of a kind at a time."""
    clocks.start(
        ticket,
        [Target.EFFECTIVENESS_CHECK],
        at=at,
        by=by,
        cause=EventKind.ACTION_ADVANCED,
        anchor=check.due_at,
    )
    action.due_at = check.due_at


def pending(action: CorrectiveAction) -> list[EffectivenessCheck]:
    """The checks of this cycle that are still to come, the next one first."""
    return list(action.checks.filter(cycle=action.cycle, checked_at=None, dropped_at=None).order_by("days"))


# ── what all of them ask ──────────────────────────────────────────────────────────────────────
def locked(action_id: int, by: Actor, version: int | None = None) -> tuple[Ticket, CorrectiveAction]:
    """Lock the ticket, then the action. Raises Missing, Stale."""
    ticket_id = CorrectiveAction.objects.visible_to(by).filter(pk=action_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such action."))
    ticket = Ticket.objects.locked(ticket_id)
    action = CorrectiveAction.objects.select_for_update(of=("self",)).get(pk=action_id)
    if version is not None and version != action.version:
        raise Stale(_("Somebody else changed this action meanwhile. Nothing of yours was saved: look at it again."))
    return ticket, action
