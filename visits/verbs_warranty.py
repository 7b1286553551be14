"""The verbs of consent, warranty, findings, repair plan and major failure."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import DESK, LEADERS, Role
from tickets.models import Ticket
from tickets.states import OPEN, State
from tickets.verbs import Verb, add
from visits.services import finding, plan, warranty

_VISITORS = LEADERS | {Role.TECHNICIAN, Role.DISPATCHER}  # a dispatcher records what a technician reports by telephone
_AT_THE_SITE = frozenset({State.VISITING.value})
_ALL = frozenset(state.value for state in State)

DURING_A_VISIT = frozenset({"record_consent", "decide_warranty", "record_finding", "drop_finding"}) | frozenset(
    {"propose_plan", "confirm_plan", "dispute_plan", "report_major_failure"}
)

Mine = Callable[[Ticket, Actor], bool]


def enter(mine: Mine, not_yours: object) -> None:
    """Enter the verbs; `mine` says whether the visit is this technician's."""

    def at_the_site(name: str, label: object, icon: str, rule: str) -> Verb:
        return Verb(
            name,
            label,  # type: ignore[arg-type]
            icon,
            _VISITORS,
            _AT_THE_SITE,
            condition=mine,
            otherwise=not_yours,  # type: ignore[arg-type]
            rule=rule,
        )

    add(
        at_the_site("record_consent", gettext_lazy("Record consent"), "heart-handshake", "R27"),
        at_the_site("decide_warranty", gettext_lazy("Decide warranty"), "shield-check", "R11"),
        at_the_site("record_finding", gettext_lazy("Record finding"), "search", ""),
        Verb(
            "drop_finding",
            gettext_lazy("Take a finding back"),
            "x",
            _VISITORS,
            _AT_THE_SITE,
            condition=lambda ticket, by: mine(ticket, by) and finding.may_drop(ticket),
            otherwise=gettext_lazy("Nothing was found at your visit yet."),
        ),
        at_the_site("propose_plan", gettext_lazy("Propose repair plan"), "list-check", "R30"),
        *(
            Verb(
                name,
                label,
                icon,
                _VISITORS,
                _AT_THE_SITE,
                condition=lambda ticket, by: mine(ticket, by) and plan.to_answer(ticket),
                otherwise=gettext_lazy("No repair plan of your visit waits for the customer's answer."),
                rule="R30",
            )
            for name, label, icon in (
                ("confirm_plan", gettext_lazy("Plan confirmed"), "check"),
                ("dispute_plan", gettext_lazy("Plan disputed"), "hand-stop"),
            )
        ),
        Verb(
            "report_major_failure",
            gettext_lazy("Report major failure"),
            "alert-octagon",
            DESK | {Role.TECHNICIAN},
            frozenset(state.value for state in OPEN),
            rule="R34",
        ),
        Verb(
            "decide_plan",
            gettext_lazy("Decide the plan"),
            "tool",
            LEADERS,
            _ALL,
            frozenset(),
            lambda ticket, _by: plan.disputed(ticket) is not None,
            gettext_lazy("No repair plan is disputed."),
            "R30",
            primary=True,
        ),
        Verb(
            "approve_warranty",
            gettext_lazy("Approve warranty"),
            "shield-check",
            LEADERS,
            _ALL,
            frozenset(),
            lambda ticket, _by: warranty.waits_for_approval(ticket),
            gettext_lazy("No warranty decision waits for approval."),
            "R11",
            primary=True,
        ),
    )
