"""The benchmarks write rows by SQL of their own: a new column must not be learnt of when somebody measures."""

import pytest
from django.db import connection

from tests.people import Cast
from tickets.models import Ticket
from tickets.sla.models import Clock


@pytest.mark.django_db(transaction=True)
def test_the_sweep_is_measured_among_clocks_that_can_be_written(cast: Cast) -> None:
    from benchmarks import sweeping

    assert cast.at
    sweeping.fill(25)
    assert Ticket.objects.filter(summary="sweep").count() == 25
    assert Clock.objects.filter(state="running", next_fire_at__isnull=False).count() == 25
    connection.close()  # it took off the limit of a statement
