"""Many callers at once: nobody gets a customer whom another has on the screen."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from complaints.models import Callback
from complaints.services import claim
from tests.complaints.test_pages import owed_by
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)
CALLERS = 6


@pytest.mark.rule("R60")
def test_each_of_many_callers_gets_another_customer(cast: Cast) -> None:
    cast.calls_at_any_hour()
    owed = {owed_by(cast, number).pk for number in range(1, CALLERS + 1)}
    people = [cast.actor("clerk", f"No{number}") for number in range(CALLERS)]
    start, got = threading.Barrier(CALLERS, timeout=30), []

    def call(place: int) -> None:
        start.wait()
        try:
            found = claim.next_call(by=people[place], at=cast.at + timedelta(days=5))
            got.append(found.pk if found else None)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=[place]) for place in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    claimed = [pk for pk in got if pk is not None]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= owed
    assert len(claimed) == Callback.objects.exclude(claimed_by=None).count() >= 1
