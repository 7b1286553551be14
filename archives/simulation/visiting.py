"""The visits of a life: planned, changed, kept or not kept, and what is told to the customer (R22 to R25)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.errors import NotAllowed
from aftersales.core.time import now
from archives.simulation import words, words_answers, words_visits
from archives.simulation.on_site import OnSite
from archives.simulation.steps import person
from archives.simulation.world import office_hours
from tickets.models import OutboxMessage, Ticket
from tickets.services import desk, repair
from tickets.sla.states import Target
from tickets.states import Kind, WaitingFor
from visits.models import CustomerNotice, LateCancellation, Paper
from visits.services import approval, at_the_door, delay, dispatch, no_show, paper, telling, visit
from visits.states import Fault, How, PaperKind, RequestState

MOST_VISITS = 3  # a cycle
SHEET_STEP = timedelta(seconds=0.5)  # old sheets are made one by one, so that a real one never waits for them
# A real dispatcher was faster, or somebody changed a technician's time meanwhile: another slot is looked for.
ELSEWHERE = frozenset(
    {"slot_taken", "no_travel_time", "on_leave", "not_working", "full_day", "no_skill", "contractor", "rest_time"}
)
# How the appointments of a hundred go; the last visit of a ticket always takes place.
MEETINGS = {
    "in_time": 86,
    "late_told": 4,  # R23: the customer heard of it before the agreed time
    "late_untold": 3,
    "nobody": 2,  # R25: the company's no-show
    "given_up": 3,  # the customer's, with a call that nobody answered
    "undecided": 1,  # the customer's absence without a call: a person decides
    "came_after_all": 1,
}


class Visiting(OnSite):
    """Plans and makes the visits of a ticket."""

    booked: tuple[User, datetime, datetime] | None = None

    def _visits(self) -> None:
        for number in range(1, MOST_VISITS + 1):
            solved = self._visit(last=number == MOST_VISITS)
            if solved:
                return
            if solved is not None and self._chance(0.4):
                self._pass(30, 600)
                self._postpone()
            if solved is not None and self._chance(0.5):
                self._wait(WaitingFor.PARTS)

    def _visit(self, *, last: bool) -> bool | None:
        """One appointment, moved or called off before perhaps: solved or not, or nobody met."""
        dispatcher = person(self.rng.choice(self.cast.of(Role.DISPATCHER, self.team)))
        if self.ticket.kind == Kind.INSTALLATION and self.ticket.dispatch_approved_by_id is None:
            self._pass(10, 120)
            self._do(dispatch.approve_dispatch, by=person(self.rng.choice(self.cast.of(Role.MANAGER))))
        self._pass(5, 60)
        start, end = self._plan(dispatcher)
        if self._chance(0.1):
            start, end = self._move(dispatcher, start, end)
        elif self._chance(0.06) and self._call_off(dispatcher, start):
            self._pass(60, 1200)
            start, end = self._plan(dispatcher)
        assert self.booked
        technician, thorough = person(self.booked[0]), self._chance(0.25)
        if thorough:
            self._get_ready(technician, start)
        meeting = "in_time" if last else self.script.meeting or self._draw(MEETINGS)
        if not self._meet(meeting, technician, dispatcher, start):
            return None
        technician = person(self.booked[0])  # another one, when the first did not come
        if thorough:
            self._look(technician)
        solved = last or self._chance(0.88)
        if thorough:
            if solved:
                self._mend(technician)
            self._settle(technician)
        self._minutes(20, 75)
        self._complete(technician, solved)
        return solved

    def _plan(self, dispatcher: Actor) -> tuple[datetime, datetime]:
        wished = self._chance(0.15)  # a day that suits the customer better
        ahead = timedelta(hours=self.rng.uniform(18, 48)) if wished else timedelta(minutes=45)
        technician, start, end = self._book(self.at + ahead)
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
                    customer_wish=wished or (late and self._chance(0.8)),
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

    def _call_off(self, dispatcher: Actor, start: datetime) -> bool:
        """Whether we do not come: called off with notice, or too late by the supervisor's word (R24)."""
        if self._chance(0.5):
            self._pass_until(start - timedelta(hours=self.rng.uniform(1, 7.5)))
        else:
            self._pass_until(self.at + (start - self.at) * self.rng.uniform(0.02, 0.3))
        reason, sorry = self._staff(words.CALL_OFF), words.SORRY[self.staff_language]
        self._do(dispatch.cancel_visit, by=dispatcher, reason=reason, apology=sorry)
        if LateCancellation.objects.filter(visit__ticket=self.ticket, state=RequestState.PENDING).exists():
            leader = person(self.cast.of(Role.SUPERVISOR, self.team)[0])
            self._minutes(3, 25)
            if self._chance(0.3):
                self._do(approval.refuse_late, by=leader, reason=self._staff(words_visits.LATE_REFUSED))
                return False
            self._do(approval.approve_late, by=leader)
        self._minutes(2, 15)
        self._tell(dispatcher, How.PHONE)
        self._release()
        return True

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

    # ── the agreed time ────────────────────────────────────────────────────────────────────────
    def _meet(self, meeting: str, technician: Actor, dispatcher: Actor, start: datetime) -> bool:
        """Be there when it was agreed, or not; answers whether the work can begin."""
        if meeting == "nobody":
            return self._nobody_of_ours(technician, dispatcher, start)
        if self._chance(0.85):
            self._pass_until(start - timedelta(minutes=self.rng.uniform(26, 40)))
            self._do(visit.set_out, by=technician)
        if meeting in ("late_told", "late_untold"):
            self._late(technician, dispatcher, start, told=meeting == "late_told")
        else:
            self._pass_until(start)
            self._minutes(2, 8 if meeting != "in_time" else 28)
        self._do(visit.check_in, by=technician)
        self._tell(technician, How.IN_PERSON)
        if meeting in ("given_up", "undecided", "came_after_all"):
            return self._nobody_opens(meeting, technician, start)
        return True

    def _late(self, technician: Actor, dispatcher: Actor, start: datetime, *, told: bool) -> None:
        """The technician says so; the customer is called before the agreed time, or only after it (R23)."""
        minutes = self.rng.randrange(20, 65, 5)
        self._pass_until(start - timedelta(minutes=self.rng.uniform(12, 22)))
        self._do(delay.running_late, by=technician, minutes=minutes, reason=self._staff(words_visits.LATE))
        if told:
            self._minutes(1, 8)
        else:
            self._pass_until(start)
            self._minutes(2, 9)
        self._tell(dispatcher, How.PHONE)
        self._pass_until(start + timedelta(minutes=minutes + self.rng.uniform(-8, 12)))

    def _nobody_of_ours(self, technician: Actor, dispatcher: Actor, start: datetime) -> bool:
        """Half an hour later it is our no-show: the customer hears an apology and gets the next free time (R25)."""
        self._pass_until(start + timedelta(minutes=self.rng.uniform(32, 70)))
        self._tell(dispatcher, How.PHONE)
        if self._chance(0.4):  # the technician comes at last
            self._do(visit.check_in, by=technician)
            return True
        end = start + timedelta(hours=1)
        start, _end = self._move(dispatcher, start, end)
        assert self.booked
        self._pass_until(start)
        self._minutes(2, 20)
        self._do(visit.check_in, by=person(self.booked[0]))
        self._tell(person(self.booked[0]), How.IN_PERSON)
        return True

    def _nobody_opens(self, meeting: str, technician: Actor, start: datetime) -> bool:
        """The customer is not there: calls decide it after half an hour, or the supervisor does (R25)."""
        self._minutes(1, 3)
        self._do(at_the_door.customer_absent, by=technician, note=self._staff(words_visits.ABSENT))
        if meeting == "came_after_all":
            self._minutes(3, 12)
            self._do(at_the_door.customer_present, by=technician)
            return True
        if meeting == "given_up":
            self._minutes(1, 5)
            note = words_visits.NO_ANSWER[self.staff_language]
            self._do(at_the_door.log_visit_call, by=technician, reached=False, note=note)
            self._pass_until(start + timedelta(minutes=30))
        else:
            self._pass_until(start + timedelta(minutes=30 + self.rng.triangular(3, 110, 20)))
            fault = self._draw({Fault.CUSTOMER: 50, Fault.COMPANY: 25, Fault.NOBODY: 25})
            leader = person(self.cast.of(Role.SUPERVISOR, self.team)[0])
            reason = self._staff(words_visits.DECIDED[fault])
            self._do(no_show.decide_no_show, by=leader, fault=fault, reason=reason)
            if fault == Fault.NOBODY:
                return True
        self._pass(20, 240)
        self._fall_due(self.at)
        self.ticket = Ticket.objects.get(pk=self.ticket.pk)
        self._tell(person(self.owner), How.PHONE)
        self._pass(10, 300)
        return False

    # ── the end ────────────────────────────────────────────────────────────────────────────────
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
        if self._chance(0.03):
            self._correct(technician)

    def _correct(self, technician: Actor) -> None:
        """The report was wrong: the signed sheet stays, the next version says what changed."""
        self._minutes(20, 90)
        done = self.ticket.visits.latest("pk")
        self._beside(
            paper.correct,
            done.pk,
            by=technician,
            finding=done.finding,
            work_done=f"{done.work_done}。{self._staff(words_visits.CORRECTED)}",
            reason=self._staff(words_visits.CORRECTED),
        )

    def _space_out(self) -> None:
        """Let the sheet of a visit long past be made in its turn, behind those that somebody waits for."""
        sheets = Paper.objects.filter(visit__ticket=self.ticket, kind=PaperKind.SERVICE_SHEET).order_by("-pk")
        sheet = sheets.values_list("pk", flat=True)[0]
        message = OutboxMessage.objects.filter(task=paper.RENDER_TASK, args=[sheet]).order_by("-pk").first()
        if message is not None:
            OutboxMessage.objects.filter(pk=message.pk).update(publish_at=now() + SHEET_STEP * self.world.sheets)
            self.world.sheets += 1

    # ── while the ticket waits ─────────────────────────────────────────────────────────────────
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

    def _postpone(self) -> None:
        """The customer hears that the repair takes longer; mostly before it should have been done."""
        for due in self._due(Target.REPAIR):
            until = office_hours(max(due, self.at) + timedelta(days=self.rng.uniform(2, 12)), self.rng)
            self._do(repair.postpone_repair, until=until, reason=self._staff(words_answers.POSTPONE), reached=True)
