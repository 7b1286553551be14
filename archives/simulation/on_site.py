"""What a thorough technician does before leaving and at the customer's, beside the visit itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from aftersales.accounts.actors import Actor
from archives.simulation import words_visits
from archives.simulation.catalogue import CODE_OF
from archives.simulation.people import FAMILY_OF
from archives.simulation.steps import Steps
from visits.models import Charge, VanStock
from visits.services import charge, checklist, consent, finding, kit, part, plan, warranty
from visits.states_warranty import Proof
from visits.states_work import ChargeState, ConductItem, KitItem, PaymentMethod


class OnSite(Steps):
    """The checks, the words with the customer, what is put in and what it costs."""

    def _get_ready(self, technician: Actor, start: datetime) -> None:
        """The call before leaving and the kit check (R21)."""
        self._pass_until(start - timedelta(minutes=self.rng.uniform(60, 75)))
        if self.at >= start - timedelta(minutes=42):
            return
        self._do(kit.confirm_by_phone, by=technician, reached=True, confirmed=True)
        ticked: dict[str, object] = {item.value: True for item in KitItem}
        if self._chance(0.1):
            ticked |= {"instruments": False, "instruments_reason": self._staff(words_visits.TOOLS_MISSING)}
        self._do(checklist.check_kit, by=technician, **ticked)

    def _look(self, technician: Actor) -> None:
        """Consent, what was found, and who pays for it (R27, R11)."""
        self._minutes(3, 8)
        odd = self._chance(0.12)
        self._do(
            consent.record_consent,
            by=technician,
            voucher_seen=bool(self._voucher()),
            parts_complete=True,
            human_damage=odd,
            agreed=True,
            mismatch=self._staff(words_visits.MISMATCH) if odd or not self._voucher() else "",
            signer_name=self.ticket.customer.name[:80],
            signature=self.rng.choice(self.world.signatures),
        )
        self._minutes(5, 15)
        self._find(technician)
        if self.ticket.product is not None:
            self._decide_warranty(technician)

    def _find(self, technician: Actor) -> None:
        """Name the fault by its code (R17)."""
        product = self.ticket.product
        family = FAMILY_OF.get(product.model.code, "") if product else ""
        known = finding.codes_for(self.ticket).values_list("code", flat=True)
        code = CODE_OF.get(family, "installation")
        if code in known:
            self._do(
                finding.record_finding, by=technician, code=code, note=self.caller.fault.finding[self.staff_language]
            )

    def _decide_warranty(self, technician: Actor, **chosen: str) -> None:
        """By the voucher; where there is none by the barcode (R11). What is charged is explained and signed (R28)."""
        voucher = self._voucher()
        serial = self.ticket.product.serial if self.ticket.product else ""
        proof = Proof.VOUCHER if voucher else Proof.BARCODE if serial else Proof.NONE
        self._do(
            warranty.decide_warranty,
            by=technician,
            proof=proof,
            voucher_number=voucher,
            barcode=serial if proof == Proof.BARCODE else "",
            explanation=self._staff(words_visits.EXPLAINED),
            signer_name=self.ticket.customer.name[:80],
            signature=self.rng.choice(self.world.signatures),
            **chosen,
        )

    def _mend(self, technician: Actor) -> None:
        """Agree on the price, put a part in, take the money, leave the place clean (R15, R30, R35, R31)."""
        assert technician.user is not None
        visit = self.ticket.visits.latest("pk")
        vans = VanStock.objects.filter(technician=technician.user, quantity__gt=0, part__serialised=False)
        line = self.ticket.product.model.line if self.ticket.product else ""
        van = vans.filter(part__line__in=["", line]).select_related("part").order_by("-part__line", "part").first()
        part_name = van.part.number if van is not None else ""
        if charge.chargeable(visit) is not False:
            hours = self.rng.choice((1, 1, 2))
            estimate = Decimal(200 + 120 * hours)
            self._do(plan.propose_plan, by=technician, what=self._staff(words_visits.PLAN), estimate=estimate)
            self._minutes(1, 4)
            name = self.ticket.customer.name[:80]
            self._do(plan.confirm_plan, by=technician, signer_name=name)
            wanted = [("visit", 1), ("hour", hours), *([(part_name, 1)] if part_name else [])]
            lines = [{"code": code, "quantity": quantity} for code, quantity in wanted]
            self._do(charge.announce_charges, by=technician, lines=lines, agreed_by=name)
        if van is not None:
            self._minutes(10, 30)
            self._do(part.use_part, by=technician, part=van.part)

    def _settle(self, technician: Actor) -> None:
        """The money that was agreed on, and how it was at the customer's (R15, R31)."""
        open_one = Charge.objects.filter(ticket=self.ticket, state=ChargeState.ANNOUNCED).first()
        if open_one is not None:
            less = self._chance(0.08)
            self._do(
                charge.collect_charge,
                by=technician,
                amount=open_one.total - (5 if less else 0),
                method=self._draw({PaymentMethod.CASH: 50, PaymentMethod.TRANSFER: 40, PaymentMethod.CARD: 10}),
                explanation=words_visits.LESS[self.staff_language] if less else "",
            )
        self._do(checklist.check_conduct, by=technician, **{item.value: True for item in ConductItem})

    def _voucher(self) -> str:
        return self.ticket.product.voucher_number if self.ticket.product else ""

    def _minutes(self, least: float, most: float) -> None:
        """Some minutes at the customer's, whatever the desk's hours."""
        self.at += timedelta(minutes=self.rng.uniform(least, most))
