"""What follows a complaint, set off by the complaint's own verbs and told on its page."""

from datetime import timedelta

import pytest
from django.test import Client

from complaints.models import CaseStudy, Complaint, ConductViolation
from complaints.services import action, handling, settling
from tests.complaints.helpers import DAY, HOUR, called_back, in_state, start
from tests.people import Cast
from tickets.sla.models import Clock

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R46")
def test_closing_class_3_owes_a_case_study_although_the_ticket_is_closed(cast: Cast) -> None:
    cast.user("supervisor")
    found = in_state(cast, "investigating", words="我已经联系了电视台记者")
    assert found.complaint_class == 3
    by, at = cast.actor("manager"), start(cast) + HOUR
    settling.propose(found.pk, verdict="upheld", remedy="apology", remedy_by=at + DAY, by=by, at=at)
    settling.inform(found.pk, reached=True, by=by, at=at)
    settling.accept(found.pk, by=by, at=at)
    settling.remedy(found.pk, by=by, at=at)
    called_back(cast, found, at=at)
    assert not CaseStudy.objects.exists()
    found = settling.close(found.pk, by=by, at=at + HOUR)
    study = CaseStudy.objects.get()
    assert (study.complaint, study.due_at) == (found, found.closed_at + timedelta(days=7))  # type: ignore[operator]
    assert Clock.objects.get(target="case_study").state == "running"


@pytest.mark.rule("R51")
def test_deciding_proposes_a_violation_and_reopening_takes_it_back(cast: Cast) -> None:
    found = in_state(cast, "closed")
    violation = ConductViolation.objects.get()
    assert (violation.person, violation.kind, violation.state) == (cast.technician, "late", "proposed")
    settling.reopen(found.pk, reason="again", by=cast.actor("officer"), at=start(cast) + DAY)
    violation.refresh_from_db()
    assert violation.state == "withdrawn"


@pytest.mark.rule("R49")
def test_a_decision_opens_an_action_again(cast: Cast) -> None:
    cast.user("supervisor")
    first = in_state(cast, "closed")
    by, at = cast.actor("officer"), start(cast) + DAY
    made = action.open_action(first.pk, title="x", cause="late", model=cast.model, by=by, at=at)
    for discipline in range(1, 9):
        escape = "y" if discipline == 4 else ""
        action.write_step(made.pk, discipline=discipline, text="x", escape=escape, by=by, at=at)
    settling.reopen(first.pk, reason="again", by=by, at=at + DAY)
    again = Complaint.objects.get(pk=first.pk)
    later = at + DAY + timedelta(minutes=5)
    handling.acknowledge(again.pk, reached=True, by=by, at=later)
    handling.investigate(again.pk, by=by, at=later)
    handling.find(again.pk, finding="late again", cause="late", by=by, at=later)
    settling.propose(again.pk, verdict="upheld", remedy="apology", remedy_by=later + DAY, by=by, at=later)
    made.refresh_from_db()
    assert (made.cycle, made.state, made.cycle_at) == (2, "open", later)


def test_page_of_the_complaint_fetches_the_panel(cast: Cast, client: Client) -> None:
    found = in_state(cast, "closed")
    client.force_login(cast.user("officer"))
    assert f'hx-get="/complaints/{found.pk}/acting/"' in client.get(f"/complaints/{found.pk}/").content.decode()


@pytest.mark.rule("R75")
def test_panel_names_no_violation_to_who_does_not_lead_complaints(cast: Cast, client: Client) -> None:
    found = in_state(cast, "closed")
    for role, sees in (("officer", True), ("supervisor", True), ("clerk", False), ("technician", False)):
        client.force_login(cast.actor(role).user)  # type: ignore[arg-type]
        panel = client.get(f"/complaints/{found.pk}/acting/", headers={"HX-Request": "true"})
        assert ("late through own fault" in panel.content.decode()) is sees, role
