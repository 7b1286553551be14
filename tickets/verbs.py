"""Who may do what with a ticket, and when: one table for pages, API and services.

Each floor adds its verbs here by `add` (dispatch and visits live above the ticket). The buttons of a page and `actions`
of the API are `available`; services ask `permit`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.utils.functional import Promise as Text
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import DESK, LEADERS, Role, Scope
from aftersales.core.errors import Forbidden, NotAllowed
from tickets.models import COLLECTION_NOTICES, Ticket
from tickets.sla.states import OPEN as OPEN_CLOCKS
from tickets.sla.states import Target
from tickets.states import AT_THE_DESK, HANDED_OUT, OPEN, Channel, Kind, State

Condition = Callable[[Ticket, Actor], bool]
OWNERS = DESK | {Role.TECHNICIAN}  # who can accept a hand-over


@dataclass(frozen=True)
class Obstacle:
    """What must be out of the way first, whoever asks."""

    stands: Callable[[Ticket], bool]
    words: str | Text
    rule: str


GOODS_WAIT = Obstacle(
    lambda ticket: ticket.goods_wait,
    gettext_lazy("The customer's goods lie ready here: hand them out or post them back first."),
    "R14",
)
COMPLAINT_OPEN = Obstacle(
    lambda ticket: ticket.kind == Kind.COMPLAINT and ticket.complaint_class > 0,
    gettext_lazy("The complaint is not settled: it ends together with the ticket that was opened for it."),
    "R44",
)


@dataclass(frozen=True)
class Verb:
    """Something that may be done: by whom (roles; a partner by scope), in which states, on what further condition."""

    name: str
    label: str | Text
    icon: str
    roles: frozenset[str]
    states: frozenset[str]
    scopes: frozenset[str] = frozenset({Scope.DESK})
    condition: Condition | None = None
    otherwise: str | Text = ""  # why not, when the condition does not hold
    rule: str = ""
    primary: bool = False  # the next step: first and filled
    obstacles: tuple[Obstacle, ...] = ()
    customer: bool = False  # also by the customer's link

    def allows(self, by: Actor) -> bool:
        """Whether it is this actor's to do at all."""
        return self.customer if by.is_customer else by.may(self.roles, self.scopes)

    def possible(self, ticket: Ticket, by: Actor) -> bool:
        """Whether it may be done now by this actor."""
        return (
            ticket.state in self.states  # first: it rules out most, and costs least
            and self.allows(by)
            and (self.condition is None or self.condition(ticket, by))
            and not any(obstacle.stands(ticket) for obstacle in self.obstacles)
        )


_verbs: dict[str, Verb] = {}


def add(*verbs: Verb) -> None:
    """Enter verbs into the table, in the order in which pages show them."""
    for verb in verbs:
        _verbs[verb.name] = verb


def table() -> tuple[Verb, ...]:
    """Every verb there is."""
    return tuple(_verbs.values())


def available(ticket: Ticket, by: Actor, *, among: Collection[str] = ()) -> list[Verb]:
    """What this actor may do with the ticket now; of many verbs those alone that are asked for, if any are named."""
    return [verb for verb in _verbs.values() if (not among or verb.name in among) and verb.possible(ticket, by)]


def permit(ticket: Ticket, name: str, by: Actor) -> None:
    """Raise Forbidden (not this person) or NotAllowed (not now) unless the verb may be done."""
    verb = _verbs[name]
    if not verb.allows(by):
        raise Forbidden(_("Your role may not do this: %(verb)s.") % {"verb": verb.label})
    if ticket.state not in verb.states:
        raise NotAllowed(
            _("%(verb)s: not possible while the ticket is “%(state)s”.")
            % {"verb": verb.label, "state": ticket.state_word.label},
            code="transition_not_allowed",
        )
    if verb.condition is not None and not verb.condition(ticket, by):
        raise NotAllowed(str(verb.otherwise), rule=verb.rule)
    for obstacle in verb.obstacles:
        if obstacle.stands(ticket):
            raise NotAllowed(str(obstacle.words), rule=obstacle.rule)


