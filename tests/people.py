"""The cast of the tests: one company, its people, a partner; and tickets in any state, made by the real services.

    def test_x(cast): ticket = cast.ticket_in("resolved"); by = cast.actor("clerk")

`cast.at` is a Wednesday, 10:00 in Shanghai, inside service hours; pass `at=cast.at + …` to services.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest

from aftersales.accounts import services as accounts
from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import Partner, Region, Team, User
from aftersales.accounts.roles import Role, Scope
from aftersales.core import remembered
from aftersales.customers.models import ProductModel
from complaints.models import CallSettings
from complaints.services import callback
from tickets.models import Ticket
from tickets.services import desk, intake
from tickets.sla import defaults, policies
from tickets.sla.models import Calendar, CalendarDay, Policy
from visits.models import Part, Technician
from visits.services import dispatch, stock, visit

PASSWORD = "a-long-test-password"
NAMES = {
    "clerk": "Ana Chen",
    "dispatcher": "Boris Lin",
    "technician": "Li Ming",
    "officer": "Olga Wu",
    "archivist": "Ada Xu",
    "supervisor": "Clara Zhao",
    "manager": "Max Huang",
    "admin": "Root Admin",
}


class Cast:
    """Makes each person and thing when first asked for."""

    at = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai

    def __init__(self) -> None:
        defaults.install(Calendar, Policy)  # a transactional test empties what the migrations made
        defaults.install_days(Calendar, CalendarDay, upto=2027)
        policies.forget()
        remembered.forget_all()

    @cached_property
    def region(self) -> Region:
        """Shanghai, the home region."""
        return Region.objects.create(
            code="shanghai", name_en="Shanghai", name_zh_hans="上海", name_zh_hant="上海", is_home=True
        )

    @cached_property
    def far_region(self) -> Region:
        return Region.objects.create(
            code="taipei",
            name_en="Taipei",
            name_zh_hans="台北",
            name_zh_hant="台北",
            zone="Asia/Taipei",
            phone_region="TW",
        )

    @cached_property
    def team(self) -> Team:
        team = Team.objects.create(code="east", name_en="East", name_zh_hans="华东", name_zh_hant="華東")
        team.regions.add(self.region)
        return team

    @cached_property
    def model(self) -> ProductModel:
        return ProductModel.objects.create(
            code="kfr-35gw",
            name_en="KFR-35GW air conditioner",
            name_zh_hans="KFR-35GW 空调",
            name_zh_hant="KFR-35GW 空調",
            labour_months=36,
            parts_months=36,
            travel_months=36,
            skill="cooling",
        )

    def user(self, role: str, name: str = "") -> User:
        """The person with this role; with a name another one of the same role."""
        username = f"{role}-{name}" if name else role
        known = User.objects.filter(username=username).first()
        if known is not None:
            return known
        user = User(username=username, name=f"{NAMES[role]} {name}".strip(), role=role)
        user.set_unusable_password()  # hashing is slow; tests that sign in by form set one
        if role != Role.ADMIN:
            user.team = self.team
        user.save()
        if role == Role.SUPERVISOR and not name:
            self.team.supervisor = user
            self.team.save()
        return user

    @cached_property
    def technician(self) -> User:
        user = self.user("technician")
        profile = Technician.objects.create(user=user, skills={"cooling": 2})
        profile.regions.add(self.region)
        return user

    @cached_property
    def valve(self) -> Part:
        """A part without serial numbers, five of them in the technician's van."""
        valve = Part.objects.create(number="P-100", name="valve", price=Decimal("80.00"))
        stock.issue(self.technician, valve, 5, by=self.actor("archivist"), at=self.at)
        return valve

    def actor(self, role: str, name: str = "") -> Actor:
        """The person with this role at a page."""
        person = self.technician if role == "technician" and not name else self.user(role, name)
        return Actor(Door.PAGE, user=person)

    @cached_property
    def partner(self) -> Partner:
        return Partner.objects.create(code="erp", name="Partner ERP", team=self.team)

    @cached_property
    def other_partner(self) -> Partner:
        return Partner.objects.create(code="other", name="Other Partner", team=self.team)

    def key(self, partner: Partner | None = None, scopes: list[Scope] | None = None, **kwargs: Any) -> str:
        """A fresh secret key of the partner."""
        return accounts.issue_key(partner or self.partner, scopes=scopes, **kwargs)[1]

    def partner_actor(self, partner: Partner | None = None) -> Actor:
        return Actor(Door.API, partner=partner or self.partner, scopes=frozenset(Scope.values))

    def intake(self, **kwargs: Any) -> intake.Intake:
        """What a clerk hears of Ms Wang's air conditioner; any of it may be given otherwise."""
        heard: dict[str, Any] = {
            "summary": "空调不制冷",
            "customer_name": "王秀英",
            "phone": "138 0000 4412",
            "visit_needed": True,
            "address": "浦东大道1号",
            "region": self.region,
            "model": self.model,
            "serial": "AB-124A7F9",
        }
        return intake.Intake(**{**heard, **kwargs})

    def ticket(self, *, by: Actor | None = None, at: datetime | None = None, **kwargs: Any) -> Ticket:
        """A ticket just registered by the clerk."""
        return intake.register(self.intake(**kwargs), by=by or self.actor("clerk"), at=at or self.at)

    def ticket_in(self, state: str, **kwargs: Any) -> Ticket:
        """A ticket brought into a state by the verbs, in the hours after `cast.at`; resolved and later by a visit."""
        ticket = self.ticket(**kwargs)
        clerk, dispatcher, technician = self.actor("clerk"), self.actor("dispatcher"), self.actor("technician")
        at = self.at

        def after(hours: float) -> datetime:
            return at + timedelta(hours=hours)

        pk = ticket.pk
        if state in ("in_progress", "waiting", "visit_planned", "visiting", "resolved", "closed", "reopened"):
            desk.log_contact(pk, reached=True, by=clerk, at=after(0.25))
        if state == "waiting":
            desk.wait(pk, waiting_for="customer", until=after(48), reason="on holiday", by=clerk, at=after(0.5))
        if state in ("visit_planned", "visiting"):
            if ticket.kind == "installation":
                dispatch.approve_dispatch(pk, by=self.actor("manager"), at=after(0.4))
            dispatch.plan_visit(
                pk, technician=self.technician, window_start=after(2), window_end=after(4), by=dispatcher, at=after(0.5)
            )
        if state == "visiting":
            visit.check_in(pk, by=technician, at=after(2))
        if state in ("resolved", "closed", "reopened"):
            desk.resolve(pk, resolution="reset by telephone", by=clerk, at=after(0.5))
        if state in ("closed", "reopened"):
            desk.close(pk, by=clerk, at=after(1))
        if state == "reopened":
            desk.reopen(pk, reason="it leaks again", by=clerk, at=after(2))
        if state == "refused":
            desk.refuse(pk, reason="not our product", by=clerk, at=after(0.25))
        if state == "cancelled":
            dispatch.cancel(pk, reason="sold it", by=clerk, at=after(0.25))
        return Ticket.objects.get(pk=pk)

    def visited(self, *, solved: bool = True, **kwargs: Any) -> Ticket:
        """A ticket whose visit is over: solved, with a callback owed from 7 to 11 March, or not solved."""
        ticket = self.ticket_in("visiting", **kwargs)
        visit.complete_visit(
            ticket.pk,
            solved=solved,
            finding="leak",
            work_done="sealed the pipe",
            unsigned_reason="hand in plaster",
            by=self.actor("technician"),
            at=self.at + timedelta(hours=3),
        )
        return Ticket.objects.get(pk=ticket.pk)

    def calls_at_any_hour(self) -> None:
        """Leave no customer alone at night: for tests that call now, whenever that is."""
        CallSettings.objects.create(
            night_from=None, night_until=None, noon_from=None, noon_until=None, reason="test", changed_at=self.at
        )

    def called_back(self, outcome: str = "satisfied", **kwargs: Any) -> Ticket:
        """A visited ticket whose customer was called back on day 4."""
        ticket = self.visited(**kwargs)
        owed = ticket.callbacks.get()
        callback.record_attempt(
            owed.pk,
            outcome=outcome,
            note="still hums" if outcome == "not_satisfied" else "",
            by=self.actor("officer"),
            at=self.at + timedelta(days=4),
        )
        return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()
