"""The verbs of dispatch and visit, entered into the table of the ticket's verbs."""

from django.utils.translation import gettext_lazy

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import DESK, LEADERS, Role, Scope
from tickets.models import Ticket
from tickets.states import AT_THE_DESK, State
from tickets.verbs import Verb, add
from visits import verbs_promises, verbs_warranty
from visits.services.booking import contractor_approved
from visits.services.dispatch import needs_approval

_PLANNERS = LEADERS | {Role.DISPATCHER}
_VISITORS = LEADERS | {Role.TECHNICIAN, Role.DISPATCHER}  # a dispatcher records what a technician reports by telephone
_PLANNED = frozenset({State.VISIT_PLANNED.value})
_FOR_CUSTOMERS = frozenset({Scope.ACT, Scope.DESK})  # a partner speaks for its customer
_AT_THE_SITE = frozenset({State.VISITING.value})


def _mine(ticket: Ticket, by: Actor) -> bool:
    """A technician works on his own visits only."""
    return by.user is None or by.user.role != Role.TECHNICIAN or ticket.technician_id == by.user.pk


# What is done during a visit, by its own page, by a phone that was offline, or through the API: the services of these
# take `seen=` beside what every verb takes.
DURING_A_VISIT = {
    "set_out",
    "check_in",
    "complete_visit",
    "running_late",
    "log_visit_call",
    "customer_absent",
    "customer_present",
    "tell_customer",
} | verbs_warranty.DURING_A_VISIT

_NOT_YOURS = gettext_lazy("This is another technician's visit.")


def enter() -> None:
    """Enter the verbs; called once when the house starts."""
    add(
        Verb(
            "approve_dispatch",
            gettext_lazy("Sign the order"),
            "signature",
            frozenset({Role.MANAGER}),
            frozenset(state.value for state in AT_THE_DESK),
            frozenset(),
            lambda ticket, _by: needs_approval(ticket),
            gettext_lazy("Nothing to sign: only installation orders need it, once."),
            "R20",
            primary=True,
        ),
        Verb(
            "approve_contractor",
            gettext_lazy("Approve contractor"),
            "user-check",
            frozenset({Role.MANAGER}),
            frozenset(state.value for state in (*AT_THE_DESK, State.WAITING, State.VISIT_PLANNED)),
            frozenset(),
            lambda ticket, _by: not contractor_approved(ticket),
            gettext_lazy("An outside contractor is approved for this ticket already."),
            "R33",
        ),
        Verb(
            "plan_visit",
            gettext_lazy("Plan visit"),
            "calendar-plus",
            _PLANNERS,
            frozenset(state.value for state in (*AT_THE_DESK, State.WAITING)),
            condition=lambda ticket, _by: not needs_approval(ticket),
            otherwise=gettext_lazy("The manager signs an installation order before anyone is sent."),
            rule="R20",
        ),
        Verb("move_visit", gettext_lazy("Move visit"), "calendar-event", _PLANNERS, _PLANNED),
        Verb("cancel_visit", gettext_lazy("Call visit off"), "calendar-x", _PLANNERS, _PLANNED),
        Verb(
            "confirm_visit",
            gettext_lazy("Customer confirms"),
            "calendar-check",
            DESK,
            _PLANNED,
            _FOR_CUSTOMERS,
            rule="R05",
            customer=True,
        ),
        Verb(
            "choose_window",
            gettext_lazy("Customer chooses another time"),
            "calendar-time",
            frozenset(),  # people move a visit to any time: `move_visit`
            _PLANNED,
            _FOR_CUSTOMERS,
            rule="R26",
            customer=True,
        ),
        Verb(
            "decline_visit",
            gettext_lazy("Customer declines the visit"),
            "calendar-x",
            frozenset(),  # people call a visit off: `cancel_visit`
            _PLANNED,
            _FOR_CUSTOMERS,
            customer=True,
        ),
        Verb("set_out", gettext_lazy("On my way"), "car", _VISITORS, _PLANNED, condition=_mine, otherwise=_NOT_YOURS),
        Verb(
            "check_in",
            gettext_lazy("Check in"),
            "map-pin",
            _VISITORS,
            _PLANNED,
            condition=_mine,
            otherwise=_NOT_YOURS,
            rule="R22",
            primary=True,
        ),
        Verb(
            "complete_visit",
            gettext_lazy("Complete visit"),
            "clipboard-check",
            _VISITORS,
            _AT_THE_SITE,
            condition=_mine,
            otherwise=_NOT_YOURS,
            rule="R32",
            primary=True,
        ),
    )
    verbs_warranty.enter(_mine, _NOT_YOURS)
    verbs_promises.enter(_mine, _NOT_YOURS)
