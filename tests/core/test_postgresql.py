"""A kept connection is looked at without a query, and one that the server ended is noticed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftersales.core.postgresql.base import DatabaseWrapper

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Iterator[DatabaseWrapper]:
    other = connection.copy()
    other.health_check_enabled = True
    other.ensure_connection()
    yield other
    other.close()


def number(of: DatabaseWrapper) -> int:
    with of.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_quiet_connection_is_good_without_a_query(kept: DatabaseWrapper) -> None:
    with CaptureQueriesContext(kept) as queries:
        assert kept.is_usable()
    assert not queries.captured_queries


def test_one_that_the_server_ended_is_replaced(kept: DatabaseWrapper) -> None:
    ended = number(kept)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [ended])
    until = time.monotonic() + 10
    while kept.is_usable() and time.monotonic() < until:
        time.sleep(0.01)
    assert not kept.is_usable()
    kept.health_check_done = False
    assert number(kept) != ended


def test_one_with_something_to_read_is_asked(kept: DatabaseWrapper) -> None:
    with kept.cursor() as cursor:
        cursor.execute("LISTEN kept_open; NOTIFY kept_open")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('kept_open', '')")
    assert kept.is_usable()


def test_a_closed_one_is_not_good(kept: DatabaseWrapper) -> None:
    kept.connection.close()
    assert not kept.is_usable()
