"""How the verbs of dispatch and visit are asked for."""

from tickets import actions
from tickets.forms import NothingForm, ReasonForm
from visits import actions_warranty, forms
from visits.services import dispatch, visit


def enter() -> None:
    """Enter them; called once when the house starts."""
    actions.add("approve_dispatch", NothingForm, dispatch.approve_dispatch)
    actions.add("plan_visit", forms.PlanForm, dispatch.plan_visit)
    actions.add("move_visit", forms.MoveForm, dispatch.move_visit)
    actions.add("cancel_visit", ReasonForm, dispatch.cancel_visit)
    actions.add("cancel", ReasonForm, dispatch.cancel)
    actions.add("set_out", NothingForm, visit.set_out)
    actions.add("check_in", NothingForm, visit.check_in)
    actions.add("complete_visit", forms.CompleteForm, visit.complete_visit)
    actions_warranty.enter()
