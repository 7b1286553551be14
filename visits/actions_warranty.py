"""How consent, warranty, findings, repair plan and major failure are asked for, and their cards."""

from django.utils.translation import gettext_lazy as _

from tickets import actions
from visits import cards_warranty as shown
from visits import forms_failure, forms_finding, forms_photograph, forms_plan
from visits import forms_warranty as forms
from visits.cards import Card, add
from visits.services import commands, consent, failure, finding, photograph, plan, warranty


def enter() -> None:
    """Enter them; called once when the house starts."""
    commands.also("add_photograph", _("Photograph"), forms_photograph.PhotographForm, photograph.add_kept)
    add(Card("photographs", 25, "visits/cards/photographs.html", shown.photographs))
    add(Card("consent", 30, "visits/cards/consent.html", shown.consent, ("record_consent",)))
    add(Card("findings", 34, "visits/cards/findings.html", shown.findings, ("record_finding", "drop_finding")))
    add(Card("warranty", 32, "visits/cards/warranty.html", shown.warranty, ("decide_warranty",)))
    actions.add("decide_warranty", forms.WarrantyForm, warranty.decide_warranty)
    actions.add("approve_warranty", forms.ApproveWarrantyForm, warranty.approve_warranty)
    actions.add("record_consent", forms_finding.ConsentForm, consent.record_consent)
    actions.add("record_finding", forms_finding.FindingForm, finding.record_finding)
    actions.add("drop_finding", forms_finding.DropForm, finding.drop_finding)
    add(Card("repeat", 22, "visits/cards/repeat.html", shown.repeat))
    add(Card("plan", 36, "visits/cards/plan.html", shown.plan, ("propose_plan", "confirm_plan", "dispute_plan")))
    actions.add("propose_plan", forms_plan.PlanForm, plan.propose_plan)
    actions.add("confirm_plan", forms_plan.ConfirmForm, plan.confirm_plan)
    actions.add("dispute_plan", forms_plan.DisputeForm, plan.dispute_plan)
    actions.add("decide_plan", forms_plan.DecidePlanForm, plan.decide_plan)
    add(Card("failure", 48, "visits/cards/failure.html", shown.failure, ("report_major_failure",)))
    actions.add("report_major_failure", forms_failure.FailureForm, failure.report_major_failure)
