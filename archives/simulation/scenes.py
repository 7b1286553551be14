"""What a desk looks like at this very moment: one ticket for each thing that somebody has to look at now.

A scene is a life whose visit lies around the end of the story, so that every page has something true to show.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from PIL import Image, ImageDraw

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import Role
from archives.simulation import words, words_visits
from archives.simulation.life import Life
from archives.simulation.scenes_complaints import COMPLAINTS
from archives.simulation.steps import person
from archives.simulation.world import SLOT_SPAN, ZONE, at_local
from tickets.services import desk
from visits.models import MajorFailure, Visit, WorkshopItem
from visits.services import (
    at_the_door,
    contractor,
    delay,
    dispatch,
    failure,
    interruption,
    paper,
    photograph,
    plan,
    remote,
    visit,
    workshop,
)
from visits.states import How, PaperKind
from visits.states_warranty import Outcome, Purpose
from visits.states_work import PauseReason, Permission, RemoteResult, WorkshopState

WAY = timedelta(minutes=30)
AFTERNOON = time(15, 15)
CONTRACTOR = "tech.partner"


class Scene(Life):
    """The life of one ticket that shows what its script names."""

    def _live(self) -> None:
        self._register()
        self._do(desk.log_contact, reached=True, note=self._staff(words.CONTACT))
        SCENES[self.script.scene](self)

    # ── what scenes are made of ────────────────────────────────────────────────────────────────
    def appoint(self, minutes: float, *, earlier: float = 90) -> Actor:
        """Plan a visit that starts so many minutes from now on, with somebody who is free then.

        Whatever the hour, since somebody may look at any time: the customer wishes it so, and the supervisor answers.
        """
        start = self.world.until + timedelta(minutes=minutes)
        end = start + SLOT_SPAN
        self.at = max(self.at, min(start, self.world.until) - timedelta(minutes=earlier))
        skill = self.ticket.product.model.skill if self.ticket.product else ""
        people = [one for one in self.cast.technicians_in(self.region) if not one.contractor]
        free = [one for one in people if self.world.free(one.user, start - WAY, end + WAY)]
        wished = self.script.technician
        chosen = min(free or people, key=lambda one: (one.user.username != wished, skill not in one.skills)).user
        self.world.book(chosen, start, end)
        self.booked = (chosen, start, end)
        self._do(
            dispatch.plan_visit,
            by=self.leader,
            technician=chosen,
            window_start=start,
            window_end=end,
            customer_wish=True,
            override_reason=words_visits.EMERGENCY[self.staff_language],
        )
        return person(chosen)

    def arrive(self, minutes: float) -> Actor:
        """A technician is at the customer's since so many minutes."""
        technician = self.appoint(-minutes)
        self.until(-minutes - 30)
        self._do(visit.set_out, by=technician)
        self.until(-minutes + 2)
        self._do(visit.check_in, by=technician)
        return technician

    def until(self, minutes: float) -> None:
        """Go on to so many minutes from the end of the story, or from where it is already."""
        self._pass_until(self.world.until + timedelta(minutes=minutes))

    @property
    def leader(self) -> Actor:
        return person(self.cast.of(Role.SUPERVISOR, self.team)[0])

    @property
    def dispatcher(self) -> Actor:
        return person(self.cast.of(Role.DISPATCHER, self.team)[0])

    @property
    def visit(self) -> Visit:
        return self.ticket.visits.latest("pk")

    def picture(self, technician: Actor, purpose: Purpose) -> None:
        """Take a photograph; its key is drawn, so that the same story has the same ones."""
        key = UUID(int=self.rng.getrandbits(128), version=4)
        file = draw_photograph(self.ticket.summary, self.rng.randrange(256))
        self._beside(
            photograph.add_photograph,
            self.ticket.pk,
            visit=self.visit.pk,
            key=key,
            file=file,
            purpose=purpose,
            by=technician,
        )

    # ── the scenes ─────────────────────────────────────────────────────────────────────────────
    def late_and_told(self) -> None:
        """R23: the customer knows, and waits for the new time."""
        technician = self.appoint(12)
        self.until(-14)
        self._do(delay.running_late, by=technician, minutes=30, reason=self._staff(words_visits.LATE))
        self.until(-9)
        self._tell(self.dispatcher, How.PHONE)

    def late_and_untold(self) -> None:
        """R23: somebody has to call the customer at once."""
        technician = self.appoint(9)
        self.until(-4)
        self._do(delay.running_late, by=technician, minutes=45, reason=self._staff(words_visits.LATE))

    def absent_without_a_call(self) -> None:
        """R25: nobody opened and nobody called; a person decides within the hour."""
        technician = self.appoint(-42)
        self.until(-40)
        self._do(visit.check_in, by=technician)
        self.until(-37)
        self._do(at_the_door.customer_absent, by=technician, note=self._staff(words_visits.ABSENT))

    def we_stayed_away(self) -> None:
        """R25: nobody of ours came; an apology and the next free time are owed."""
        self.appoint(-48)

    def freed(self) -> None:
        """R24: a customer called tomorrow's visit off; its time is offered to those who wait."""
        tomorrow = timezone.localdate(self.world.until, ZONE) + timedelta(days=1)
        start = at_local(tomorrow, AFTERNOON)
        self.appoint((start - self.world.until) / timedelta(minutes=1))
        self.until(-25)
        reason = self._staff(words.CANCEL)
        self._do(dispatch.cancel_visit, by=self.dispatcher, reason=reason, customer_wish=True)
        self._release()

    def asked_too_late(self) -> None:
        """R24: we cannot come and it is too late for the notice; the supervisor is asked."""
        self.appoint(190)
        self.until(-11)
        sorry = words.SORRY[self.staff_language]
        self._do(dispatch.cancel_visit, by=self.dispatcher, reason=self._staff(words.CALL_OFF), apology=sorry)

    def major_failure(self) -> None:
        """R34: reported half an hour ago, to be analysed."""
        technician = self.arrive(55)
        self.picture(technician, Purpose.DAMAGE)
        self._report(technician)

    def analysed_failure(self) -> None:
        """R34: reported the day before, analysed since."""
        technician = self.arrive(300)
        self._report(technician)
        self._minutes(50, 60)
        self._complete(technician, solved=True)
        self._minutes(20, 40)
        told = {name: text[self.staff_language] for name, text in words_visits.ANALYSIS.items()}
        due = timezone.localdate(self.at, ZONE) + timedelta(days=14)
        report = MajorFailure.objects.get(ticket=self.ticket).pk
        self._beside(
            failure.analyse_failure,
            report,
            **told,
            corrective_on=due,
            preventive_on=due,
            complete=True,
            by=self.leader,
        )

    def _report(self, technician: Actor) -> None:
        what, place, first_plan = self.rng.choice(words_visits.FAILURE)
        self._minutes(15, 20)
        self._do(
            failure.report_major_failure,
            by=technician,
            occurred_at=self.at - timedelta(minutes=10),
            what=what[self.staff_language],
            place=place[self.staff_language],
            first_plan=first_plan[self.staff_language],
        )

    def disputed_plan(self) -> None:
        """R30: the customer does not agree; the technical department decides."""
        technician = self.arrive(58)
        self._look(technician)
        self.picture(technician, Purpose.BEFORE)
        self._do(plan.propose_plan, by=technician, what=self._staff(words_visits.PLAN), estimate=Decimal(480))
        self._minutes(2, 4)
        self._do(plan.dispute_plan, by=technician, reason=self._staff(words_visits.DISPUTED))

    def warranty_to_approve(self) -> None:
        """R11: the technician's verdict differs from the terms; a leader is asked."""
        technician = self.arrive(47)
        self.picture(technician, Purpose.PLATE)
        self._minutes(4, 8)
        # No terms say this: parts are free for longer than labour.
        chosen = {"labour": str(Outcome.IN_WARRANTY), "parts": str(Outcome.CHARGED)}
        self._decide_warranty(technician, **chosen, differs_reason=self._staff(words_visits.MISMATCH))

    def contractor_booked(self) -> None:
        """R33: the manager lets an outside contractor go."""
        self.until(-70)
        reason = words_visits.EMERGENCY[self.staff_language]
        manager = person(self.cast.of(Role.MANAGER)[0])
        self._do(contractor.approve_contractor, by=manager, reason=reason)
        start = self.world.until + timedelta(hours=4)
        self._minutes(5, 10)
        self._do(
            dispatch.plan_visit,
            by=self.leader,
            technician=self.cast.people[CONTRACTOR],
            window_start=start,
            window_end=start + SLOT_SPAN,
            customer_wish=True,
            override_reason=reason,
        )

    def taken_along(self) -> None:
        """R29: goods that went to the workshop, and are ready by now or not."""
        technician = self.arrive(330)
        self._look(technician)
        self.picture(technician, Purpose.BEFORE)
        what = self.ticket.product.model.name if self.ticket.product else self.ticket.summary
        self._do(
            workshop.take_to_workshop,
            by=technician,
            what=what[:200],
            condition=self._staff(words_visits.TAKEN),
            agreed_by=self.ticket.customer.name[:80],
        )
        self._minutes(10, 20)
        self._complete(technician, solved=False)
        number = WorkshopItem.objects.get(ticket=self.ticket).number
        for state in (WorkshopState.IN_WORKSHOP, WorkshopState.READY)[: self.rng.randint(1, 2)]:
            self._minutes(40, 60)
            self._beside(workshop.move_item, number, to=state, by=person(self.cast.of(Role.ARCHIVIST)[0]))

    def interrupted(self) -> None:
        """R26: the technician rests and goes on when it suits the customer."""
        technician = self.arrive(95)
        self._look(technician)
        self.until(-12)
        tonight = at_local(timezone.localdate(self.at, ZONE), time(23, 59))  # tomorrow would be another visit
        resume_at = min(self.world.until + timedelta(minutes=40), tonight)
        self._do(interruption.interrupt_visit, by=technician, reason=PauseReason.REST, resume_at=resume_at)

    def helped_from_afar(self) -> None:
        """R10: a session by the network showed that somebody has to come."""
        self.until(-80)
        self._do(
            remote.remote_session,
            allowed_by=self.ticket.customer.name[:80],
            allowed_how=Permission.TELEPHONE,
            allowed_at=self.at - timedelta(minutes=30),
            started_at=self.at - timedelta(minutes=25),
            ended_at=self.at - timedelta(minutes=5),
            result=RemoteResult.VISIT,
            note=words_visits.REMOTE[0][self.staff_language],
        )

    def paid_and_corrected(self) -> None:
        """R15, R71: cash that is not handed in yet, and papers with a second version."""
        technician = self.arrive(240)
        self._look(technician)
        self._mend(technician)
        self.picture(technician, Purpose.AFTER)
        self._settle(technician)
        self._complete(technician, solved=True)
        for kind in (PaperKind.DISPATCH_ORDER, PaperKind.SERVICE_SHEET):
            self._beside(paper.issue, self.visit.pk, kind, by=self.dispatcher)
        self._correct(technician)


