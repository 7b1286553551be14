"""The outbox: published until a worker did it, given up in the end, and never a reason to wait for the broker."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from aftersales.core.time import now
from tickets import outbox
from tickets.models import OutboxMessage

pytestmark = pytest.mark.django_db

done: list[int] = []


@outbox.task("tests.note")
def note(number: int) -> None:
    done.append(number)


@outbox.task("tests.fail")
def fail(number: int) -> None:
    raise RuntimeError(f"printer {number} is on fire")


@pytest.fixture(autouse=True)
def nothing_done():
    done.clear()


@pytest.fixture
def broker():
    server = redis.Redis.from_url(settings.REDIS_URL)
    server.flushdb()
    yield server
    server.flushdb()


def bodies(broker: redis.Redis, queue: str = "default") -> list[dict]:
    return [json.loads(raw)["headers"] for raw in broker.lrange(f"aftersales:{queue}", 0, -1)]


def put(task: str = "tests.note", *args: int) -> OutboxMessage:
    outbox.put(task, *(args or (7,)))
    return OutboxMessage.objects.latest("pk")


def due_again(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(publish_at=now() - timedelta(seconds=1))


def test_publishes_the_row_id_before_the_arguments(broker):
    message = put("tests.note", 7, 8)
    assert outbox.Publisher().publish() == 1
    (headers,) = bodies(broker)
    assert (headers["task"], headers["argsrepr"]) == ("tests.note", f"[{message.pk}, 7, 8]")


def test_routes_by_the_name_of_the_task(broker):
    put("visits.tasks.render_paper")
    outbox.Publisher().publish()
    assert (len(bodies(broker, "pdf")), len(bodies(broker, "default"))) == (1, 0)


def test_publishes_nothing_of_a_transaction_that_did_not_commit(broker):
    with transaction.atomic():
        put()
        transaction.set_rollback(True)
    assert outbox.Publisher().publish() == 0


def test_publishes_again_after_a_minute_until_a_worker_did_it(broker):
    message = put()
    publisher = outbox.Publisher()
    assert publisher.publish() == 1
    message.refresh_from_db()
    assert timedelta(seconds=59) < message.publish_at - now() <= timedelta(seconds=60)
    assert publisher.publish() == 0
    broker.flushdb()  # whatever the broker forgets
    due_again(message)
    assert publisher.publish() == 1
    assert len(bodies(broker)) == 1
    note.run(message.pk, 7)
    message.refresh_from_db()
    assert message.publish_at is None
    assert publisher.publish() == 0


def test_a_message_delivered_three_times_is_done_once():
    message = put("tests.note", 7)
    for _delivery in range(3):
        note.run(message.pk, 7)
    message.refresh_from_db()
    assert done == [7]
    assert message.done_at is not None
    assert message.publish_at is None


def test_a_failure_comes_again_later_and_later_and_is_given_up():
    message = put("tests.fail", 3)
    waits = []
    for _failure in range(outbox.GIVE_UP_AFTER):
        fail.run(message.pk, 3)
        message.refresh_from_db()
        waits.append(message.publish_at and round((message.publish_at - now()).total_seconds()))
    assert waits == [2, 4, 8, 16, 32, 64, 128, None]
    assert (message.failures, message.done_at) == (outbox.GIVE_UP_AFTER, None)
    assert message.last_error == "RuntimeError('printer 3 is on fire')"
    fail.run(message.pk, 3)  # a late duplicate
    message.refresh_from_db()
    assert message.failures == outbox.GIVE_UP_AFTER


def test_a_row_that_is_gone_is_nobodys_work():
    note.run(10**9, 7)
    assert done == []


def _refusing() -> tuple[socket.socket, str]:
    link = socket.socket()
    link.bind(("127.0.0.1", 0))  # bound but not listening
    return link, f"redis://127.0.0.1:{link.getsockname()[1]}/0"


def _frozen() -> tuple[socket.socket, str]:
    link, address = _refusing()
    link.listen(16)  # the kernel takes the connection, nobody ever answers
    return link, address


@pytest.mark.parametrize("away", [_refusing, _frozen])
def test_a_broker_that_is_away_costs_seconds_and_no_message(monkeypatch, away):
    link, address = away()
    monkeypatch.setitem(settings.CELERY, "broker_url", address)
    messages = [put("tests.note", number) for number in range(5)]
    publisher = outbox.Publisher()
    began = time.monotonic()
    assert publisher.publish() == 0
    assert time.monotonic() - began < 5
    link.close()
    for message in messages:
        message.refresh_from_db()
        assert message.published == 0
        assert timedelta(0) < message.publish_at - now() <= timedelta(seconds=2)


def test_waits_longer_while_the_broker_stays_away_but_never_long(monkeypatch):
    link, address = _refusing()
    monkeypatch.setitem(settings.CELERY, "broker_url", address)
    message = put()
    publisher = outbox.Publisher()
    waits = []
    for _attempt in range(4):
        publisher.publish()
        message.refresh_from_db()
        waits.append(round((message.publish_at - now()).total_seconds()))
        due_again(message)
    link.close()
    assert waits == [2, 4, 8, 8]


def test_counts_publications_without_running_over(broker):
    message = put()
    OutboxMessage.objects.filter(pk=message.pk).update(published=32_000)
    assert outbox.Publisher().publish() == 1
    message.refresh_from_db()
    assert message.published == 32_000


def _claim_elsewhere() -> set[int]:
    try:
        return {message.pk for message in outbox.claim()}
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_relays_never_claim_the_same_message():
    messages = {put("tests.note", number).pk for number in range(6)}
    with transaction.atomic():
        # What another relay holds is skipped, not waited for.
        held = OutboxMessage.objects.select_for_update().order_by("pk").first()
        with ThreadPoolExecutor(1) as pool:
            claimed = pool.submit(_claim_elsewhere).result(timeout=5)
    assert claimed == messages - {held.pk}
