"""One ticket's life, from the first call to the last, played through the real services at simulated times.

A life is one transaction: sweepers, workers and readers see it whole or not at all. Promises that fall due within it
are called by the same sweep that calls real ones, when they fall due.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.db import connection, transaction
from django.db.models import F

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.errors import NotAllowed
from aftersales.core.time import now
from archives.simulation import words, words_answers
from archives.simulation.caller import Caller, Script, draw
from archives.simulation.falling_due import FallingDue
from archives.simulation.words import Text
from archives.simulation.world import World, office_hours
from complaints.services import callback as callbacks
from complaints.states import CallbackState, Outcome
from tickets.models import COLLECTION_NOTICES, Notice, OutboxMessage, Ticket
from tickets.services import answers, desk, intake, repair
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import HANDED_OUT, Channel, Kind, WaitingFor
from visits.models import CustomerNotice, Paper
from visits.services import dispatch, paper, telling, visit
from visits.states import How, PaperKind

MOST_VISITS = 3  # a cycle
SHEET_STEP = timedelta(seconds=0.5)  # old sheets are made one by one, so that a real one never waits for them
READ_AFTER = timedelta(hours=8)
# A real dispatcher was faster, or somebody changed a technician's time meanwhile: another slot is looked for.
ELSEWHERE = frozenset({"slot_taken", "no_travel_time", "on_leave", "not_working", "full_day", "no_skill", "contractor"})
_AS_IF_THEN = """
UPDATE tickets_event SET recorded_at = at WHERE ticket_id = %s;
UPDATE sla_segment SET recorded_at = at WHERE clock_id IN (SELECT id FROM sla_clock WHERE ticket_id = %s);
"""


class Later(Exception):
    """The next step lies in the future: the life goes on with real people."""


class Life:
    """Plays one life; `run` answers the ticket."""

    ticket: Ticket

    def __init__(self, world: World, index: int, received: datetime, script: Script | None = None) -> None:
        self.world = world
        self.cast = world.cast
        self.rng = world.rng("life", index)
        self.at = received
        self.script = script or Script()
        self.falling_due = FallingDue(self.rng, self._who_answers, answered=self.script.fate != "silent")
        self.booked: tuple[User, datetime, datetime] | None = None

    def run(self) -> Ticket:
        """Live until the next step would lie in the future. One transaction."""
        with transaction.atomic():
            with suppress(Later):
                self._live()
            self._fall_due(self.world.until)
            self._date_records()
        caller = self.caller
        self.world.remember(caller.circle, caller.request.phone, caller.language, self.ticket)
        return self.ticket

    # ── the story ──────────────────────────────────────────────────────────────────────────────
    def _live(self) -> None:
        self._register()
        if self.script.fate == "silent":
            raise Later
        self._own()
        self._reply_to_sales()
        self._contact()
        self._small_things()
        fate = self.script.fate or self._draw({"": 92, "refused": 3, "cancelled": 5})
        if fate == "refused" and self.ticket.kind != Kind.INSTALLATION:
            self._pass(5, 120)
            self._do(desk.refuse, reason=self._staff(words.REFUSE))
            return
        if fate == "cancelled":
            self._pass(20, 900)
            self._do(dispatch.cancel, reason=self._staff(words.CANCEL))
            if self._chance(0.1):
                self._pass(600, 4000)
                self._reopened()
            return
        if self.ticket.kind == Kind.OUT_OF_STOCK:
            self._stock()
        elif self._chance(0.08):
            self._wait(WaitingFor.CUSTOMER)
        self._work()

    def _work(self) -> None:
        """Until it is solved and closed, and sometimes beyond."""
        if self.ticket.visit_needed:
            self._visits()
            if self._callback() is False:
                self._contact()
                self._visits()
                self._callback()
            return
        if self.ticket.kind in HANDED_OUT and self._chance(0.6):
            self._workshop()
        else:
            self._pass(10, 600)
            self._do(desk.resolve, resolution=self._staff(words.RESOLUTION))
        self._pass(300, 3600)
        self._do(desk.close)
        if self._chance(0.04):
            self._pass(600, 5000)
            self._reopened()

    def _reopened(self) -> None:
        self._do(desk.reopen, reason=self._staff(words.REOPEN))
        self._contact()
        if self.ticket.visit_needed:
            self._visits()
            self._callback()
        else:
            self._pass(30, 900)
            self._do(desk.resolve, resolution=self._staff(words.RESOLUTION))

    def _register(self) -> None:
        caller = Caller(self.world, self.rng, self.at, self.script)
        self.caller, self.at, self.region = caller, caller.at, caller.region
        self.team = self.cast.team_of_region[self.region]
        self.staff_language = words.HANS if self.region.startswith("cn") else words.HANT
        by = caller.system() or person(self._registrar())
        self.ticket = intake.register(caller.request, by=by, at=self.at)

    def _registrar(self) -> User:
        """Who takes the call owns the ticket: a clerk, or sometimes the technician whom a salesman rang."""
        if self.script.owner:
            self.owner = self.cast.people[self.script.owner]
        elif self.caller.request.channel == Channel.SALES and self._chance(0.3):
            self.owner = self.rng.choice(self.cast.technicians_in(self.region)).user
        else:
            self.owner = self.rng.choice(self.cast.of(Role.CLERK, self.team))
        return self.owner

    # ── at the desk ────────────────────────────────────────────────────────────────────────────
    def _own(self) -> None:
        """Somebody of the desk is responsible: takes a partner's ticket, accepts a technician's."""
        if self.caller.partner is not None:
            self._pass(4, 60)
            self.owner = self.rng.choice(self.cast.of(Role.CLERK, self.team))
            self._do(desk.take)
        elif self.owner.role == Role.TECHNICIAN:
            self._give(self.rng.choice(self.cast.of(Role.CLERK, self.team)))
        elif self.script.fate == "offered":
            self._pass(2, 10)
            self._do(desk.hand_over, to=self.cast.people["clerk"], note=self._staff(words.HAND_OVER))
            raise Later
        elif self.ticket.kind == Kind.COMPLAINT and self._chance(0.6):
            self._give(self.rng.choice(self.cast.of(Role.OFFICER, self.team)))

    def _give(self, to: User) -> None:
        self._pass(2, 20)
        self._do(desk.hand_over, to=to, note=self._staff(words.HAND_OVER))
        self._pass(3, 45)
        if self._chance(0.85) or self.owner.role == Role.TECHNICIAN:
            self.owner = to
            self._do(desk.accept, by=person(to))
        else:
            self._do(desk.decline, by=person(to), reason=self._staff(words.DECLINE))

    def _contact(self) -> None:
        direct = self.ticket.channel in (Channel.HOTLINE, Channel.WALK_IN, Channel.CHAT) and self._chance(0.6)
        if direct:
            self._pass(1, 6)
        elif self._chance(0.1):
            self._pass(70, 240)  # too late: the response promise breaks
        else:
            self._pass(4, 45)
        if not direct and self._chance(0.15):
            self._do(desk.log_contact, reached=False, note=self._staff(words.NOT_REACHED))
            self._pass(15, 90)
        self._do(desk.log_contact, reached=True, note=self._staff(words.CONTACT))

    def _reply_to_sales(self) -> None:
        if self.ticket.channel != Channel.SALES or self._chance(0.05):
            return
        self._pass(35, 120) if self._chance(0.1) else self._pass(3, 25)
        name = self.rng.choice(words.FAMILY)[self.staff_language] + self.rng.choice(words.GIVEN)[self.staff_language]
        self._do(answers.reply_to_sales, to=name, answer=self._staff(words_answers.SALES_REPLY))

    def _small_things(self) -> None:
        if self._chance(0.15):
            self._pass(5, 90)
            self._do(desk.note, text=self._staff(words.NOTES))
        if self._chance(0.06):
            others = [clerk for clerk in self.cast.of(Role.CLERK, self.team) if clerk.pk != self.owner.pk]
            self._give(self.rng.choice(others))
        if self._chance(0.04):
            self._pass(3, 60)
            self._do(desk.grade, grade=self.ticket.grade % 4 + 1, reason=self._staff(words.CONTACT))
        if self._chance(0.03):
            self._pass(3, 60)
            self._do(
                desk.edit,
                summary=f"{self.ticket.summary[:180]} ({self.rng.randint(2, 3)}×)",
                description=self.ticket.description,
                kind=self.ticket.kind,
                visit_needed=self.ticket.visit_needed,
            )

    def _wait(self, waiting_for: WaitingFor) -> None:
        reasons = words.WAIT_PARTS if waiting_for == WaitingFor.PARTS else words.WAIT_CUSTOMER
        self._pass(5, 60)
        until = office_hours(self.at + timedelta(days=self.rng.uniform(1, 5)), self.rng)
        self._do(desk.wait, waiting_for=waiting_for, until=until, reason=self._staff(reasons))
        if self._chance(0.5):
            self._pass(300, (until - self.at) / timedelta(minutes=1) - 60)
            if self.at < until:
                self._do(desk.resume, note=self._staff(words.CONTACT))
                return
        self.at = max(self.at, until)
        self._pass(5, 60)

    # ── goods ──────────────────────────────────────────────────────────────────────────────────
    def _stock(self) -> None:
        """Goods that are not there: the customer is told after some days, and again when they come."""
        self._wait(WaitingFor.PARTS)
        if self._chance(0.3):
            self._wait(WaitingFor.PARTS)  # it may take longer than the week
        arrived = self._chance(0.6)
        if self._chance(0.15):
            self._do(answers.answer_stock, arrived=arrived, reached=False, note=self._staff(words.NOT_REACHED))
            self._pass(60, 900)
        said = words_answers.STOCK_ARRIVED if arrived else words_answers.STOCK_NOT
        self._do(answers.answer_stock, arrived=arrived, reached=True, note=self._staff(said))
        if not arrived:
            self._wait(WaitingFor.PARTS)
            said = words_answers.STOCK_ARRIVED
            self._do(answers.answer_stock, arrived=True, reached=True, note=self._staff(said))

    def _workshop(self) -> None:
        """Goods that the customer left here: repaired, told, told again, fetched or posted back."""
        self._pass(600, 6000)
        if self._chance(0.25):
            self._postpone()
            self._pass(3000, 12000)
        resolved = self._chance(0.5)
        if resolved:
            self._do(desk.resolve, resolution=self._staff(words.RESOLUTION))
        self._do(repair.ready_for_collection, reached=self._chance(0.8), note=self._staff(words_answers.READY))
        fetched = self._draw({1: 70, 2: 15, 3: 7, COLLECTION_NOTICES + 1: 8})  # after so many notices, or never
        for number in range(2, fetched + 1):
            (due,) = self._due(Target.COLLECTION)
            self.at = office_hours(due + timedelta(days=self.rng.uniform(-0.9, 0.05)), self.rng)
            if number <= COLLECTION_NOTICES:
                note = self._staff(words_answers.NOTICE)
                self._do(repair.notify_collection, reached=self._chance(0.5), note=note)
            else:
                self._do(repair.post_back, note=self._staff(words_answers.POSTED))
        if fetched <= COLLECTION_NOTICES:
            self._pass(200, 2400)
            self._do(repair.hand_out, note=self._staff(words_answers.HANDED_OUT))
        if not resolved:
            self._pass(1, 30)
            self._do(desk.resolve, resolution=self._staff(words.RESOLUTION))

    def _postpone(self) -> None:
        """The customer hears that the repair takes longer; mostly before it should have been done."""
        for due in self._due(Target.REPAIR):
            until = office_hours(max(due, self.at) + timedelta(days=self.rng.uniform(2, 12)), self.rng)
            self._do(repair.postpone_repair, until=until, reason=self._staff(words_answers.POSTPONE), reached=True)

    # ── visits ─────────────────────────────────────────────────────────────────────────────────
    def _visits(self) -> None:
        for number in range(1, MOST_VISITS + 1):
            if self._visit(solved=number == MOST_VISITS or self._chance(0.88)):
                return
            if self._chance(0.4):
                self._pass(30, 600)
                self._postpone()
            if self._chance(0.5):
                self._wait(WaitingFor.PARTS)

    def _visit(self, *, solved: bool) -> bool:
        dispatcher = person(self.rng.choice(self.cast.of(Role.DISPATCHER, self.team)))
        if self.ticket.kind == Kind.INSTALLATION and self.ticket.dispatch_approved_by_id is None:
            self._pass(10, 120)
            self._do(dispatch.approve_dispatch, by=person(self.rng.choice(self.cast.of(Role.MANAGER))))
        self._pass(5, 60)
        start, end = self._plan(dispatcher)
        if self._chance(0.1):
            start, end = self._move(dispatcher, start, end)
        elif self._chance(0.05):
            self._pass_until(self.at + (start - self.at) * self.rng.uniform(0.2, 0.8))
            self._change(dispatch.cancel_visit, dispatcher, wish=False, reason=self._staff(words.CALL_OFF))
            self._release()
            self._pass(60, 1200)
            start, end = self._plan(dispatcher)
        assert self.booked
        technician = person(self.booked[0])
        if self._chance(0.85):
            self.at = max(self.at, start - timedelta(minutes=self.rng.uniform(12, 40)))
            self._do(visit.set_out, by=technician)
        self.at = max(self.at, start) + timedelta(minutes=self.rng.uniform(2, 31))
        self._do(visit.check_in, by=technician)
        self._tell(technician, How.IN_PERSON)
        self.at += timedelta(minutes=self.rng.uniform(20, 75))
        self._complete(technician, solved)
        return solved

    def _plan(self, dispatcher: Actor) -> tuple[datetime, datetime]:
        technician, start, end = self._book(self.at + timedelta(minutes=45))
        while True:
            late = any(end > due for due in self._due(Target.ON_SITE))
            try:
                self._do(
                    dispatch.plan_visit,
                    by=dispatcher,
                    technician=technician,
                    window_start=start,
                    window_end=end,
                    prepare=self._staff(words_answers.PREPARE) if self._chance(0.4) else "",
                    customer_wish=late and self._chance(0.8),
                )
            except NotAllowed as refusal:
                if refusal.code not in ELSEWHERE:
                    raise
                technician, start, end = self._book(start)
            else:
                return start, end

    def _move(self, dispatcher: Actor, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        self._pass_until(self.at + (start - self.at) * self.rng.uniform(0.1, 0.7))
        self._release()
        technician, start, end = self._book(max(self.at + timedelta(minutes=60), start + timedelta(minutes=1)))
        wish, reason = self._chance(0.7), self._staff(words.MOVE)
        while True:
            window = {"technician": technician, "window_start": start, "window_end": end}
            try:
                self._change(dispatch.move_visit, dispatcher, wish=wish, reason=reason, **window)
            except NotAllowed as refusal:
                if refusal.code not in ELSEWHERE:
                    raise
                technician, start, end = self._book(start)
            else:
                return start, end

    def _change(self, verb: Callable[..., Ticket], dispatcher: Actor, *, wish: bool, **given: Any) -> None:
        """What the customer did not wish comes from the supervisor with an apology, and is told at once."""
        leader = person(self.cast.of(Role.SUPERVISOR, self.team)[0])
        sorry = words.SORRY[self.staff_language]
        self._do(verb, by=dispatcher if wish else leader, customer_wish=wish, apology=sorry, **given)
        self._tell(dispatcher, How.PHONE)

    def _tell(self, by: Actor, how: How) -> None:
        if CustomerNotice.objects.filter(visit__ticket=self.ticket, told_at=None).exists():
            self._do(telling.tell_customer, by=by, how=how)

    def _book(self, earliest: datetime) -> tuple[User, datetime, datetime]:
        skill = self.ticket.product.model.skill if self.ticket.product else ""
        found = self.world.slot(self.rng, self.region, skill, earliest, prefer=self.script.technician)
        self.world.book(*found)
        self.booked = found
        return found

    def _release(self) -> None:
        if self.booked:
            self.world.release(*self.booked)

    def _complete(self, technician: Actor, solved: bool) -> None:
        signed = self._chance(0.93)
        comment = words.SATISFIED if solved else words.NOT_SOLVED
        self._do(
            visit.complete_visit,
            by=technician,
            solved=solved,
            finding=self.caller.fault.finding[self.staff_language],
            work_done=self.caller.fault.work[self.staff_language] if solved else self._staff(words.NOT_SOLVED),
            signer_name=self.ticket.customer.name if signed else "",
            signature=self.rng.choice(self.world.signatures) if signed else "",
            unsigned_reason="" if signed else self._staff(words.UNSIGNED),
            customer_comment=self.rng.choice(comment)[self.caller.language] if self._chance(0.4) else "",
            satisfaction=self.rng.choice((5, 5, 5, 4, 4, 3)) if signed and solved else None,
        )
        self._space_out()

    def _space_out(self) -> None:
        """Let the sheet of a visit long past be made in its turn, behind those that somebody waits for."""
        sheets = Paper.objects.filter(visit__ticket=self.ticket, kind=PaperKind.SERVICE_SHEET).order_by("-pk")
        sheet = sheets.values_list("pk", flat=True)[0]
        message = OutboxMessage.objects.filter(task=paper.RENDER_TASK, args=[sheet]).order_by("-pk").first()
        if message is not None:
            OutboxMessage.objects.filter(pk=message.pk).update(publish_at=now() + SHEET_STEP * self.world.sheets)
            self.world.sheets += 1

    # ── after the visit ────────────────────────────────────────────────────────────────────────
    def _callback(self) -> bool | None:
        """Call the customer back as promised; False when they are not satisfied and the ticket is open again."""
        if not self.ticket.callback_owed:
            self._pass(600, 2400)
            self._do(desk.close)
            return None
        owed = self.ticket.callbacks.get(state=CallbackState.OWED)
        late = self._chance(0.06)
        span = owed.due_at - owed.opens_at
        self.at = owed.opens_at + span * (1 + self.rng.uniform(0.05, 0.4) if late else self.rng.triangular(0, 0.9, 0.1))
        caller = person(self.rng.choice([*self.cast.of(Role.CLERK, self.team), *self.cast.of(Role.OFFICER, self.team)]))
        for _attempt in range(2):
            if not self._chance(0.22):
                break
            self._pass(0, 1)
            self._attempt(owed.pk, caller, Outcome.NOT_REACHED, words.NOT_REACHED)
            self._pass(180, 1500)
        self._pass(0, 1)
        if self._chance(0.91):
            self._attempt(owed.pk, caller, Outcome.SATISFIED, words.SATISFIED)
            return True
        self._attempt(owed.pk, caller, Outcome.NOT_SATISFIED, words.NOT_SATISFIED)
        return False

    def _attempt(self, callback: int, caller: Actor, outcome: Outcome, said: list[Text]) -> None:
        answered = outcome != Outcome.NOT_REACHED
        good = outcome == Outcome.SATISFIED

        def record(_ticket_id: int, **given: Any) -> Ticket:
            callbacks.record_attempt(callback, **given)
            return Ticket.objects.get(pk=self.ticket.pk)

        self._do(
            record,
            by=caller,
            outcome=outcome,
            note=self._staff(said) if not good or self._chance(0.6) else "",
            attitude=self.rng.choice((4, 5, 5)) if answered else None,
            quality=(self.rng.choice((4, 5, 5)) if good else self.rng.choice((1, 2))) if answered else None,
        )

    # ── time ───────────────────────────────────────────────────────────────────────────────────
    def _do(self, verb: Callable[..., Ticket], *, by: Actor | None = None, **given: Any) -> None:
        """Take the next step now, or stop here when now is not yet; promises that fell due before are called first."""
        if self.at > self.world.until:
            raise Later
        self._fall_due(self.at)
        self.ticket = verb(self.ticket.pk, by=by or person(self.owner), at=self.at, **given)

    def _fall_due(self, at: datetime) -> None:
        """Call broken promises and wake the waiting, each at its own time up to `at`."""
        wake_at = self.ticket.wake_at
        if wake_at is not None and wake_at <= at:
            self.falling_due.up_to(wake_at, self.ticket.pk)
            desk.wake_due(at=wake_at, ticket_id=self.ticket.pk)
            self.ticket = Ticket.objects.get(pk=self.ticket.pk)
        self.falling_due.up_to(at, self.ticket.pk)

    def _who_answers(self) -> Actor:
        """Who takes care of a broken promise: the owner, or the supervisor whom it was escalated to."""
        supervisors = self.cast.of(Role.SUPERVISOR, self.team) or self.cast.of(Role.MANAGER)
        owner = self.owner.pk == self.ticket.owner_id and self._chance(0.5)
        return person(self.owner if owner else self.rng.choice(supervisors))

    def _due(self, target: Target) -> list[datetime]:
        running = [ClockState.RUNNING, ClockState.PAUSED]
        clocks = Clock.objects.filter(ticket=self.ticket, target=target, state__in=running)
        return list(clocks.values_list("due_at", flat=True))

    def _pass(self, least: float, most: float) -> None:
        """Let some minutes pass, mostly few; the desk works in its service hours."""
        most = max(least, most)
        self.at = office_hours(
            self.at + timedelta(minutes=self.rng.triangular(least, most, least + (most - least) / 5)), self.rng
        )

    def _pass_until(self, at: datetime) -> None:
        self.at = max(self.at, at)

    def _date_records(self) -> None:
        """Make the rows look as if they had been written when it happened; old notices have been read."""
        with connection.cursor() as cursor, pgtrigger.ignore("tickets.Event:event_append_only"):
            cursor.execute(_AS_IF_THEN, [self.ticket.pk] * 2)
        read = timedelta(minutes=20)
        old = Notice.objects.filter(event__ticket=self.ticket, created_at__lt=self.world.until - READ_AFTER)
        old.update(read_at=F("created_at") + read, acknowledged_at=F("created_at") + read)

    # ── chance and words ───────────────────────────────────────────────────────────────────────
    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _draw(self, weights: dict[Any, int]) -> Any:
        return draw(self.rng, weights)

    def _staff(self, texts: list[Text]) -> str:
        return self.rng.choice(texts)[self.staff_language]


def person(user: User) -> Actor:
    """Somebody at their page."""
    return Actor(Door.PAGE, user=user)
