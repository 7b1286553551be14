"""Who may do what with a complaint, and when: one table for pages, API and services (R40–R52).

Who is complained of may do nothing with it but give a statement (R48); that is asked here, so every door asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise as Text
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import DESK, LEADERS, Role, Scope
from aftersales.core.errors import Forbidden, NotAllowed
from complaints.models import Complaint
from complaints.states import OPEN, UNDECIDED, ComplaintState, EscalationKind
from tickets.states import ComplaintClass

Condition = Callable[[Complaint, Actor], bool]

REGISTRARS = DESK | {Role.TECHNICIAN, Role.ARCHIVIST}  # R40: any employee takes any complaint
CALLERS = LEADERS | {Role.CLERK, Role.OFFICER}  # who speaks with complainants
HANDLERS = LEADERS | {Role.OFFICER}  # who settles
_MANAGER = frozenset({Role.MANAGER})
_S = ComplaintState


@dataclass(frozen=True)
class Verb:
    """Something that may be done with a complaint: by whom, in which states, on what further condition."""

    name: str
    label: str | Text
    icon: str
    roles: frozenset[str]
    states: frozenset[str]
    scopes: frozenset[str] = frozenset()  # of a partner's key
    customer: bool = False  # also by the customer's link
    fair: bool = True  # not by who is complained of (R48)
    condition: Condition | None = None
    otherwise: str | Text = ""
    early: str | Text = ""  # why not yet, where the state alone would not say it
    rule: str = ""
    primary: bool = False
    investigator: bool = False  # also by the investigator, whatever the role

    def allows(self, complaint: Complaint, by: Actor) -> bool:
        """Whether it is this actor's to do at all."""
        if by.is_customer:
            return self.customer
        if self.investigator and by.user is not None and by.user.is_active and by.user.pk == complaint.investigator_id:
            return True
        return by.may(self.roles, self.scopes)

    def possible(self, complaint: Complaint, by: Actor) -> bool:
        """Whether it may be done now by this actor."""
        return (
            complaint.state in self.states
            and self.allows(complaint, by)
            and not (self.fair and complaint.concerns(by))
            and (self.condition is None or self.condition(complaint, by))
        )


def permit(complaint: Complaint, name: str, by: Actor) -> None:
    """Raise Forbidden (not this person) or NotAllowed (not now) unless the verb may be done."""
    verb = TABLE[name]
    if not verb.allows(complaint, by):
        raise Forbidden(_("Your role may not do this: %(verb)s.") % {"verb": verb.label})
    if verb.fair and complaint.concerns(by):
        raise Forbidden(
            _("The complaint is about you: you may give your statement, others handle it."),
            code="own_complaint",
            rule="R48",
        )
    if complaint.state not in verb.states:
        said = _("%(verb)s: not possible while the complaint is “%(state)s”.") % {
            "verb": verb.label,
            "state": complaint.state_word.label,
        }
        early = str(verb.early) if verb.early and complaint.is_open else ""
        raise NotAllowed(early or said, code="transition_not_allowed", rule=verb.rule if early else "")
    if verb.condition is not None and not verb.condition(complaint, by):
        raise NotAllowed(str(verb.otherwise), rule=verb.rule)


def available(complaint: Complaint, by: Actor) -> list[Verb]:
    """What this actor may do with the complaint now."""
    return [verb for verb in TABLE.values() if verb.possible(complaint, by)]


def _concerns(complaint: Complaint, by: Actor) -> bool:
    return complaint.concerns(by)


def _second_signature(complaint: Complaint, by: Actor) -> bool:
    return complaint.lower_to is not None and (by.user is None or by.user.pk != complaint.lower_by_id)


def _found(complaint: Complaint, _by: Actor) -> bool:
    return bool(complaint.finding and complaint.cause)


def _decidable(complaint: Complaint, by: Actor) -> bool:
    """R41, R45: the manager coordinates a complaint of class 3."""
    grave = complaint.complaint_class == ComplaintClass.THIRD
    return _found(complaint, by) and (not grave or by.user is None or by.user.role == Role.MANAGER)


def _told(complaint: Complaint, by: Actor) -> bool:
    """R43: the customer knows the solution. Who answers through a link or an API has read it there."""
    return complaint.informed_at is not None or by.is_customer or by.partner is not None


def _rules(complaint: Complaint, by: Actor) -> bool:
    """R52: what departments disagree about, the manager's office decides."""
    disagreement = complaint.escalation == EscalationKind.DISAGREEMENT
    return by.user is None or by.user.role == Role.MANAGER or not disagreement


_OPEN = frozenset(state.value for state in OPEN)
_UNDECIDED = frozenset(state.value for state in UNDECIDED)
_BELOW = _UNDECIDED - {_S.ESCALATED.value}

