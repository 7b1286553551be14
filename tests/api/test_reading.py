"""Reading tickets: …"""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.accounts.roles import Scope
from aftersales.core.time import now
from tests.api.conftest import Api, problem
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk


def _walk(api, path):
    """Every row of a list, page by page, and the number of pages."""
    rows, pages = [], 0
    while path:
        body = api.get(path.removeprefix("http://testserver/api/v1")).json()
        rows += [row["id"] for row in body["results"]]
        path, pages = body["next"], pages + 1
    return rows, pages


@pytest.fixture
def seven(cast: Cast):
    """Seven tickets, all of one moment."""
    return [cast.ticket(by=cast.partner_actor(), summary=f"Nr {n}").pk for n in range(7)]


def test_lists_the_newest_first(api, seven):
    assert _walk(api, "/tickets") == (seven[::-1], 1)


@pytest.mark.parametrize(("limit", "pages"), [(1, 7), (3, 3), (7, 1), (100, 1)])
def test_pages_over_tickets_of_one_moment(api, seven, limit, pages):
    assert _walk(api, f"/tickets?limit={limit}") == (seven[::-1], pages)
    assert _walk(api, f"/tickets?limit={limit}&updated_since=2026-03-04T10:00:00%2B08:00") == (seven, pages)
    assert _walk(api, f"/tickets?limit={limit}&q=Nr") == (seven[::-1], pages)


def test_keeps_the_filters_in_the_next_address(api, seven):
    next_url = api.get("/tickets?limit=3&state=received&state=closed").json()["next"]
    assert next_url.startswith("http://testserver/api/v1/tickets?limit=3&state=received&state=closed&after=")


def test_lists_changes_the_oldest_first(api, seven, cast: Cast):
    at = cast.at + timedelta(hours=1)
    desk.note(seven[2], text="x", by=cast.actor("clerk"), at=at)
    desk.note(seven[0], text="x", by=cast.actor("clerk"), at=at + timedelta(microseconds=1))
    since = at.isoformat().replace("+00:00", "Z")
    assert _walk(api, f"/tickets?updated_since={since}&limit=1")[0] == [seven[2], seven[0]]
    assert _walk(api, "/tickets?updated_since=2026-03-04T03:00:00.000001Z")[0] == [seven[0]]


def test_filters_by_state(api, cast: Cast):
    partner = cast.partner_actor()
    made = {state: cast.ticket_in(state, by=partner).pk for state in ("received", "waiting", "closed")}
    assert _walk(api, "/tickets?state=waiting")[0] == [made["waiting"]]
    assert _walk(api, "/tickets?state=waiting,closed")[0] == [made["closed"], made["waiting"]]
    assert _walk(api, "/tickets?state=waiting&state=received")[0] == [made["waiting"], made["received"]]
    assert _walk(api, "/tickets?state=cancelled")[0] == []


def test_finds_by_the_partners_number(api, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor(), external_id="SO/1 ä")
    cast.ticket(by=cast.partner_actor())
    assert _walk(api, "/tickets?external_id=SO/1%20%C3%A4")[0] == [ticket.pk]


@pytest.mark.parametrize("words", ["4412", "空調", "空调", "24A7F9", "王秀英", "kfr-35gw"])
def test_finds_by_words(api, cast: Cast, words):
    ticket = cast.ticket(by=cast.partner_actor())
    cast.ticket(by=cast.partner_actor(), summary="leak", customer_name="李", phone="13911112222", serial="", model=None)
    assert _walk(api, f"/tickets?q={words}")[0] == [ticket.pk]


def test_lists_fifty_with_as_many_queries_as_one(api, cast: Cast, django_assert_num_queries, remembers_long):
    cast.visited(by=cast.partner_actor())
    api.get("/tickets")
    with django_assert_num_queries(3):  # key, tickets, clocks
        api.get("/tickets")
    for _i in range(5):
        cast.ticket(by=cast.partner_actor())
    with django_assert_num_queries(3):
        assert len(api.get("/tickets").json()["results"]) == 6


def test_reads_one_ticket_in_three_queries(api, cast: Cast, django_assert_num_queries, remembers_long):
    pk = cast.visited(by=cast.partner_actor()).pk
    api.get(f"/tickets/{pk}")
    with django_assert_num_queries(3):
        api.get(f"/tickets/{pk}")


