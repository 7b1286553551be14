"""One ticket's life, from the first call to the last, played through the real services at simulated times.

A life is one transaction: sweepers, workers and readers see it whole or not at all. Promises that fall due within it
are called by the same sweep that calls real ones, when they fall due.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import transaction

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from archives.simulation import words, words_answers, words_complaints, words_people
from archives.simulation.caller import Caller
from archives.simulation.complaining import Complaining
from archives.simulation.steps import Later, person
from archives.simulation.visiting import Visiting
from archives.simulation.words import Text
from archives.simulation.world import office_hours
from complaints import calling
from complaints.models import CallSettings, PromisedAnswer
from complaints.services import answer
from complaints.services import callback as callbacks
from complaints.states_callback import CallbackKind, CallbackState, Outcome
from tickets.models import COLLECTION_NOTICES, Ticket
from tickets.services import answers, desk, intake, repair
from tickets.sla.states import Target
from tickets.states import HANDED_OUT, Channel, Kind, WaitingFor
from visits.services import dispatch


class Life(Visiting, Complaining):
    """Plays one life; `run` answers the ticket."""

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
        if self.ticket.kind == Kind.COMPLAINT:
            self.settle_complaint()
            return
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
            if self._chance(0.04):
                self._pass(200, 3000)
                self.complain(words_complaints.ABOUT_VISITS)
                self.settle_complaint()
            self._second_follow_up()
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
        name = words_people.full_name(self.rng, self.staff_language)
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

    # ── after the visit ────────────────────────────────────────────────────────────────────────
    def _callback(self) -> bool | None:
        """Call the customer back as promised; False when they are not satisfied and the ticket is open again."""
        if not self.ticket.callback_owed:
            self._pass(600, 2400)
            self._do(desk.close)
            return None
        owed = self.ticket.callbacks.get(state=CallbackState.OWED, kind=CallbackKind.FIRST)
        late = self._chance(0.06)
        span = owed.due_at - owed.opens_at
        self.at = owed.opens_at + span * (1 + self.rng.uniform(0.05, 0.4) if late else self.rng.triangular(0, 0.9, 0.1))
        caller = self._caller()
        for _attempt in range(2):
            if not self._chance(0.22):
                break
            self._pass(0, 1)
            self._attempt(owed.pk, caller, Outcome.NOT_REACHED, words.NOT_REACHED)
            self._pass(180, 1500)
        self._pass(0, 1)
        if self._chance(0.04):
            self._question(owed.pk, caller)
            return True
        if self._chance(0.91):
            self._attempt(owed.pk, caller, Outcome.SATISFIED, words.SATISFIED)
            return True
        self._attempt(owed.pk, caller, Outcome.NOT_SATISFIED, words.NOT_SATISFIED)
        return False

    def _caller(self) -> Actor:
        return person(self.rng.choice([*self.cast.of(Role.CLERK, self.team), *self.cast.of(Role.OFFICER, self.team)]))

    def _question(self, callback: int, caller: Actor) -> None:
        """The customer asks what the caller cannot say; the answer comes as promised, or a little late."""
        self._when_called()
        promised = self.at + timedelta(days=self.rng.randint(1, 3))
        question = self._staff(words.QUESTIONS)
        self._beside(
            callbacks.record_attempt,
            callback,
            by=caller,
            outcome=Outcome.QUESTION,
            question=question,
            promised_at=promised,
            note=question,
            attitude=5,
            quality=4,
        )
        self._pass_until(self.at + (promised - self.at) * self.rng.uniform(0.2, 1.1))
        self._pass(0, 1)
        open_one = PromisedAnswer.objects.get(ticket=self.ticket, answered_at=None)
        self._beside(answer.give, open_one.pk, by=caller, text=self._staff(words.ANSWERS))

    def _second_follow_up(self) -> None:
        """Within the week after the first call the customer is asked once more (R60)."""
        owed = self.ticket.callbacks.filter(state=CallbackState.OWED, kind=CallbackKind.SECOND).first()
        if owed is None or self._chance(0.04):
            return
        self._pass_until(owed.opens_at + (owed.due_at - owed.opens_at) * self.rng.triangular(0, 0.9, 0.2))
        self._pass(0, 1)
        self._attempt(owed.pk, self._caller(), Outcome.SATISFIED, words.SATISFIED)

    def _when_called(self) -> None:
        """Let the hours pass in which customers are left alone."""
        quiet = calling.quiet_until(self.at, calling.zone_of(self.ticket), CallSettings())
        if quiet is not None:
            self.at = quiet + timedelta(minutes=self.rng.uniform(1, 40))

    def _attempt(self, callback: int, caller: Actor, outcome: Outcome, said: list[Text]) -> None:
        self._when_called()
        answered = outcome != Outcome.NOT_REACHED
        good = outcome == Outcome.SATISFIED

        self._beside(
            callbacks.record_attempt,
            callback,
            by=caller,
            outcome=outcome,
            note=self._staff(said) if not good or self._chance(0.6) else "",
            attitude=self.rng.choice((4, 5, 5)) if answered else None,
            quality=(self.rng.choice((4, 5, 5)) if good else self.rng.choice((1, 2))) if answered else None,
        )
