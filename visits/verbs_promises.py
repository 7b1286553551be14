"""The verbs of appointments that are in danger: late, too late to call off, and nobody there."""

from __future__ import annotations

from django.utils.functional import Promise as Text
from django.utils.translation import gettext_lazy

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import DESK, LEADERS, Role
from tickets.models import Ticket
from tickets.states import State
from tickets.verbs import Condition, Verb, add
from visits.models import CustomerNotice, LateCancellation, NoShowCase
from visits.states import RequestState, VisitState

_VISITORS = LEADERS | {Role.TECHNICIAN, Role.DISPATCHER}
_PLANNED = frozenset({State.VISIT_PLANNED.value})
_VISITING = frozenset({State.VISITING.value})
_ALL = frozenset(state.value for state in State)
_NO_PARTNER: frozenset[str] = frozenset()  # and so no list of a partner's tickets asks what these conditions ask


def _owes_a_word(ticket: Ticket, by: Actor) -> bool:
    if by.user is not None and by.user.role == Role.TECHNICIAN and ticket.technician_id != by.user.pk:
        return False
    return CustomerNotice.objects.filter(visit__ticket=ticket, told_at=None).exists()


def _absent_recorded(ticket: Ticket, by: Actor) -> bool:
    if by.user is not None and by.user.role == Role.TECHNICIAN and ticket.technician_id != by.user.pk:
        return False
    return ticket.visits.filter(state=VisitState.ON_SITE, customer_absent_at__isnull=False).exists()


def _asks_the_supervisor(ticket: Ticket, _by: Actor) -> bool:
    return LateCancellation.objects.filter(visit__ticket=ticket, state=RequestState.PENDING).exists()


def _to_decide(ticket: Ticket, _by: Actor) -> bool:
    return NoShowCase.objects.filter(ticket=ticket, state=NoShowCase.State.OPEN).exists()


def _decided(ticket: Ticket, _by: Actor) -> bool:
    return NoShowCase.objects.filter(ticket=ticket, state=NoShowCase.State.DECIDED).exists()


def enter(mine: Condition, not_yours: str | Text) -> None:
    """Enter them; called once when the house starts."""
    add(
        Verb(
            "running_late",
            gettext_lazy("Running late"),
            "clock-exclamation",
            _VISITORS,
            _PLANNED,
            condition=mine,
            otherwise=not_yours,
            rule="R23",
        ),
        Verb(
            "tell_customer",
            gettext_lazy("Customer told"),
            "phone-check",
            DESK | {Role.TECHNICIAN},
            _ALL,
            _NO_PARTNER,
            _owes_a_word,
            gettext_lazy("Nothing is owed that the customer would have to be told."),
            "R23",
            primary=True,
        ),
        Verb(
            "log_visit_call",
            gettext_lazy("Log a call from the door"),
            "phone",
            _VISITORS,
            _PLANNED | _VISITING,
            condition=mine,
            otherwise=not_yours,
            rule="R25",
        ),
        Verb(
            "customer_absent",
            gettext_lazy("Customer absent"),
            "user-x",
            _VISITORS,
            _VISITING,
            condition=mine,
            otherwise=not_yours,
            rule="R25",
        ),
        Verb(
            "customer_present",
            gettext_lazy("Customer is there"),
            "user-check",
            _VISITORS,
            _VISITING,
            _NO_PARTNER,
            _absent_recorded,
            gettext_lazy("Nobody was recorded as absent."),
            "R25",
        ),
        Verb(
            "approve_late",
            gettext_lazy("Approve the late change"),
            "check",
            LEADERS,
            _PLANNED,
            _NO_PARTNER,
            _asks_the_supervisor,
            gettext_lazy("Nobody asks to call this visit off or to move it."),
            "R24",
            primary=True,
        ),
        Verb(
            "refuse_late",
            gettext_lazy("Refuse the late change"),
            "ban",
            LEADERS,
            _PLANNED,
            _NO_PARTNER,
            _asks_the_supervisor,
            gettext_lazy("Nobody asks to call this visit off or to move it."),
            "R24",
        ),
        Verb(
            "decide_no_show",
            gettext_lazy("Decide the no-show"),
            "gavel",
            LEADERS | {Role.DISPATCHER},
            _ALL,
            _NO_PARTNER,
            _to_decide,
            gettext_lazy("Nothing is to be decided about an appointment here."),
            "R25",
            primary=True,
        ),
        Verb(
            "dispute_no_show",
            gettext_lazy("Dispute the no-show"),
            "message-exclamation",
            DESK,
            _ALL,
            _NO_PARTNER,
            _decided,
            gettext_lazy("No decision about an appointment is on record here."),
            "R25",
        ),
    )
