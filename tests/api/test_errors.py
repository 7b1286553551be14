"""What goes wrong under /api/ is a problem in one shape: …"""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import OperationalError

from aftersales.accounts import services as accounts
from aftersales.accounts.models import PartnerKey
from aftersales.accounts.roles import Scope
from aftersales.core import remembered
from aftersales.core.time import now
from tests.api.conftest import Api, pointers, problem
from tests.people import Cast

GETS = ["/tickets", "/regions", "/kinds", "/channels", "/grades", "/product-models", "/technicians"]


def test_names_the_request(api):
    body = problem(api.get("/nowhere", X_Request_Id="abc-12345"), 404, "not_found")
    assert body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "There is no such thing here.",
        "instance": "/api/v1/nowhere",
        "request_id": "abc-12345",
    }


@pytest.mark.parametrize("path", ["/nowhere", "/tickets/", "/tickets/abc", "/tickets/1/actions/dance", "/tickets/-1"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_addresses(api, method, path):
    problem(api.send(method, path), 404, "not_found")


def test_unknown_addresses_outside_the_version(api):
    problem(api.client.get("/api/v2/tickets"), 404, "not_found")


@pytest.mark.parametrize("number", [999, 2**63, 10**40])
def test_a_ticket_that_is_not_there(api, number):
    problem(api.get(f"/tickets/{number}"), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods(api, method):
    answer = api.send(method, "/tickets")
    problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, POST"


def test_other_media_types(api, request_body, nothing_left):
    answer = api.client.post(
        "/api/v1/tickets",
        "a=b",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {api.key}", "Idempotency-Key": "k"},
    )
    problem(answer, 415, "unsupported_media_type")
    nothing_left()


@pytest.mark.parametrize("size", [3_000_000, 50_000_000])
def test_a_body_that_is_too_large_is_refused_at_once(api, nothing_left, size):
    body = b'{"summary": "' + b"x" * size + b'"}'
    began = time.monotonic()
    problem(api.post("/tickets", body), 413, "body_too_large")
    assert time.monotonic() - began < 2
    nothing_left()


def test_a_body_in_chunks(api, nothing_left):
    answer = api.client.generic(
        "POST",
        "/api/v1/tickets",
        b"",
        "application/json",
        CONTENT_LENGTH="",
        headers={"Authorization": f"Bearer {api.key}", "Idempotency-Key": "k", "Transfer-Encoding": "chunked"},
    )
    problem(answer, 411, "length_required")
    nothing_left()


def test_speaks_the_readers_language(api):
    answer = api.post("/tickets", {"customer": {}}, Accept_Language="zh-TW,zh;q=0.9")
    errors = {error["pointer"]: error["detail"] for error in problem(answer, 422, "invalid")["errors"]}
    assert errors["/summary"] == "此為必需欄位。"
    assert answer["Content-Language"] == "zh-hant"


def test_a_failure_of_ours_says_no_more_than_its_number(api, monkeypatch):
    monkeypatch.setattr("tickets.api.limit_of", lambda params: 1 / 0)
    body = problem(api.get("/tickets"), 500, "internal")
    assert "ZeroDivision" not in str(body)


def test_a_database_that_is_busy(api, monkeypatch):
    def busy(params):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr("tickets.api.limit_of", busy)
    answer = api.get("/tickets")
    problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "5"


# ── parameters ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("path", GETS)
def test_unknown_parameters_are_not_ignored(api, path):
    body = problem(api.get(f"{path}?colour=blue&page=2"), 422, "unknown_parameter")
    assert pointers(body) == [("colour", "unknown_parameter"), ("page", "unknown_parameter")]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", ("limit", "range")),
        ("limit=101", ("limit", "range")),
        ("limit=ten", ("limit", "range")),
        ("limit=-1", ("limit", "range")),
        ("limit=%C2%B2", ("limit", "range")),
        ("state=received,asleep", ("state", "unknown")),
        ("updated_since=yesterday", ("updated_since", "moment_invalid")),
        ("updated_since=2026-01-01T00:00:00", ("updated_since", "moment_invalid")),
        ("updated_since=2026-13-01T00:00:00Z", ("updated_since", "moment_invalid")),
        ("after=nonsense", ("after", "cursor_invalid")),
        ("after=WzFd&updated_since=2026-01-01T00:00:00Z", ("after", "cursor_invalid")),
        ("after=WyJhIl0", ("after", "cursor_invalid")),
        ("q=%00", ("q", "null_characters_not_allowed")),
        ("external_id=%00", ("external_id", "null_characters_not_allowed")),
        ("q=" + "x" * 101, ("q", "too_long")),
    ],
)
def test_wrong_parameters_are_named(api, query, named):
    assert pointers(problem(api.get(f"/tickets?{query}"), 422, named[1])) == [named]


def test_a_create_takes_no_parameters(api, request_body, nothing_left):
    problem(api.post("/tickets?limit=1", request_body()), 422, "unknown_parameter")
    nothing_left()


# ── keys ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("path", [*GETS, "/tickets/1", "/tickets/1/timeline", "/tickets/1/sheet"])
def test_without_a_key(cast: Cast, path):
    answer = Api("").get(path)
    problem(answer, 401, "key_missing")
    assert answer["WWW-Authenticate"] == 'Bearer realm="aftersales"'


@pytest.mark.parametrize(
    ("header", "code"),
    [("Bearer nonsense", "key_invalid"), ("Bearer", "key_malformed"), ("Basic dXNlcjpwdw==", "key_malformed")],
)
def test_a_wrong_key(cast: Cast, header, code):
    problem(Api("").get("/tickets", Authorization=header), 401, code)


def test_an_expired_key(cast: Cast, request_body, nothing_left):
    expired = Api(cast.key(expires_at=now() - timedelta(seconds=1)))
    problem(expired.post("/tickets", request_body()), 401, "key_expired")
    nothing_left()


def test_a_revoked_key(api):
    accounts.revoke_key(PartnerKey.objects.get())
    problem(api.get("/tickets"), 401, "key_invalid")


def test_the_key_of_a_partner_that_left(api, cast: Cast):
    cast.partner.is_active = False
    cast.partner.save()
    remembered.forget_all()  # two seconds later
    problem(api.get("/tickets"), 401, "key_invalid")


def test_the_use_of_a_key_is_written_down_once_in_a_while(api):
    api.get("/kinds")
    first = PartnerKey.objects.get().last_used_at
    api.get("/kinds")
    assert first is not None
    assert PartnerKey.objects.get().last_used_at == first


# ── scopes ─────────────────────────────────────────────────────────────────────────────────────
def test_reading_needs_its_scope(cast: Cast):
    creator = Api(cast.key(scopes=[Scope.CREATE]))
    body = problem(creator.get("/tickets"), 403, "scope_missing")
    assert "tickets.read" in body["detail"]
    assert creator.get("/kinds").status_code == 200  # the lists serve whoever registers


def test_registering_needs_its_scope(cast: Cast, request_body, nothing_left):
    problem(Api(cast.key(scopes=[Scope.READ])).post("/tickets", request_body()), 403, "scope_missing")
    nothing_left()


@pytest.mark.parametrize(
    ("scope", "verb", "body", "status"),
    [
        (Scope.READ, "note", {"text": "x"}, 403),
        (Scope.ACT, "note", {"text": "x"}, 200),
        (Scope.DESK, "note", {"text": "x"}, 200),
        (Scope.ACT, "log_contact", {"reached": True}, 403),
        (Scope.DESK, "log_contact", {"reached": True}, 200),
        (Scope.ACT, "cancel", {"reason": "x"}, 200),
    ],
)
def test_verbs_need_theirs(cast: Cast, scope, verb, body, status):
    ticket = cast.ticket(by=cast.partner_actor())
    answer = Api(cast.key(scopes=[Scope.READ, scope])).act(ticket.pk, verb, body)
    assert answer.status_code == status
    if status == 403:
        problem(answer, 403, "scope_missing")
        assert ticket.events.count() == 1


@pytest.mark.parametrize("path", ["/technicians", "/tickets/{id}/callbacks"])
def test_the_desks_lists_need_its_scope(cast: Cast, path):
    ticket = cast.ticket(by=cast.partner_actor())
    reader = Api(cast.key(scopes=[Scope.READ, Scope.ACT, Scope.CREATE]))
    problem(reader.get(path.format(id=ticket.pk)), 403, "scope_missing")
