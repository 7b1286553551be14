"""What follows a complaint, as a panel of its page: case study, conduct, corrective action."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.accounts.views import person
from complaints import selectors_action, selectors_case_study
from complaints.acting import HANDLERS
from complaints.models import Complaint, ConductViolation, CorrectiveAction
from complaints.services import case_study
from complaints.states import ESTABLISHED


@staff_page(*NOT_ADMIN)
@require_safe
def of_complaint(request: HttpRequest, complaint_id: int) -> HttpResponse:
    """Case studies, violations and actions of one complaint, with what this reader may begin."""
    actor = Actor.of(request)
    complaint = (
        Complaint.objects.visible_to(actor).select_related("ticket__product", "visit").filter(pk=complaint_id).first()
    )
    if complaint is None:
        raise Http404
    concerned = complaint.concerns(actor)
    handles = person(request).role in HANDLERS and not concerned
    studies = list(selectors_case_study.of_complaint(actor, complaint))
    taken = handles and CorrectiveAction.objects.filter(ticket=complaint.ticket_id, settled=False).exists()
    violations = []
    if handles:  # what becomes of an employee is for those who lead complaints, and for himself (R75)
        violations = list(
            ConductViolation.objects.filter(complaint=complaint)
            .exclude(person=actor.user)
            .select_related("person")
            .order_by("proposed_at", "pk")[:50]
        )
    readable = set(
        ConductViolation.objects.visible_to(actor)
        .filter(pk__in=[one.pk for one in violations])
        .values_list("pk", flat=True)
        if violations
        else []
    )
    context = {
        "complaint": complaint,
        "studies": [(study, study.shared_at is None and case_study.may_write(study, actor)) for study in studies],
        "violations": [(violation, violation.pk in readable) for violation in violations],
        "actions": list(selectors_action.of_complaint(actor, complaint)),
        "handles": handles,
        "established": complaint.verdict in ESTABLISHED,
        "has_people": handles and bool(complaint.complained_of),
        "may_open": handles and not taken,
        "fitting": selectors_action.fitting(complaint, complaint.ticket) if handles else [],
    }
    template = "complaints/acting.html#panel" if request.htmx else "complaints/acting.html"  # type: ignore[attr-defined]
    return render(request, template, context)
