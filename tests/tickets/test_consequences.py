"""What a dialog says will follow, promise by promise."""

import pytest

from tests.people import Cast
from tickets import consequences
from tickets.sla import policies
from tickets.sla.models import Policy

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R07")]


def said(cast: Cast) -> list[str]:
    return consequences.of("grade", cast.ticket_in("in_progress"), cast.actor("clerk"))


def test_says_what_each_grade_does_to_each_promise(cast: Cast):
    assert said(cast) == [
        "“on site” by grade – 1: 4 h 00, 2: 6 h 00, 3: 8 h 00, 4: 8 h 00. "
        "On a change: what has elapsed counts against the new span."
    ]


def test_says_when_some_grade_starts_it_over(cast: Cast):
    Policy.objects.filter(target="on_site", grade=1).update(on_change="restart")
    policies.versions.forget()
    policies.forget()
    assert [words.rpartition("On a change: ")[2] for words in said(cast)] == [
        "what has elapsed counts against the new span.",
        "starts over.",
    ]
