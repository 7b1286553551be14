"""What a telephone kept while it had no network: each command is done once, in the order in which it was given.

A command that cannot be done (the office called the visit off meanwhile) is kept whole, and somebody is told: nothing
that was entered is ever lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.forms import Form
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise as Text
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Refusal
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets import actions, notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from visits.models import Command, Visit
from visits.services.dispatch import Seen
from visits.states import CommandState, VisitState
from visits.verbs import DURING_A_VISIT

MOST_CHARACTERS = 600_000  # of one command: a signature has at most 400,000
MOST_WAITING = 500  # commands of one visit
OLDEST = timedelta(days=14)  # work that was sent later than this happened "14 days ago" at most
_SALT = "visits.offline"
_ENDED = (VisitState.COMPLETED, VisitState.NOT_SOLVED)
# Done already, by an answer that never reached the telephone.
_REACHED = {
    "set_out": (VisitState.EN_ROUTE, VisitState.ON_SITE, *_ENDED),
    "check_in": (VisitState.ON_SITE, *_ENDED),
    "complete_visit": _ENDED,
}


@dataclass(frozen=True)
class Beside:
    """What a telephone may keep that is no verb of the ticket: asked for and done like one."""

    label: Text
    action: actions.Action


beside: dict[str, Beside] = {}


def also(name: str, label: Text, form: type[Form], run: Callable[..., Any]) -> None:
    """Enter it; called once when the house starts."""
    beside[name] = Beside(label, actions.Action(name, form, run))


def action_of(name: str) -> actions.Action | None:
    """How a command of this name is done, if a telephone may send it."""
    if name in beside:
        return beside[name].action
    return actions.get(name) if name in DURING_A_VISIT else None


@dataclass(frozen=True)
class Sent:
    """A command as it came: `age` is how long ago it was given, by the telephone's own reckoning."""

    id: UUID
    device: UUID
    number: int
    name: str
    age: timedelta
    data: dict[str, list[str]] = field(default_factory=dict)
    file_field: str = ""
    file: UploadedFile | None = None
    shown_at: datetime | None = None  # when the page was rendered that it was sent from: nothing was done before


def pass_for(visit: Visit, by: Actor) -> str:
    """What a page gives a telephone: that this visit was this technician's when he went off the network."""
    return signing.dumps([visit.pk, by.user and by.user.pk, int(now().timestamp())], salt=_SALT)


def shown_at(given: str, visit_id: int, by: Actor) -> datetime | None:
    """When the server made the page that this pass was on; None when it is no pass of this person for this visit."""
    try:
        visit, user, at = signing.loads(given, salt=_SALT, max_age=OLDEST)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return datetime.fromtimestamp(at, UTC) if [visit, user] == [visit_id, by.user and by.user.pk] else None


def receive(visit: Visit, sent: Sent, *, by: Actor, at: datetime | None = None) -> Command:
    """Keep a command, and do every command of its queue whose turn it is. The same one again changes nothing.

    Raises Invalid (too large, a number that another command of this telephone has).
    """
    at = at or now()
    _check(sent)
    command = _keep(visit, sent, by=by, at=at)
    while _next_done(visit, sent.device, by=by, at=at):
        pass
    command.refresh_from_db()
    return command


def once(
    visit: Visit, given: UUID, name: str, run: Callable[[], Any], *, by: Actor, at: datetime | None = None
) -> bool:
    """Run a command that a page sent straight away, unless its id was done before. Answers whether it ran."""
    at = at or now()
    with transaction.atomic():
        command, new = Command.objects.get_or_create(
            pk=given,
            defaults={
                "visit": visit,
                "user": _person(by),
                "name": name,
                "made_at": at,
                "received_at": at,
                "state": CommandState.DONE,
            },
        )
        if new:
            run()
        elif command.visit_id != visit.pk or command.name != name:
            raise NotAllowed(_("This was sent before as something else. Load the page again."), code="id_used")
    return new


def _person(by: Actor) -> User:
    require(by, LEADERS | {Role.DISPATCHER, Role.TECHNICIAN})
    if by.user is None:
        raise Forbidden(_("Only a person works on a visit."))
    return by.user


def _check(sent: Sent) -> None:
    if not 1 <= sent.number <= MOST_WAITING:
        raise Invalid(
            _("A telephone keeps at most %(max)d commands of a visit.") % {"max": MOST_WAITING}, field="number"
        )
    if sum(len(key) + len(value) for key, values in sent.data.items() for value in values) > MOST_CHARACTERS:
        raise Invalid(_("This is too long."), code="too_long", field="data")


def _keep(visit: Visit, sent: Sent, *, by: Actor, at: datetime) -> Command:
    # By the phone's clock only an age is reckoned: one that is a day off, or was put right meanwhile, dates nothing.
    earliest = max(visit.planned_at, at - OLDEST, sent.shown_at or visit.planned_at)
    made_at = min(max(at - sent.age, earliest), at)
    try:
        with transaction.atomic():
            command, new = Command.objects.get_or_create(
                pk=sent.id,
                defaults={
                    "visit": visit,
                    "user": _person(by),
                    "device": sent.device,
                    "number": sent.number,
                    "name": sent.name,
                    "data": sent.data,
                    "made_at": made_at,
                    "received_at": at,
                },
            )
            if new and sent.file is not None:
                command.file_field = sent.file_field[:40]
                command.file.save(f"{sent.id}", sent.file, save=False)
                command.save(update_fields=["file_field", "file"])
            elif not new and command.visit_id == visit.pk and command.number is None:
                # It was done when the page sent it, and the answer never came: it keeps its place in the queue.
                Command.objects.filter(pk=sent.id).update(device=sent.device, number=sent.number)
    except IntegrityError as error:
        raise Invalid(_("Another command has this number."), code="number_taken", field="number") from error
    if command.visit_id != visit.pk or command.user_id != (by.user and by.user.pk):
        raise Invalid(_("Another command has this id."), code="id_taken", field="id")
    return command