def test_answers_304_to_who_has_it(api, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    tag = api.get(f"/tickets/{ticket.pk}")["ETag"]
    for header in (tag, f'W/{tag}, "77"', "*"):
        answer = api.get(f"/tickets/{ticket.pk}", If_None_Match=header)
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    desk.note(ticket.pk, text="x", by=cast.actor("clerk"))
    assert api.get(f"/tickets/{ticket.pk}", If_None_Match=tag).status_code == 200


# ── timeline ───────────────────────────────────────────────────────────────────────────────────
def test_reads_the_timeline_page_by_page(api, cast: Cast):
    ticket = cast.visited(by=cast.partner_actor())
    events = list(ticket.events.order_by("-pk").values_list("pk", flat=True))
    assert _walk(api, f"/tickets/{ticket.pk}/timeline?limit=2") == (events, -(-len(events) // 2))
    first = api.get(f"/tickets/{ticket.pk}/timeline").json()["results"][-1]
    assert (first["kind"], first["by"]) == ("ticket.registered", {"type": "partner", "name": "Partner ERP"})
    assert (first["from_state"], first["to_state"], first["at"]) == (None, "received", "2026-03-04T02:00:00Z")


def test_keeps_the_houses_own_words_from_a_reader(cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    desk.note(ticket.pk, text="difficult customer", by=cast.actor("clerk"))
    desk.note(ticket.pk, text="from us", by=cast.partner_actor())
    desk.take(ticket.pk, by=cast.actor("clerk"))
    kinds = {}
    for scopes in ([Scope.READ], [Scope.READ, Scope.DESK]):
        rows = Api(cast.key(scopes=scopes)).get(f"/tickets/{ticket.pk}/timeline").json()["results"]
        kinds[len(scopes)] = [(row["kind"], row["data"].get("note")) for row in rows]
    assert kinds[1] == [("ticket.noted", "from us"), ("ticket.registered", None)]
    assert len(kinds[2]) == 4


# ── lists of words ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("language", "name"), [("en", "Shanghai"), ("zh-CN", "上海"), ("zh-HK", "上海"), ("fr, zh-Hant;q=0.5", "上海")]
)
def test_names_regions_in_the_readers_language(api, cast: Cast, language, name):
    assert cast.region
    assert api.get("/regions", Accept_Language=language).json() == {
        "results": [{"code": "shanghai", "name": name, "zone": "Asia/Shanghai", "phone_country": "CN", "home": True}],
        "next": None,
    }


def test_lists_kinds_channels_and_grades(api):
    assert api.get("/kinds").json()["results"][1] == {"code": "repair", "name": "repair"}
    assert api.get("/channels").json()["results"][0] == {"code": "hotline", "name": "hotline"}
    grades = api.get("/grades").json()["results"]
    assert [grade["code"] for grade in grades] == [1, 2, 3, 4]
    assert grades[0]["definition"] == "Does not work at all; or it is dangerous."


def test_lists_product_models_and_technicians(api, cast: Cast):
    assert cast.model
    assert cast.technician
    assert api.get("/product-models").json()["results"] == [
        {
            "code": "kfr-35gw",
            "name": "KFR-35GW air conditioner",
            "line": "appliance",
            "warranty_starts": "purchase",
            "warranty_months": 36,
            "labour_months": 36,
            "parts_months": 36,
            "travel_months": 36,
        }
    ]
    assert api.get("/technicians").json()["results"] == [
        {
            "id": cast.technician.pk,
            "code": "technician",
            "name": "Li Ming",
            "skills": ["cooling"],
            "levels": [{"code": "cooling", "level": 2}],
            "regions": ["shanghai"],
        }
    ]


def test_takes_a_region_that_was_made_a_moment_ago(api, cast: Cast, request_body):
    api.get("/regions")
    site = {"address": "台北", "region": cast.far_region.code}
    body = api.post("/tickets", request_body(site=site)).json()
    assert body["region"] == "taipei"
    assert api.get(f"/tickets/{body['id']}").json()["site"]["region"] == "taipei"


# ── sheet ──────────────────────────────────────────────────────────────────────────────────────
def test_has_no_sheet_before_a_visit(api, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    problem(api.get(f"/tickets/{ticket.pk}/sheet"), 404, "not_found")


def test_asks_to_wait_for_the_sheet(api, cast: Cast):
    ticket = cast.visited(by=cast.partner_actor())
    answer = api.get(f"/tickets/{ticket.pk}/sheet")
    problem(answer, 409, "sheet_not_ready")
    assert answer["Retry-After"] == "5"


def test_gives_the_sheet(api, cast: Cast, settings, tmp_path):
    from django.core.files.base import ContentFile

    settings.MEDIA_ROOT = tmp_path
    ticket = cast.visited(by=cast.partner_actor())
    sheet = ticket.visits.get().sheet
    sheet.pdf.save("x.pdf", ContentFile(b"%PDF-1.7 both copies"))
    sheet.customer_pdf.save("y.pdf", ContentFile(b"%PDF-1.7 sheet"))
    sheet.state = "ready"
    sheet.save()
    answer = api.get(f"/tickets/{ticket.pk}/sheet")
    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("application/pdf", b"%PDF-1.7 sheet")
    assert answer["Content-Disposition"] == f'attachment; filename="{sheet.number}.pdf"'


def test_lists_the_visits(api, cast: Cast):
    ticket = cast.visited(by=cast.partner_actor())
    (row,) = api.get(f"/tickets/{ticket.pk}/visits").json()["results"]
    assert (row["state"], row["technician"], row["checked_in_at"]) == ("completed", "Li Ming", "2026-03-04T04:00:00Z")
    assert row["sheet"] == {"number": ticket.visits.get().sheet.number, "state": "queued", "version": 1}
    assert Ticket.objects.get().updated_at <= now()
