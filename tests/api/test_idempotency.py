"""An Idempotency-Key: …"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from aftersales.accounts import idempotency
from aftersales.accounts.models import IdempotencyKey
from aftersales.core.time import now
from aftersales.customers.models import Customer
from tests.api.conftest import problem
from tests.people import Cast
from tickets.models import Event, Ticket


def test_replays_the_first_answer_to_the_letter(api, request_body):
    body = request_body()
    first = api.post("/tickets", body, Idempotency_Key="k")
    again = api.post("/tickets", dict(reversed(body.items())), Idempotency_Key="k")  # another order is the same body
    assert (again.status_code, again.content) == (201, first.content)
    assert {name: again[name] for name in ("ETag", "Location")} == {name: first[name] for name in ("ETag", "Location")}
    assert again["Idempotent-Replayed"] == "true"
    assert not first.has_header("Idempotent-Replayed")
    assert (Ticket.objects.count(), Event.objects.count()) == (1, 1)


def test_refuses_another_body(api, request_body):
    api.post("/tickets", request_body(external_id="E-1"), Idempotency_Key="k")
    problem(api.post("/tickets", request_body(external_id="E-2"), Idempotency_Key="k"), 422, "idempotency_key_reused")
    assert Ticket.objects.get().external_id == "E-1"


def test_belongs_to_one_partner(api, rival, request_body):
    body = request_body()
    first = api.post("/tickets", body, Idempotency_Key="k")
    other = rival.post("/tickets", body, Idempotency_Key="k")
    assert first.json()["id"] != other.json()["id"]


def test_is_required_for_a_create(api, request_body, nothing_left):
    problem(api.send("POST", "/tickets", request_body()), 400, "idempotency_key_required")
    nothing_left()


@pytest.mark.parametrize("key", ["x" * 101, "two words", "schlüssel"])
def test_is_visible_ascii(api, request_body, nothing_left, key):
    problem(api.post("/tickets", request_body(), Idempotency_Key=key), 422, "idempotency_key_invalid")
    nothing_left()


def test_is_forgotten_when_the_request_failed(api, request_body):
    wrong = request_body(wished_windows=[{"start": "2020-01-05T09:00:00Z", "end": "2020-01-05T10:00:00Z"}])
    problem(api.post("/tickets", wrong, Idempotency_Key="k"), 422, "invalid")
    assert IdempotencyKey.objects.count() == 0
    assert api.post("/tickets", request_body(), Idempotency_Key="k").status_code == 201


def test_is_honoured_by_verbs(api, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    first = api.act(ticket.pk, "note", {"text": "hello"}, Idempotency_Key="k")
    again = api.act(ticket.pk, "note", {"text": "hello"}, Idempotency_Key="k")
    assert first.json()["version"] == again.json()["version"] == 2
    assert again["Idempotent-Replayed"] == "true"
    assert Event.objects.filter(kind="ticket.noted").count() == 1
    problem(api.act(ticket.pk, "note", {"text": "bye"}, Idempotency_Key="k"), 422, "idempotency_key_reused")


def test_is_forgotten_after_two_days(api, request_body):
    body = request_body()
    api.post("/tickets", body, Idempotency_Key="k")
    assert idempotency.purge(at=now() + timedelta(hours=47)) == 0
    assert idempotency.purge(at=now() + timedelta(hours=49)) == 1
    problem(api.post("/tickets", body, Idempotency_Key="k"), 409, "external_id_taken")


def _together(calls):
    """Run the calls at the same time, each on its own connection."""
    barrier = Barrier(len(calls), timeout=30)

    def run(call):
        barrier.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_creates_one_ticket(api, request_body):
    body = request_body()
    answers = _together([lambda: api.post("/tickets", body, Idempotency_Key="k")] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.has_header("Idempotent-Replayed") for answer in answers) == 7
    assert (Ticket.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_each_request_lets_eight_first_ones_make_one_customer(api, request_body):
    bodies = [request_body() for _i in range(8)]
    answers = _together([lambda body=body: api.post("/tickets", body) for body in bodies])
    assert [answer.status_code for answer in answers] == [201] * 8
    assert (Ticket.objects.count(), Customer.objects.count()) == (8, 1)


@pytest.mark.django_db(transaction=True)
def test_that_is_still_at_work_is_told_to_wait(api, request_body, cast: Cast):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 200")

    def hold(done: Barrier) -> None:
        with idempotency.transaction.atomic():
            idempotency._claim(cast.partner, "k")
            done.wait()
            done.wait()
        connection.close()

    done = Barrier(2, timeout=30)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold, done)
        done.wait()
        answer = api.post("/tickets", request_body(), Idempotency_Key="k")
        done.wait()
        held.result()
    problem(answer, 409, "idempotency_key_in_use")
    assert answer["Retry-After"] == "2"