@transaction.atomic
def _next_done(visit: Visit, device: UUID, *, by: Actor, at: datetime) -> bool:
    """Do the next command of a telephone's queue, if it has come; answers whether there was one."""
    ticket = Ticket.objects.locked(visit.ticket_id)  # one at a time; his or not any more, his work is kept
    queue = Command.objects.filter(visit=visit, device=device)
    last = queue.exclude(state=CommandState.WAITING).order_by("-number").values_list("number", flat=True).first() or 0
    command = queue.filter(number=last + 1, state=CommandState.WAITING).select_related("user").first()
    if command is None:
        return False
    previous = queue.filter(number__lte=last).order_by("-made_at").values_list("made_at", flat=True).first()
    if previous is not None and previous > command.made_at:
        command.made_at = previous  # what was given later did not happen earlier
    _do(command, ticket, by=by, at=at)
    return True


def _do(command: Command, ticket: Ticket, *, by: Actor, at: datetime) -> None:
    try:
        with transaction.atomic():
            _run(command, ticket, by=by)
    except Refusal as refusal:
        if _was_done(command):
            command.state = CommandState.DONE
        else:
            command.state = CommandState.CONFLICT
            command.said = _words(refusal)
            _tell(command, ticket, by=by, at=at)
    else:
        command.state, command.said = CommandState.DONE, ""
        _let_go(command)
    command.save(update_fields=["state", "said", "made_at", "file"])


def _let_go(command: Command) -> None:
    """What was kept as a file is where it belongs by now; gone only when that is certain."""
    kept, storage = command.file.name, command.file.storage
    if kept:
        command.file = ""
        transaction.on_commit(lambda: storage.delete(kept))


def _run(command: Command, ticket: Ticket, *, by: Actor) -> None:
    action = action_of(command.name)
    if action is None:
        raise Invalid(_("There is no such command."), code="unknown", field="name")
    files: MultiValueDict[str, Any] = MultiValueDict()
    if command.file:
        files[command.file_field] = UploadedFile(
            command.file.open("rb"), name=command.file_field, size=command.file.size
        )
    form = action.form(MultiValueDict(command.data), files)
    if not form.is_valid():
        raise Invalid(
            errors=[(name, "invalid", str(message)) for name, messages in form.errors.items() for message in messages]
        )
    action.run(ticket.pk, **form.cleaned_data, by=by, at=command.made_at, seen=Seen(command.visit_id, None))


def _was_done(command: Command) -> bool:
    states = _REACHED.get(command.name)
    visit = Visit.objects.get(pk=command.visit_id)
    if states is None or visit.state not in states:
        return False
    # Two different reports are no repetition.
    return command.name != "complete_visit" or all(
        clean_text(command.data.get(name, [""])[0]) == getattr(visit, name) for name in ("finding", "work_done")
    )


def _words(refusal: Refusal) -> str:
    if isinstance(refusal, Invalid):
        return "\n".join(message for _field, _code, message in refusal.errors) or refusal.message
    return refusal.message


def _tell(command: Command, ticket: Ticket, *, by: Actor, at: datetime) -> None:
    event = timeline.record(
        ticket,
        EventKind.PHONE_CONFLICT,
        at=at,
        by=by,
        visit=command.visit_id,
        command=command.name,
        said=command.said[:300],
    )
    planner = Visit.objects.select_related("planned_by").get(pk=command.visit_id).planned_by
    notices.post(event, to=[planner, *notices.responsible(ticket)], at=at, urgent=True)


@transaction.atomic
def do_again(command_id: UUID, *, by: Actor, at: datetime | None = None) -> Command:
    """Try a refused command once more, dated as it was given; a dispatcher does so after clearing the way."""
    command = _conflict(command_id, by=by)
    ticket = Ticket.objects.locked(command.visit.ticket_id, actor=by)
    at = at or now()
    _run(command, ticket, by=by)
    command.state, command.settled_by, command.settled_at = CommandState.DONE, by.user, at
    _let_go(command)
    command.save(update_fields=["state", "settled_by", "settled_at", "file"])
    return command


@transaction.atomic
def settle(command_id: UUID, *, note: str, by: Actor, at: datetime | None = None) -> Command:
    """Call a refused command settled: what it says was entered by hand, or does not matter any more."""
    command = _conflict(command_id, by=by)
    note = clean_line(note)
    if not note:
        raise Invalid(_("Say how it was settled."), code="required", field="note")
    if len(note) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="note")
    command.state, command.settled_note = CommandState.SETTLED, note
    command.settled_by, command.settled_at = by.user, at or now()
    command.save(update_fields=["state", "settled_note", "settled_by", "settled_at"])
    return command


def _conflict(command_id: UUID, *, by: Actor) -> Command:
    require(by, LEADERS | {Role.DISPATCHER})
    command = Command.objects.select_related("visit", "user").filter(pk=command_id).first()
    # The ticket first, as everywhere; then the row as it is now.
    if command is not None:
        Ticket.objects.locked(command.visit.ticket_id, actor=by)
        command = Command.objects.select_related("visit", "user").select_for_update(of=("self",)).get(pk=command_id)
    if command is None or command.state != CommandState.CONFLICT:
        raise NotAllowed(_("Somebody settled this already."), code="settled")
    return command
