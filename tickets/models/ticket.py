"""The ticket: one request of a customer, from the first call to the last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Partner, Region, Team, User
from aftersales.accounts.roles import Role
from aftersales.core.errors import Missing, Stale
from aftersales.core.fsm import FSMField, ReadAgain, transition
from aftersales.core.text import bigrams, fold
from aftersales.customers.models import Customer, Product, Site
from tickets.states import AT_THE_DESK, EDGES, ENDED, Channel, Goods, Grade, Kind, State, WaitingFor

COLLECTION_NOTICES = 3  # R14: after so many, unanswered, the goods are posted back
NO_DUE = datetime(9999, 1, 1, tzinfo=UTC)  # sorts after every promise, so that lists page by one plain column


class TicketQuerySet(models.QuerySet["Ticket"]):
    def open(self) -> TicketQuerySet:
        return self.filter(ended_at=None)

    def visible_to(self, actor: Actor) -> TicketQuerySet:
        """Only what this person or partner may see (R75)."""
        if actor.partner is not None:
            return self.filter(partner=actor.partner)
        if actor.is_customer:
            return self.filter(pk=actor.ticket_id)
        if actor.user is None:
            return self
        if actor.user.role == Role.ADMIN:
            return self.none()
        if actor.user.role == Role.TECHNICIAN:
            return self.filter(Q(technician=actor.user) | Q(owner=actor.user) | Q(offered_to=actor.user))
        return self

    def locked(self, pk: int, *, version: int | None = None, actor: Actor | None = None) -> Ticket:
        """Read a ticket for a change: its row is locked first of all, and refused when it is not what was read.

        Raises Missing, Stale.
        """
        visible = self.visible_to(actor) if actor else self
        ticket = visible.select_for_update(of=("self",)).filter(pk=pk).first()
        if ticket is None:
            raise Missing(gettext("There is no such ticket."))
        if version is not None and version != ticket.version:
            raise Stale(
                gettext("The ticket was changed meanwhile. Nothing of yours was saved: look at it again."), code="stale"
            )
        return ticket


class Ticket(ReadAgain, models.Model):
    """One request of a customer. Only services change it; each change raises its version.

    Relations have no index of their own (`db_index=False`) where Meta has one that begins with them, or where nobody
    asks: every index is written with every ticket.
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel)
    grade = models.PositiveSmallIntegerField(_("fault grade"), choices=Grade)
    state = FSMField(_("state"), max_length=20, choices=State, default=State.RECEIVED, protected=True)
    version = models.PositiveIntegerField(default=1)
    cycle = models.PositiveSmallIntegerField(default=1)  # 2 after the first reopening

    summary = models.CharField(_("problem"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    visit_needed = models.BooleanField(_("visit needed"), default=False)
    wished_windows = models.JSONField(default=list, blank=True)  # [{"start": ISO 8601, "end": ISO 8601}]

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="tickets", verbose_name=_("customer"), db_index=False
    )
    contact_phone = models.CharField(_("calling number"), max_length=40, blank=True)
    site = models.ForeignKey(
        Site, models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("site"), db_index=False
    )
    product = models.ForeignKey(
        Product,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=_("product"),
        db_index=False,
    )
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="tickets", verbose_name=_("region"), db_index=False
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("team"), db_index=False
    )

    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="owned_tickets", verbose_name=_("owner")
    )
    offered_to = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="offered_tickets",
        verbose_name=_("offered to"),
        db_index=False,
    )
    technician = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="dispatched_tickets",
        verbose_name=_("technician"),
        db_index=False,
    )
    registered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=_("partner"),
        db_index=False,
    )
    external_id = models.CharField(_("partner's number"), max_length=80, blank=True)

    waiting_for = models.CharField(_("waiting for"), max_length=20, choices=WaitingFor, blank=True)
    wake_at = models.DateTimeField(_("wake up at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)  # of the waiting, the refusal, the cancelling
    resolution = models.TextField(_("resolution"), blank=True)
    dispatch_approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )  # R20
    callback_owed = models.BooleanField(default=False)
    charge_due = models.BooleanField(default=False)  # announced to the customer, not collected yet (R15)
    complaint_class = models.PositiveSmallIntegerField(default=0)  # of its open complaint (R41); 0 without one
    interrupted = models.BooleanField(default=False)  # the work at the site stopped for a while (R26)
    goods = models.CharField(_("goods"), max_length=12, choices=Goods, blank=True)
    collection_notices = models.PositiveSmallIntegerField(_("collection notices"), default=0)

    received_at = models.DateTimeField(_("received"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"))
    next_due_at = models.DateTimeField(_("next promise"), default=NO_DUE)  # cache: earliest due time of a running clock

    search_text = models.TextField(default="", editable=False)
    terms = ArrayField(models.TextField(), default=list, editable=False)

    objects = TicketQuerySet.as_manager()
    known_targets: frozenset[str] | None = None  # what is promised, where a reader of many tickets knows it already

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes: ClassVar = [
            models.Index(fields=["next_due_at", "id"], condition=Q(ended_at=None), name="ticket_by_clock"),
            models.Index(fields=["owner", "next_due_at", "id"], condition=Q(ended_at=None), name="ticket_mine"),
            models.Index(
                fields=["owner", "state", "next_due_at", "id"], condition=Q(ended_at=None), name="ticket_my_state"
            ),
            models.Index(fields=["next_due_at", "id"], condition=Q(ended_at=None, owner=None), name="ticket_unowned"),
            models.Index(fields=["state", "next_due_at", "id"], condition=Q(ended_at=None), name="ticket_by_state"),
            models.Index(fields=["team", "next_due_at", "id"], condition=Q(ended_at=None), name="ticket_by_team"),
            models.Index(fields=["region", "next_due_at", "id"], condition=Q(ended_at=None), name="ticket_by_region"),
            models.Index(fields=["ended_at", "id"], condition=Q(ended_at__isnull=False), name="ticket_ended"),
            models.Index(
                fields=["owner", "ended_at", "id"], condition=Q(ended_at__isnull=False), name="ticket_my_ended"
            ),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="ticket_wake"),
            models.Index(fields=["offered_to"], condition=Q(offered_to__isnull=False), name="ticket_offered"),
            models.Index(fields=["technician", "id"], condition=Q(technician__isnull=False), name="ticket_technician"),
            models.Index(fields=["customer", "-id"], name="ticket_customer"),
            models.Index(fields=["product", "-id"], condition=Q(product__isnull=False), name="ticket_product"),
            models.Index(fields=["partner", "-id"], condition=Q(partner__isnull=False), name="ticket_partner"),
            models.Index(
                fields=["partner", "state", "-id"], condition=Q(partner__isnull=False), name="ticket_partner_state"
            ),
            models.Index(
                fields=["partner", "updated_at", "id"],
                condition=Q(partner__isnull=False),
                name="ticket_partner_changes",
            ),
            GinIndex(fields=["terms"], name="ticket_terms"),
            GinIndex(fields=["search_text"], name="ticket_text", opclasses=["gin_trgm_ops"]),
        ]
        triggers: ClassVar = [
            # The same edges as the transitions below; the database refuses all others, whoever writes.
            pgtrigger.FSM(name="ticket_state_moves", field="state", transitions=EDGES),
            pgtrigger.Protect(name="ticket_stays", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "external_id"], condition=~Q(external_id=""), name="ticket_external_once"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="ticket_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="ticket_kind_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="ticket_channel_known"),
            models.CheckConstraint(condition=Q(grade__in=Grade.values), name="ticket_grade_known"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(ENDED), ended_at__isnull=False)
                | (~Q(state__in=sorted(ENDED)) & Q(ended_at=None)),
                name="ticket_ended_when_it_is",
            ),
            models.CheckConstraint(
                condition=Q(state=State.WAITING, wake_at__isnull=False) | (~Q(state=State.WAITING) & Q(wake_at=None)),
                name="ticket_wakes_when_waiting",
            ),
            models.CheckConstraint(condition=Q(goods__in=["", *Goods.values]), name="ticket_goods_known"),
            models.CheckConstraint(condition=Q(complaint_class__lte=3), name="ticket_complaint_class_known"),
            models.CheckConstraint(
                condition=Q(goods="", collection_notices=0)
                | (~Q(goods="") & Q(collection_notices__gte=1, collection_notices__lte=COLLECTION_NOTICES)),
                name="ticket_goods_announced",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | ~Q(goods=Goods.READY), name="ticket_ends_without_goods"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state_word(self) -> State:
        return State(self.state)

    @property
    def grade_word(self) -> Grade:
        return Grade(self.grade)

    @property
    def goods_wait(self) -> bool:
        """Whether something of the customer's lies ready in our house (R14)."""
        return self.goods == Goods.READY

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def index(self) -> None:
        """Renew the words by which the ticket is found; call before saving a change of what they come from."""
        parts = [self.summary, self.customer.name]
        if self.site:
            parts.append(self.site.address)
        if self.product:
            model = self.product.model
            parts += [model.code, model.name_en, model.name_zh_hans, self.product.serial]
        if self.external_id:
            parts.append(self.external_id)
        text = "\n".join(part for part in parts if part)
        self.search_text = fold(text)[:1000]
        self.terms = bigrams(text[:1000])

    # ── transitions: guards and fields, nothing else ───────────────────────────────────────────
    @transition(field=state, source=[State.RECEIVED, State.REOPENED], target=State.IN_PROGRESS)
    def contact(self) -> None:
        """A person reached the customer."""

    @transition(field=state, source=[*AT_THE_DESK, State.WAITING], target=State.VISIT_PLANNED)
    def plan_visit(self, technician: User) -> None:
        self.technician = technician
        self._stop_waiting()

    @transition(field=state, source=State.VISIT_PLANNED, target=State.IN_PROGRESS)
    def unplan_visit(self) -> None:
        self.technician = None

    @transition(field=state, source=State.VISIT_PLANNED, target=State.VISITING)
    def arrive(self) -> None:
        """The technician checked in at the site."""

    @transition(field=state, source=State.VISITING, target=State.IN_PROGRESS)
    def leave_unsolved(self) -> None:
        """The visit is over, the problem is not."""

    @transition(field=state, source=[State.IN_PROGRESS, State.VISITING], target=State.RESOLVED)
    def resolve(self, at: datetime, resolution: str) -> None:
        self.resolved_at = at
        self.resolution = resolution

    @transition(
        field=state,
        source=State.RESOLVED,
        target=State.CLOSED,
        conditions=[lambda self: not self.callback_owed, lambda self: not self.goods_wait],
    )
    def close(self, at: datetime) -> None:
        self.ended_at = at
        self.offered_to = None

    @transition(field=state, source=[*AT_THE_DESK], target=State.WAITING)
    def wait(self, waiting_for: str, until: datetime, reason: str) -> None:
        self.waiting_for = waiting_for
        self.wake_at = until
        self.reason = reason

    @transition(field=state, source=State.WAITING, target=State.IN_PROGRESS)
    def resume(self) -> None:
        self._stop_waiting()

    @transition(field=state, source=[*AT_THE_DESK], target=State.REFUSED, conditions=[lambda self: not self.goods_wait])
    def refuse(self, at: datetime, reason: str) -> None:
        self.ended_at = at
        self.reason = reason
        self.offered_to = None

    @transition(
        field=state,
        source=[*AT_THE_DESK, State.WAITING, State.VISIT_PLANNED],
        target=State.CANCELLED,
        conditions=[lambda self: not self.goods_wait],
    )
    def cancel(self, at: datetime, reason: str) -> None:
        self._stop_waiting()
        self.ended_at = at
        self.reason = reason
        self.offered_to = None

    @transition(
        field=state, source=[State.RESOLVED, State.CLOSED, State.REFUSED, State.CANCELLED], target=State.REOPENED
    )
    def reopen(self) -> None:
        self.cycle += 1
        self.ended_at = None
        self.resolved_at = None
        self.technician = None
        self.dispatch_approved_by = None
        self.callback_owed = False
        self.goods = ""
        self.collection_notices = 0
        self.reason = ""

    def _stop_waiting(self) -> None:
        self.waiting_for = ""
        self.wake_at = None
        self.reason = ""