TABLE: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "acknowledge",
            gettext_lazy("Talk to the complainant"),
            "phone-check",
            CALLERS,
            _UNDECIDED,
            rule="R40",
            primary=True,
        ),
        Verb(
            "investigate",
            gettext_lazy("Investigate"),
            "zoom-question",
            HANDLERS,
            frozenset({_S.REGISTERED, _S.ACKNOWLEDGED, _S.DISPUTED, _S.REOPENED}),
            rule="R42",
            primary=True,
            investigator=True,
        ),
        Verb(
            "find",
            gettext_lazy("Record what was found"),
            "file-search",
            HANDLERS,
            frozenset({_S.INVESTIGATING, _S.ESCALATED}),
            rule="R42",
            primary=True,
            investigator=True,
        ),
        Verb(
            "propose",
            gettext_lazy("Decide and propose a solution"),
            "bulb",
            HANDLERS,
            frozenset({_S.INVESTIGATING, _S.ESCALATED}),
            condition=_decidable,
            otherwise=gettext_lazy("First the finding and its cause; and a complaint of class 3 is the manager's."),
            rule="R41",
            primary=True,
        ),
        Verb(
            "inform",
            gettext_lazy("Tell the customer"),
            "phone-outgoing",
            CALLERS,
            frozenset({_S.PROPOSED}),
            rule="R43",
            primary=True,
        ),
        Verb(
            "accept",
            gettext_lazy("The customer accepts"),
            "thumb-up",
            CALLERS,
            frozenset({_S.PROPOSED}),
            frozenset({Scope.ACT}),
            customer=True,
            condition=_told,
            otherwise=gettext_lazy("Tell the customer first."),
            rule="R43",
            primary=True,
        ),
        Verb(
            "dispute",
            gettext_lazy("The customer disputes"),
            "thumb-down",
            CALLERS,
            frozenset({_S.PROPOSED}),
            frozenset({Scope.ACT}),
            customer=True,
            condition=_told,
            otherwise=gettext_lazy("Tell the customer first."),
            rule="R43",
        ),
        Verb(
            "remedy",
            gettext_lazy("Remedy done"),
            "check",
            HANDLERS,
            frozenset({_S.ACCEPTED}),
            rule="R44",
            primary=True,
        ),
        Verb(
            "close",
            gettext_lazy("Close"),
            "lock",
            HANDLERS,
            frozenset({_S.CALLED_BACK}),
            early=gettext_lazy("First the customer is told of the solution, gets the remedy and is called back."),
            rule="R44",
            primary=True,
        ),
        Verb("assign", gettext_lazy("Assign"), "user-share", HANDLERS, _OPEN, rule="R44"),
        Verb("grade", gettext_lazy("Change the class"), "stairs", HANDLERS, _OPEN, rule="R41"),
        Verb(
            "sign_lowering",
            gettext_lazy("Sign the lower class"),
            "signature",
            HANDLERS,
            _OPEN,
            condition=_second_signature,
            otherwise=gettext_lazy("Nobody else asked for a lower class: lowering takes two people."),
            rule="R41",
            primary=True,
        ),
        Verb(
            "keep_class",
            gettext_lazy("Keep the class"),
            "x",
            HANDLERS,
            _OPEN,
            condition=_second_signature,
            otherwise=gettext_lazy("Nobody else asked for a lower class: lowering takes two people."),
            rule="R41",
        ),
        Verb(
            "report",
            gettext_lazy("Report upwards"),
            "stairs-up",
            CALLERS | {Role.DISPATCHER},
            _BELOW,
            rule="R43",
        ),
        Verb(
            "disagree",
            gettext_lazy("Departments disagree"),
            "arrows-split-2",
            HANDLERS,
            _BELOW,
            rule="R52",
        ),
        Verb(
            "rule",
            gettext_lazy("Give a ruling"),
            "gavel",
            LEADERS,
            frozenset({_S.ESCALATED}),
            condition=_rules,
            otherwise=gettext_lazy("What departments disagree about is decided by the manager."),
            rule="R52",
            primary=True,
        ),
        Verb(
            "settle",
            gettext_lazy("The decision stands"),
            "gavel",
            _MANAGER,
            frozenset({_S.ESCALATED}),
            condition=lambda complaint, _by: bool(complaint.verdict and complaint.informed_at),
            otherwise=gettext_lazy("Nothing was decided yet that the customer was told of."),
            rule="R45",
        ),
        Verb(
            "give_statement",
            gettext_lazy("Give my statement"),
            "message-user",
            REGISTRARS,
            _OPEN,
            fair=False,
            condition=_concerns,
            otherwise=gettext_lazy("Only who is complained of gives a statement."),
            rule="R48",
            primary=True,
        ),
        Verb(
            "add_evidence",
            gettext_lazy("Add evidence"),
            "paperclip",
            REGISTRARS,
            _OPEN,
            frozenset({Scope.ACT, Scope.CREATE}),
            customer=True,
        ),
        Verb("name_people", gettext_lazy("Say whom it is about"), "user-question", HANDLERS, _OPEN, rule="R48"),
        Verb(
            "reopen",
            gettext_lazy("Reopen"),
            "refresh",
            CALLERS,
            frozenset({_S.CLOSED, _S.CALLED_BACK, _S.REMEDIED}),
            frozenset({Scope.ACT}),
            customer=True,
        ),
    )
}
