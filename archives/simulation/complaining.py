"""How a complaint goes in a life: handled by the officer of the team, told, settled, and called back about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import Role
from archives.simulation import words_complaints as words
from archives.simulation.steps import Steps, person
from complaints import calling
from complaints.models import Callback, CallSettings, Complaint
from complaints.services import callback, handling, register, settling
from complaints.states import Against, Cause, Remedy, Verdict
from complaints.states_callback import CallbackState, Outcome
from tickets.states import ComplaintClass

_CAUSES: dict[str, int] = {
    Cause.LATE: 22,
    Cause.WORKMANSHIP: 20,
    Cause.CONDUCT: 10,
    Cause.PRODUCT: 14,
    Cause.PART: 8,
    Cause.CHARGE: 8,
    Cause.INFORMATION: 7,
    Cause.UNREACHABLE: 6,
    Cause.CUSTOMER: 5,
}
_VERDICTS: dict[str, int] = {Verdict.UPHELD: 50, Verdict.PARTLY: 22, Verdict.NOT_UPHELD: 28}
_REMEDIES: dict[str, int] = {Remedy.REPAIR: 30, Remedy.APOLOGY: 30, Remedy.REFUND: 18, Remedy.VOUCHER: 12}


class Complaining(Steps):
    """The steps of a complaint; `complaint` is the ticket's latest."""

    @property
    def complaint(self) -> Complaint:
        return Complaint.objects.filter(ticket=self.ticket).latest("pk")

    @property
    def officer(self) -> Actor:
        """Who settles complaints in this team; elsewhere its supervisor."""
        people = self.cast.of(Role.OFFICER, self.team) or self.cast.of(Role.SUPERVISOR, self.team)
        return person((people or self.cast.of(Role.MANAGER))[0])

    @property
    def _manager(self) -> Actor:
        return person(self.cast.of(Role.MANAGER)[0])

    def about(self, verb: Any, *, by: Actor | None = None, **given: Any) -> None:
        """Do something with the complaint."""
        self._beside(verb, self.complaint.pk, by=by or self.officer, **given)

    def complain(self, texts: list[words.Text], **given: Any) -> None:
        """The customer complains of the last visit."""
        said = self.rng.choice(texts)[self.caller.language]
        visit = self.ticket.visits.exclude(ended_at=None).order_by("-pk").first()
        heard: dict[str, Any] = {"against": Against.VISIT if visit else Against.SERVICE, "visit": visit, **given}
        self._beside(register.register, self.ticket.pk, words=said, **heard)

    def settle_complaint(self) -> None:
        """From the first call to the remedy; some are disputed, a few go up, the grave ones to the manager."""
        self.hear()
        self.find()
        self.decide()
        self.tell()
        if self._chance(0.12):
            self.about(settling.dispute, reason=self._staff(words.NOT_ENOUGH))
            self._pass(60, 600)
            self.about(settling.report, reason=self._staff(words.UPWARDS))
            self._pass(60, 600)
            self.about(settling.rule, by=self._manager, ruling=self._staff(words.REMEDY))
            self._pass(30, 300)
            self.decide()
            self.tell()
        self.about(settling.accept)
        if self.complaint.remedy != Remedy.NONE:
            self._pass(600, 3000)
            self.about(settling.remedy)
        self.call_about_it()

    def call_about_it(self) -> None:
        """The customer is called and asked whether it is settled (R44); then the result is filed."""
        owed = Callback.objects.filter(complaint=self.complaint, state=CallbackState.OWED).first()
        if owed is None:
            return
        self._pass(300, 2500)
        quiet = calling.quiet_until(self.at, calling.zone_of(self.ticket), CallSettings())
        self._pass_until(quiet or self.at)
        self._beside(
            callback.record_attempt,
            owed.pk,
            by=self.officer,
            outcome=Outcome.SATISFIED,
            note=self._staff(words.TOLD),
            attitude=self.rng.choice((3, 4, 5)),
        )
        self._pass(2, 60)
        grave = self.complaint.complaint_class == ComplaintClass.THIRD
        self.about(settling.close, by=self._manager if grave else None)

    def hear(self) -> None:
        """Call the complainant, decide on the class, find somebody to investigate."""
        grave = self.complaint.complaint_class == ComplaintClass.THIRD
        self._pass(5, 25 if grave else 55)
        if self.complaint.acknowledged_at is None:
            until = self.at + timedelta(days=2)
            self.about(handling.acknowledge, reached=True, expected_at=until, note=self._staff(words.TOLD))
        self.about(handling.assign, owner=self.officer.user, investigator=self.officer.user, team=self.ticket.team)
        self._pass(3, 30)
        proposed = self.complaint.proposed_class
        reason = self._staff(words.RAISED if proposed > 1 else words.CONFIRMED)
        self.about(handling.grade, complaint_class=proposed, reason=reason)

    def find(self) -> None:
        """Find out what happened, with the statement of who is complained of."""
        self._pass(20, 150)
        self.about(handling.investigate)
        technician = self.complaint.visit.technician if self.complaint.visit else None
        if technician is not None and self._chance(0.7):
            self._pass(10, 60)
            self.about(handling.give_statement, by=person(technician), text=self._staff(words.STATEMENT))
        cause = self._draw(_CAUSES)
        self._pass(20, 120)
        self.about(handling.find, finding=words.FINDING[cause][self.staff_language], cause=cause)

    def decide(self) -> None:
        """Decide and propose; a complaint of class 3 is the manager's (R41)."""
        self._pass(30, 600)
        verdict, remedy = self._draw(_VERDICTS), self._draw(_REMEDIES)
        if verdict == Verdict.NOT_UPHELD:
            remedy = self._draw({Remedy.NONE: 7, Remedy.APOLOGY: 3})
        grave = self.complaint.complaint_class == ComplaintClass.THIRD
        self.about(
            settling.propose,
            by=self._manager if grave else None,
            verdict=verdict,
            remedy=remedy,
            remedy_note="" if remedy == Remedy.NONE else self._staff(words.REMEDY),
            remedy_by=None if remedy == Remedy.NONE else self.at + timedelta(days=5),
            cost=0 if remedy in (Remedy.NONE, Remedy.APOLOGY) else self.rng.randrange(30, 600, 10),
        )

    def tell(self) -> None:
        """Tell the customer the same day."""
        self._pass(5, 60)
        self.about(settling.inform, reached=True, note=self._staff(words.TOLD))
        self._pass(1, 5)
