"""What the quarterly report says of satisfaction and corrective action."""

from datetime import timedelta

import pytest

from complaints import report_sections
from complaints.models import CorrectiveAction
from complaints.periods import Period, PeriodKind
from complaints.services import action as actions
from complaints.services import report as reports
from complaints.services import survey
from tests.complaints.helpers_acting import complaint
from tests.people import Cast

pytestmark = pytest.mark.django_db


def quarter(cast: Cast) -> Period:
    return Period.around(PeriodKind.QUARTER, cast.at.date())


@pytest.mark.rule("R49", "R81")
def test_says_who_answered_and_who_did_not(cast: Cast) -> None:
    first = cast.visited().surveys.get()
    cast.visited(phone="13700000002", customer_name="李雷", serial="S2")
    survey.answer_by_link(
        first, attitude=5, punctuality=4, quality=3, solved=True, recommend=9, text="", at=cast.at + timedelta(days=1)
    )
    content = report_sections._satisfaction(quarter(cast), cast.at + timedelta(days=90))
    assert content == {
        "months": [
            {
                "month": "2026-03-01", "offered": 2, "answered": 1, "expired": 1, "attitude": 5.0, "quality": 3.0,
                "solved": 100.0, "nps": 100.0,
            }
        ]
    }  # fmt: skip
    (table,) = report_sections._satisfaction_tables(content)
    assert table.rows == [["2026-03", 2, 1, 1, "5.00", "3.00", 100.0, "100.00"]]


@pytest.mark.rule("R49")
def test_names_the_actions_that_were_under_way(cast: Cast) -> None:
    assert report_sections._actions(quarter(cast), cast.at) is None
    found = complaint(cast)
    actions.open_action(
        found.pk, title="=SUM(1) leaks", cause="product", model=cast.model, by=cast.actor("officer"), at=cast.at
    )
    made = CorrectiveAction.objects.get()
    content = report_sections._actions(quarter(cast), cast.at)
    assert content is not None
    (row,) = content["actions"]
    assert (row["number"], row["state"], row["cycle"], row["effective"]) == (made.number, "open", 1, 0)
    (table,) = report_sections._action_tables(content)
    assert table.rows[0][:2] == [made.number, "=SUM(1) leaks"]
    later = Period.around(PeriodKind.QUARTER, (cast.at - timedelta(days=120)).date())
    assert report_sections._actions(later, cast.at) is None


def test_stands_in_the_report(cast: Cast) -> None:
    cast.visited()
    at = cast.at + timedelta(days=60)
    made = reports.generate("quarterly", cast.at.date(), by=cast.actor("manager"), at=at)
    assert set(made.content["sections"]) == {"satisfaction"}
