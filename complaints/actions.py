"""How each verb of a complaint is asked for: its input and the service that does it. Pages and API look here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django import forms

from aftersales.core.form_serializers import serializer_for
from aftersales.core.strict import StrictSerializer
from complaints import forms_complaint as own
from complaints.models import Complaint
from complaints.services import handling, settling
from tickets.forms import ReasonForm, RemarkForm

__all__ = ["ACTIONS", "Action"]


@dataclass(frozen=True)
class Action:
    """`run(complaint_id, by=…, version=…, **input)` with the input that `form` cleans."""

    name: str
    form: type[forms.Form]
    run: Callable[..., Complaint]

    @property
    def serializer(self) -> type[StrictSerializer]:
        return _serializer(self.name, self.form)


@cache
def _serializer(name: str, form: type[forms.Form]) -> type[StrictSerializer]:
    return serializer_for(form, "Complaint" + "".join(part.title() for part in name.split("_")))


ACTIONS: dict[str, Action] = {
    name: Action(name, form, run)
    for name, form, run in (
        ("acknowledge", own.AcknowledgeForm, handling.acknowledge),
        ("assign", own.AssignForm, handling.assign),
        ("grade", own.ClassForm, handling.grade),
        ("sign_lowering", RemarkForm, handling.sign_lowering),
        ("keep_class", ReasonForm, handling.keep_class),
        ("investigate", RemarkForm, handling.investigate),
        ("find", own.FindForm, handling.find),
        ("give_statement", own.TextForm, handling.give_statement),
        ("add_evidence", own.EvidenceForm, handling.add_evidence),
        ("name_people", own.PeopleForm, handling.name_people),
        ("report", own.ReportForm, settling.report),
        ("disagree", own.DisagreeForm, settling.disagree),
        ("rule", own.RuleForm, settling.rule),
        ("propose", own.ProposeForm, settling.propose),
        ("inform", own.InformForm, settling.inform),
        ("accept", RemarkForm, settling.accept),
        ("dispute", own.DisputeForm, settling.dispute),
        ("remedy", own.RemedyForm, settling.remedy),
        ("settle", own.WhyForm, settling.settle),
        ("close", RemarkForm, settling.close),
        ("reopen", own.AgainForm, settling.reopen),
    )
}