def _offered_to_me(ticket: Ticket, by: Actor) -> bool:
    return ticket.offered_to_id is not None and (by.user is None or ticket.offered_to_id == by.user.pk)


def _free_to_take(ticket: Ticket, by: Actor) -> bool:
    """R02: what nobody owns; a leader takes any."""
    if by.user is None:
        return False
    return ticket.owner_id is None or (by.user.leads and ticket.owner_id != by.user.pk)


def _mine_to_give(ticket: Ticket, by: Actor) -> bool:
    """R02: who owns it hands it over; leaders and dispatchers may do so for others."""
    if by.user is None:
        return True
    return ticket.owner_id in (None, by.user.pk) or by.user.role in LEADERS | {Role.DISPATCHER}


def open_targets(ticket: Ticket) -> frozenset[str]:
    """What is promised for this ticket now; no query where its clocks were read with it."""
    if ticket.known_targets is not None:
        return ticket.known_targets
    return frozenset(clock.target for clock in ticket.clocks.all() if clock.state in OPEN_CLOCKS)


def _sales_waits(ticket: Ticket, _by: Actor) -> bool:
    return ticket.channel == Channel.SALES and Target.SALES_REPLY in open_targets(ticket)


def _repair_promised(ticket: Ticket, _by: Actor) -> bool:
    return ticket.kind == Kind.REPAIR and Target.REPAIR in open_targets(ticket)


def _may_lie_ready(ticket: Ticket, _by: Actor) -> bool:
    return ticket.kind in HANDED_OUT and not ticket.goods


_ALL = frozenset(state.value for state in State)
_OPEN = frozenset(state.value for state in OPEN)
_DESK_STATES = frozenset(state.value for state in AT_THE_DESK)

