"""POST /tickets: …"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from aftersales.accounts.models import IdempotencyKey
from aftersales.accounts.roles import Scope
from aftersales.customers.models import Customer, CustomerPhone, Product, Site
from tests.api.conftest import Api, pointers, problem
from tests.people import Cast
from tickets.models import Event, Notice, Ticket
from tickets.sla.models import Clock, Segment


def test_registers_a_ticket_with_everything(api, request_body, cast: Cast):
    answer = api.post("/tickets", request_body(external_id="E-77"))
    body = answer.json()
    ticket = Ticket.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver/api/v1/tickets/{ticket.pk}"
    assert answer["ETag"] == '"1"'
    assert body["number"] == ticket.number
    assert body["number"].startswith("T20")
    assert {name: body[name] for name in ("external_id", "state", "version", "kind", "channel", "fault_grade")} == {
        "external_id": "E-77",
        "state": "received",
        "version": 1,
        "kind": "repair",
        "channel": "hotline",
        "fault_grade": 2,
    }
    assert body["wished_windows"] == [{"start": "2036-01-05T01:00:00Z", "end": "2036-01-05T04:00:00Z"}]
    assert body["product"]["warranty_until"] == "2028-03-01"
    assert {"log_contact", "note", "cancel", "plan_visit"} < set(body["actions"])
    assert not {"take", "resolve", "check_in"} & set(body["actions"])
    assert (ticket.partner, ticket.owner, ticket.team) == (cast.partner, None, cast.team)


def test_starts_the_promised_clocks(api, request_body):
    body = api.post("/tickets", request_body()).json()
    clocks = list(Clock.objects.order_by("pk"))
    assert [(clock["target"], clock["state"], clock["rule"]) for clock in body["clocks"]] == [
        ("response", "running", "R03"),
        ("visit_answer", "running", "R05"),
        ("on_site", "running", "R22"),
    ]
    assert [clock["id"] for clock in body["clocks"]] == [clock.pk for clock in clocks]
    assert clocks[2].due_at - clocks[2].started_at == timedelta(hours=6)  # grade 2, home region
    assert body["clocks"][2]["due_at"] == clocks[2].due_at.isoformat().replace("+00:00", "Z")
    assert Segment.objects.count() == 3


def test_writes_the_first_event_and_tells_the_supervisor(api, request_body, cast: Cast):
    supervisor = cast.user("supervisor")
    api.post("/tickets", request_body())
    event = Event.objects.get()
    assert (event.kind, event.door, event.partner, event.version) == ("ticket.registered", "api", cast.partner, 1)
    assert Notice.objects.get().recipient == supervisor


def test_answers_what_reading_answers(api, request_body):
    made = api.post("/tickets", request_body()).json()
    assert api.get(f"/tickets/{made['id']}").json() == made


def test_knows_its_customer_again(api, request_body):
    first = api.post("/tickets", request_body()).json()
    again = api.post("/tickets", request_body(summary="漏水")).json()
    assert again["id"] != first["id"]
    assert [model.objects.count() for model in (Customer, CustomerPhone, Site, Product)] == [1, 1, 1, 1]


def test_opens_no_other_partners_customer_file(api, rival, request_body, cast: Cast):
    api.post("/tickets", request_body())
    rival.post("/tickets", request_body())
    assert list(Customer.objects.order_by("pk").values_list("partner__code", flat=True)) == ["erp", "other"]


def test_promises_the_file_when_site_and_product_are_missing(api, request_body):
    body = api.post("/tickets", request_body(site=None, product=None, visit_needed=False)).json()
    assert [clock["target"] for clock in body["clocks"]] == ["response", "customer_file"]
    assert (body["site"], body["product"], body["region"]) == (None, None, None)


def test_meets_the_file_promise_when_a_later_request_completes_it(api, request_body):
    first = api.post("/tickets", request_body(site=None, product=None, visit_needed=False)).json()
    api.post("/tickets", request_body())
    clocks = api.get(f"/tickets/{first['id']}").json()["clocks"]
    assert [clock["state"] for clock in clocks] == ["running", "met"]


def test_takes_a_customer_who_was_reached(api, request_body):
    answer = api.post("/tickets", request_body(contacted=True))
    body = answer.json()
    assert (body["state"], body["version"], answer["ETag"]) == ("in_progress", 2, '"2"')
    assert body["clocks"][0]["state"] == "met"


def test_takes_a_customer_who_was_reached_only_from_a_desk(cast: Cast, request_body, nothing_left):
    creator = Api(cast.key(scopes=[Scope.CREATE]))
    problem(creator.post("/tickets", request_body(contacted=True)), 403, "scope_missing")
    nothing_left()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("en", "en"), ("zh-Hans", "zh-hans"), ("zh-hant", "zh-hant"), ("zh-TW", "zh-hant"), ("ZH-cn", "zh-hans")],
)
def test_takes_language_tags_of_scripts_and_places(api, request_body, sent, kept):
    api.post("/tickets", request_body(customer={"name": "李", "phone": "13800004412", "language": sent}))
    assert Customer.objects.get().language == kept


@pytest.mark.parametrize(
    "text", ["🥶 zu kalt 𠮷野家", "المكيف لا يعمل", "לא עובד", "ｆｕｌｌ　ｗｉｄｔｈ", "<script>alert(1)</script>"]
)
def test_takes_any_script(api, request_body, text):
    body = api.post("/tickets", request_body(summary=text, description=text)).json()
    assert body["description"] == text
    assert Ticket.objects.get().description == text


def test_drops_characters_that_hide_what_is_written(api, request_body):
    body = api.post("/tickets", request_body(summary="safe\u202egnp.exe\u0007")).json()
    assert body["summary"] == "safegnp.exe"


def test_keeps_a_telephone_as_typed(api, request_body, cast: Cast):
    customer = {"name": "陳先生", "phone": "02-2712 3456 轉 12"}
    site = {"address": "台北市復興北路 1 號", "region": cast.far_region.code}
    body = api.post("/tickets", request_body(customer=customer, site=site)).json()
    phone = CustomerPhone.objects.get()
    assert body["customer"]["phone"] == "02-2712 3456 轉 12"
    assert (phone.e164, phone.extension) == ("+886227123456", "12")


def test_keeps_where_the_site_is(api, request_body, cast: Cast):
    site = {"address": "台北市復興北路 1 號", "region": cast.far_region.code, "latitude": 25.05, "longitude": 121.54}
    body = api.post("/tickets", request_body(site=site)).json()
    assert (body["site"]["latitude"], body["site"]["longitude"]) == (25.05, 121.54)


# ── refused ────────────────────────────────────────────────────────────────────────────────────
WRONG = [
    ({"kind": "party"}, [("/kind", "invalid_choice")]),
    ({"kind": None}, [("/kind", "required")]),
    ({"channel": "pigeon"}, [("/channel", "invalid_choice")]),
    ({"fault_grade": 5}, [("/fault_grade", "invalid_choice")]),
    ({"summary": "  "}, [("/summary", "blank")]),
    ({"summary": "\u202e\u0007"}, [("/summary", "required")]),
    ({"summary": "x" * 201}, [("/summary", "max_length")]),
    ({"summary": "a\u0000b"}, [("/summary", "null_characters_not_allowed")]),
    ({"description": "x" * 100_000}, [("/description", "max_length")]),
    ({"customer": {"name": "王", "phone": "12"}}, [("/customer/phone", "phone_invalid")]),
    ({"customer": {"name": "", "phone": "13800004412"}}, [("/customer/name", "blank")]),
    ({"customer": {"phone": "13800004412", "name": "x", "email": "no"}}, [("/customer/email", "invalid")]),
    ({"customer": None}, [("/customer", "required")]),
    ({"customer": "王"}, [("/customer", "invalid")]),
    ({"site": {"address": "x", "region": "atlantis"}}, [("/site/region", "unknown")]),
    ({"site": None}, [("/site/address", "required")]),
    ({"site": {"address": "x", "region": "shanghai", "latitude": 91}}, [("/site/latitude", "max_value")]),
    ({"site": {"address": "x", "region": "shanghai", "latitude": 1}}, [("/site/longitude", "half")]),
    ({"product": {"model": "perpetuum"}}, [("/product/model", "unknown")]),
    ({"product": {"model": "kfr-35gw", "purchased_on": "2999-01-01"}}, [("/product/purchased_on", "future")]),
    ({"product": {"model": "kfr-35gw", "purchased_on": "yesterday"}}, [("/product/purchased_on", "invalid")]),
    (
        {"wished_windows": [{"start": "2020-01-05T09:00:00Z", "end": "2020-01-05T12:00:00Z"}]},
        [("/wished_windows/0/start", "past")],
    ),
    (
        {"wished_windows": [{"start": "2036-01-05T09:00:00Z", "end": "2036-01-05T08:00:00Z"}]},
        [("/wished_windows/0/end", "order")],
    ),
    (
        {"wished_windows": [{"start": "2036-01-05T09:00:00", "end": "2036-01-05T10:00:00Z"}]},
        [("/wished_windows/0/start", "offset")],
    ),
    ({"wished_windows": [{"start": "2036-01-05T09:00:00Z", "end": "2036-01-05T10:00:00Z"}] * 6}, "wished_windows"),
    ({"visit_needed": "perhaps"}, [("/visit_needed", "invalid")]),
    ({"colour": "blue"}, [("/colour", "unknown_field")]),
    ({"state": "closed", "owner": 1}, [("/owner", "unknown_field"), ("/state", "unknown_field")]),
    ({"customer": {"name": "", "phone": "13800004412", "id/~": 1}}, "both"),
]


@pytest.mark.parametrize(("changes", "named"), WRONG, ids=lambda value: str(value)[:50])
def test_names_each_wrong_field(api, request_body, nothing_left, changes, named):
    body = request_body(**{name: value for name, value in changes.items() if value is not None})
    body = {name: value for name, value in body.items() if name not in changes or changes[name] is not None}
    found = pointers(problem(api.post("/tickets", body), 422, "invalid"))
    if named == "both":
        assert found == [("/customer/id~1~0", "unknown_field"), ("/customer/name", "blank")]
    elif named == "wished_windows":
        assert [pointer for pointer, _code in found] == ["/wished_windows"]
    else:
        assert found == named
    nothing_left()


def test_names_all_wrong_fields_at_once(api, nothing_left):
    found = pointers(problem(api.post("/tickets", {"foo": 1, "customer": {}, "kind": "x"}), 422, "invalid"))
    assert found == [
        ("/customer/name", "required"),
        ("/customer/phone", "required"),
        ("/foo", "unknown_field"),
        ("/kind", "invalid_choice"),
        ("/summary", "required"),
    ]
    nothing_left()


@pytest.mark.parametrize("body", [[], "text", 3, None, True], ids=str)
def test_refuses_a_body_that_is_no_object(api, nothing_left, body):
    found = pointers(problem(api.post("/tickets", json.dumps(body).encode()), 422, "invalid"))
    assert [pointer for pointer, _code in found] == [""]
    nothing_left()


@pytest.mark.parametrize(
    "raw",
    [b"{", b'{"a": NaN}', b"\xff\xfe", b'{"summary": "\\ud800"}', b"[" * 100_000, b"\xef\xbb\xbf{}", b"1" * 5000],
    ids=["open", "NaN", "no UTF-8", "half a pair", "deep", "BOM", "long number"],
)
def test_refuses_what_is_no_json(api, nothing_left, raw):
    problem(api.post("/tickets", raw), 400, "parse_error")
    nothing_left()


def test_refuses_an_external_id_twice(api, rival, request_body):
    api.post("/tickets", request_body(external_id="E-1"))
    body = problem(api.post("/tickets", request_body(external_id="E-1")), 409, "external_id_taken")
    assert pointers(body) == [("/external_id", "external_id_taken")]
    assert [model.objects.count() for model in (Ticket, Event, Clock, IdempotencyKey)] == [1, 1, 3, 1]
    assert rival.post("/tickets", request_body(external_id="E-1")).status_code == 201


def test_writes_in_a_constant_number_of_queries(
    api, request_body, cast: Cast, django_assert_num_queries, remembers_long
):
    cast.user("supervisor")
    api.post("/tickets", request_body())
    new = request_body(customer={"name": "新客户", "phone": "13900001234"})
    # key and time; savepoint; lock and record; lock and telephone; keys; all rows; release
    with django_assert_num_queries(7):
        assert api.post("/tickets", new).status_code == 201
    # known: its name, telephone, site and product are looked for, and whether an older file promise is met now
    with django_assert_num_queries(13):
        assert api.post("/tickets", request_body()).status_code == 201