SCENES: dict[str, Callable[[Scene], None]] = {
    "late_and_told": Scene.late_and_told,
    "late_and_untold": Scene.late_and_untold,
    "absent_without_a_call": Scene.absent_without_a_call,
    "we_stayed_away": Scene.we_stayed_away,
    "freed": Scene.freed,
    "asked_too_late": Scene.asked_too_late,
    "major_failure": Scene.major_failure,
    "analysed_failure": Scene.analysed_failure,
    "disputed_plan": Scene.disputed_plan,
    "warranty_to_approve": Scene.warranty_to_approve,
    "contractor_booked": Scene.contractor_booked,
    "taken_along": Scene.taken_along,
    "interrupted": Scene.interrupted,
    "helped_from_afar": Scene.helped_from_afar,
    "paid_and_corrected": Scene.paid_and_corrected,
    **COMPLAINTS,
}


def draw_photograph(caption: str, shade: int) -> io.BytesIO:
    """A picture that stands for a photograph: a plate on a grey case."""
    picture = Image.new("RGB", (960, 720), (90 + shade // 4, 110, 120))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((120, 90, 840, 630), fill=(225, 225, 220), outline=(60, 60, 60), width=6)
    pen.rectangle((200, 420, 760, 560), fill=(250, 250, 250), outline=(60, 60, 60), width=3)
    for at in range(220, 740, 12):
        pen.line((at, 440, at, 500 + (at * 7 + shade) % 40), fill="black", width=2 + (at + shade) % 5)
    pen.ellipse((560, 140, 800, 380), outline=(60, 60, 60), width=8)
    pen.text((220, 150), caption.encode("ascii", "ignore").decode() or "sample", fill="black")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    out.seek(0)
    return out
