"""How the verbs of dispatch and visit are asked for."""

from tickets import actions
from tickets.forms import NothingForm, ReasonForm, RemarkForm
from visits import actions_warranty, arriving, cards, forms, forms_arrival, forms_customer, forms_promises
from visits.services import approval, at_the_door, contractor, customer, delay, dispatch, no_show, telling, visit


def enter() -> None:
    """Enter them; called once when the house starts."""
    actions.add("approve_dispatch", NothingForm, dispatch.approve_dispatch)
    actions.add("approve_contractor", ReasonForm, contractor.approve_contractor)
    actions.add("plan_visit", forms.PlanForm, dispatch.plan_visit)
    actions.add("move_visit", forms.MoveForm, dispatch.move_visit)
    actions.add("cancel_visit", forms.CallOffForm, dispatch.cancel_visit)
    actions.add("confirm_visit", NothingForm, customer.confirm_visit)
    actions.add("choose_window", forms_customer.ChooseForm, customer.choose_window)
    actions.add("decline_visit", forms_customer.DeclineForm, customer.decline_visit)
    actions.add("cancel", ReasonForm, dispatch.cancel)
    actions.add("set_out", NothingForm, visit.set_out)
    actions.add("check_in", forms_arrival.CheckInForm, visit.check_in)
    actions.add("complete_visit", forms.CompleteForm, visit.complete_visit)
    actions_warranty.enter()
    actions.add("running_late", forms_promises.DelayForm, delay.running_late)
    actions.add("log_visit_call", forms_promises.CallForm, at_the_door.log_visit_call)
    actions.add("customer_absent", forms_promises.AbsentForm, at_the_door.customer_absent)
    actions.add("customer_present", NothingForm, at_the_door.customer_present)
    actions.add("tell_customer", forms_promises.TellForm, telling.tell_customer)
    actions.add("approve_late", RemarkForm, approval.approve_late)
    actions.add("refuse_late", ReasonForm, approval.refuse_late)
    actions.add("decide_no_show", forms_promises.DecideForm, no_show.decide_no_show)
    actions.add("dispute_no_show", ReasonForm, no_show.dispute_no_show)
    at_door = ("running_late", "log_visit_call", "customer_absent", "customer_present", "tell_customer")
    cards.add(cards.Card("arriving", 20, "visits/cards/arriving.html", arriving.of_visit, at_door))