add(
    Verb(
        "accept",
        gettext_lazy("Accept"),
        "check",
        OWNERS,
        _OPEN,
        frozenset(),
        _offered_to_me,
        gettext_lazy("The ticket was not offered to you."),
        "R02",
        primary=True,
    ),
    Verb(
        "decline",
        gettext_lazy("Decline"),
        "x",
        OWNERS,
        _OPEN,
        frozenset(),
        _offered_to_me,
        gettext_lazy("The ticket was not offered to you."),
        "R02",
    ),
    Verb(
        "take",
        gettext_lazy("Take it"),
        "hand-grab",
        DESK,
        _OPEN,
        frozenset(),
        _free_to_take,
        gettext_lazy("The ticket has an owner; ask for a hand-over."),
        "R02",
        primary=True,
    ),
    Verb("log_contact", gettext_lazy("Log contact"), "phone", OWNERS, _OPEN, rule="R03", primary=True),
    Verb(
        "reply_to_sales",
        gettext_lazy("Answer sales"),
        "message-reply",
        OWNERS,
        _OPEN,
        condition=_sales_waits,
        otherwise=gettext_lazy("No sales colleague waits for an answer."),
        rule="R04",
        primary=True,
    ),
    Verb(
        "answer_stock",
        gettext_lazy("Tell about the goods"),
        "package",
        DESK,
        _OPEN,
        condition=lambda ticket, _by: ticket.kind == Kind.OUT_OF_STOCK,
        otherwise=gettext_lazy("Only an out-of-stock registration is answered so."),
        rule="R16",
        primary=True,
    ),
    Verb("resume", gettext_lazy("Resume"), "player-play", DESK, frozenset({State.WAITING.value}), primary=True),
    Verb("wait", gettext_lazy("Wait…"), "player-pause", DESK, _DESK_STATES),
    Verb("resolve", gettext_lazy("Resolve"), "check", DESK, frozenset({State.IN_PROGRESS.value})),
    Verb(
        "postpone_repair",
        gettext_lazy("Postpone repair"),
        "calendar-time",
        OWNERS,
        _OPEN,
        condition=_repair_promised,
        otherwise=gettext_lazy("No repair is promised here now."),
        rule="R13",
    ),
    Verb(
        "ready_for_collection",
        gettext_lazy("Ready for collection"),
        "package",
        OWNERS,
        frozenset({State.IN_PROGRESS.value, State.RESOLVED.value}),
        condition=_may_lie_ready,
        otherwise=gettext_lazy("Only for goods that were repaired, returned or exchanged, and once."),
        rule="R14",
    ),
    Verb(
        "hand_out",
        gettext_lazy("Hand out goods"),
        "package-export",
        OWNERS,
        _OPEN,
        condition=lambda ticket, _by: ticket.goods_wait,
        otherwise=gettext_lazy("No goods lie ready for the customer."),
        rule="R14",
        primary=True,
    ),
    Verb(
        "notify_collection",
        gettext_lazy("Collection notice"),
        "bell-ringing",
        OWNERS,
        _OPEN,
        condition=lambda ticket, _by: ticket.goods_wait and ticket.collection_notices < COLLECTION_NOTICES,
        otherwise=gettext_lazy("No goods lie ready for the customer, or all three notices were given."),
        rule="R14",
    ),
    Verb(
        "post_back",
        gettext_lazy("Post goods back"),
        "truck-delivery",
        OWNERS,
        _OPEN,
        condition=lambda ticket, _by: ticket.goods_wait and ticket.collection_notices >= COLLECTION_NOTICES,
        otherwise=gettext_lazy("Goods are posted back only after three notices that nobody answered."),
        rule="R14",
    ),
    Verb(
        "close",
        gettext_lazy("Close"),
        "lock",
        DESK,
        frozenset({State.RESOLVED.value}),
        condition=lambda ticket, _by: not ticket.callback_owed,
        otherwise=gettext_lazy("A callback is owed first: the customer's answer closes the ticket."),
        rule="R60",
        primary=True,
        obstacles=(GOODS_WAIT, COMPLAINT_OPEN),
    ),
    Verb(
        "reopen",
        gettext_lazy("Reopen"),
        "refresh",
        DESK,
        frozenset({State.RESOLVED.value, State.CLOSED.value, State.REFUSED.value, State.CANCELLED.value}),
        frozenset({Scope.ACT, Scope.DESK}),
    ),
    Verb("note", gettext_lazy("Add note"), "note", OWNERS | {Role.ARCHIVIST}, _ALL, frozenset({Scope.ACT, Scope.DESK})),
    Verb(
        "hand_over",
        gettext_lazy("Hand over"),
        "arrow-right",
        OWNERS | {Role.ARCHIVIST},  # who registered a ticket owns it, and an archivist may have
        _OPEN,
        frozenset(),
        _mine_to_give,
        gettext_lazy("Only its owner hands a ticket over."),
        "R02",
    ),
    Verb("grade", gettext_lazy("Change grade"), "adjustments", DESK, _OPEN, rule="R07"),
    Verb("edit", gettext_lazy("Correct"), "edit", DESK, _OPEN),
    Verb(
        "set_site", gettext_lazy("Set address"), "map-pin", DESK, _OPEN - {State.VISITING.value, State.RESOLVED.value}
    ),
    Verb("refuse", gettext_lazy("Refuse"), "ban", DESK, _DESK_STATES, obstacles=(GOODS_WAIT, COMPLAINT_OPEN)),
    Verb(
        "cancel",
        gettext_lazy("Cancel"),
        "x",
        DESK,
        _DESK_STATES | {State.WAITING.value, State.VISIT_PLANNED.value},
        frozenset({Scope.ACT, Scope.DESK}),
        obstacles=(GOODS_WAIT, COMPLAINT_OPEN),
    ),
)
