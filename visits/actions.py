"""How the verbs of dispatch and visit are asked for."""

from tickets import actions
from tickets.forms import NothingForm, ReasonForm
from visits import actions_warranty, forms, forms_customer
from visits.services import contractor, customer, dispatch, visit


def enter() -> None:
    """Enter them; called once when the house starts."""
    actions.add("approve_dispatch", NothingForm, dispatch.approve_dispatch)
    actions.add("approve_contractor", ReasonForm, contractor.approve_contractor)
    actions.add("plan_visit", forms.PlanForm, dispatch.plan_visit)
    actions.add("move_visit", forms.MoveForm, dispatch.move_visit)
    actions.add("cancel_visit", ReasonForm, dispatch.cancel_visit)
    actions.add("confirm_visit", NothingForm, customer.confirm_visit)
    actions.add("choose_window", forms_customer.ChooseForm, customer.choose_window)
    actions.add("decline_visit", forms_customer.DeclineForm, customer.decline_visit)
    actions.add("cancel", ReasonForm, dispatch.cancel)
    actions.add("set_out", NothingForm, visit.set_out)
    actions.add("check_in", NothingForm, visit.check_in)
    actions.add("complete_visit", forms.CompleteForm, visit.complete_visit)
    actions_warranty.enter()
