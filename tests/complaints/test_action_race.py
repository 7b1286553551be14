"""Complaints that return at the same time, on tickets of their own: the action is opened again once (R49)."""

from datetime import timedelta
from functools import partial

import pytest

from complaints import hooks, tasks
from complaints.models import Complaint, CorrectiveAction
from complaints.services import action as services
from complaints.services.action_check import RETURN_TASK
from tests.complaints.helpers_acting import complaint, tell
from tests.people import Cast
from tests.visits.test_race import at_once
from tickets.models import OutboxMessage
from tickets.sla.models import Clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("R49")]


def test_eight_complaints_at_once_open_it_once(cast: Cast) -> None:
    cast.user("supervisor"), cast.user("manager")
    by, later = cast.actor("officer"), cast.at + timedelta(days=20)
    first = complaint(cast)
    made = services.open_action(first.pk, title="x", cause="product", model=cast.model, by=by, at=cast.at)
    for discipline in range(1, 9):
        escape = "y" if discipline == 4 else ""
        services.write_step(made.pk, discipline=discipline, text="x", escape=escape, by=by, at=cast.at)
    found = [
        complaint(cast, cast.ticket(phone=f"139 0000 00{n:02}", customer_name=f"c{n}", serial=f"S{n}"), at=later)
        for n in range(8)
    ]

    def decide(one: Complaint) -> bool:
        tell(hooks.decided, one, at=later)
        return True

    assert at_once(*(partial(decide, one) for one in found)) == [True] * 8
    for message in OutboxMessage.objects.filter(task=RETURN_TASK, done_at=None):
        tasks.reopen_action(message.pk, *message.args)
    action = CorrectiveAction.objects.get()
    assert (action.cycle, action.state) == (2, "open")
    assert set(action.complaints.all()) >= {first}
    assert action.ticket.events.filter(kind="action.opened").count() == 2
    open_clocks = Clock.objects.filter(ticket=action.ticket, state="running")
    assert set(open_clocks.values_list("target", flat=True)) >= {"containment", "corrective_action"}
    assert not open_clocks.filter(target="effectiveness_check").exists()
