"""The verbs of what is done around a visit: checks, parts, charges, interruptions, the workshop, remote sessions."""

from django.utils.translation import gettext_lazy

from aftersales.accounts.roles import DESK, Role
from tickets.states import AT_THE_DESK, State
from tickets.verbs import Verb, add
from visits.verbs import _AT_THE_SITE as AT_THE_SITE
from visits.verbs import _NOT_YOURS as NOT_YOURS
from visits.verbs import _PLANNED as PLANNED
from visits.verbs import _VISITORS as VISITORS
from visits.verbs import DURING_A_VISIT
from visits.verbs import _mine as mine

_REMOTE = frozenset(state.value for state in (*AT_THE_DESK, State.WAITING, State.VISIT_PLANNED))
_PAID = frozenset(
    state.value for state in (State.VISITING, State.IN_PROGRESS, State.VISIT_PLANNED, State.RESOLVED, State.CLOSED)
)

DURING = {
    "check_kit",
    "confirm_by_phone",
    "need_part",
    "use_part",
    "change_serial",
    "announce_charges",
    "collect_charge",
    "check_conduct",
    "interrupt_visit",
    "resume_visit",
    "take_to_workshop",
}


def enter() -> None:
    """Enter the verbs; called once when the house starts."""
    DURING_A_VISIT.update(DURING)
    add(
        Verb(
            "confirm_by_phone",
            gettext_lazy("Call before leaving"),
            "phone-check",
            VISITORS,
            PLANNED,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R21",
        ),
        Verb(
            "check_kit",
            gettext_lazy("Check the kit"),
            "checklist",
            VISITORS,
            PLANNED,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R21",
        ),
        Verb(
            "need_part",
            gettext_lazy("Part to bring"),
            "packages",
            VISITORS,
            PLANNED,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R21",
        ),
        Verb(
            "announce_charges",
            gettext_lazy("Announce charges"),
            "coins",
            VISITORS,
            AT_THE_SITE,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R15",
        ),
        Verb(
            "use_part",
            gettext_lazy("Use a part"),
            "puzzle",
            VISITORS,
            AT_THE_SITE,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R35",
        ),
        Verb(
            "change_serial",
            gettext_lazy("Change serial number"),
            "barcode",
            VISITORS,
            AT_THE_SITE,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R35",
        ),
        Verb(
            "take_to_workshop",
            gettext_lazy("Take to the workshop"),
            "truck-delivery",
            VISITORS,
            AT_THE_SITE,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R29",
        ),
        Verb(
            "interrupt_visit",
            gettext_lazy("Interrupt the work"),
            "player-pause",
            VISITORS,
            AT_THE_SITE,
            condition=lambda ticket, by: mine(ticket, by) and not ticket.interrupted,
            otherwise=gettext_lazy("The work is interrupted already, or it is another technician's visit."),
            rule="R26",
        ),
        Verb(
            "resume_visit",
            gettext_lazy("Resume the work"),
            "player-play",
            VISITORS,
            AT_THE_SITE,
            condition=lambda ticket, by: mine(ticket, by) and ticket.interrupted,
            otherwise=gettext_lazy("The work is not interrupted, or it is another technician's visit."),
            rule="R26",
        ),
        Verb(
            "check_conduct",
            gettext_lazy("Check the conduct"),
            "heart-handshake",
            VISITORS,
            AT_THE_SITE,
            condition=mine,
            otherwise=NOT_YOURS,
            rule="R31",
        ),
        Verb(
            "collect_charge",
            gettext_lazy("Collect the charge"),
            "receipt",
            VISITORS,
            _PAID,
            condition=lambda ticket, by: mine(ticket, by) and ticket.charge_due,
            otherwise=gettext_lazy("No charge is open, or it is another technician's visit."),
            rule="R15",
        ),
        Verb(
            "remote_session",
            gettext_lazy("Remote session"),
            "device-desktop",
            DESK | {Role.TECHNICIAN},
            _REMOTE,
            rule="R10",
        ),
    )
