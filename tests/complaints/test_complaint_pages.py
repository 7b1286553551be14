"""The pages of complaints: registering, the worklists, one complaint, its verbs, the customer's link."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from aftersales.core.time import now
from complaints.models import Complaint
from complaints.services import settling
from tests.complaints.helpers import HOUR, WORDS, complain, in_state, start
from tests.people import Cast
from tests.visits.helpers import ahead_with_link
from tickets.models import Event

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def signed_in(client: Client, cast: Cast, role: str) -> Client:
    user = cast.actor(role).user
    assert user
    client.force_login(user)
    return client


@pytest.mark.rule("R40", "R47")
def test_is_registered_from_a_ticket(cast: Cast, client: Client) -> None:
    ticket = cast.visited()
    signed_in(client, cast, "clerk")
    panel = client.get(f"/tickets/{ticket.number}/complaints/", headers=HTMX).content.decode()
    assert f"/tickets/{ticket.number}/complain/" in panel
    until = timezone.localtime(now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    answer = client.post(
        f"/tickets/{ticket.number}/complain/",
        {"words": WORDS, "against": "visit", "visit": ticket.visits.get().pk, "sought": "repair",
         "channel": "hotline", "told": "on", "expected_at": until},
    )  # fmt: skip
    made = Complaint.objects.get()
    assert answer["Location"] == f"/complaints/{made.pk}/"
    assert (made.state, made.visit, made.expected_at is not None) == ("acknowledged", ticket.visits.get(), True)
    page = client.get(answer["Location"]).content.decode()
    assert WORDS in page
    assert made.number in page
    assert f"/complaints/{made.pk}/" in client.get("/complaints/").content.decode()


def test_errors_keep_what_was_typed(cast: Cast, client: Client) -> None:
    ticket = cast.visited()
    signed_in(client, cast, "clerk")
    answer = client.post(f"/tickets/{ticket.number}/complain/", {"words": "", "against": "gold", "sought": "repair"})
    assert answer.status_code == 422
    assert {"words", "against", "channel"} <= set(answer.context["form"].errors)
    past = {"words": WORDS, "against": "service", "sought": "none", "channel": "hotline", "told": "on",
            "expected_at": "2020-01-01T10:00"}  # fmt: skip
    answer = client.post(f"/tickets/{ticket.number}/complain/", past)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["expected_at"])
    assert WORDS in answer.content.decode()
    assert not Complaint.objects.exists()


def test_is_taken_without_a_ticket(cast: Cast, client: Client) -> None:
    cast.user("supervisor")
    signed_in(client, cast, "archivist")
    heard = {"words": "电话没人接", "customer_name": "赵敏", "phone": "13900001111", "against": "service",
             "sought": "apology", "channel": "walk_in"}  # fmt: skip
    answer = client.post("/complaints/new/", heard)
    made = Complaint.objects.get()
    assert answer["Location"] == f"/complaints/{made.pk}/"
    assert (made.sought, made.ticket.kind, made.ticket.customer.name) == ("apology", "complaint", "赵敏")
    unknown = client.post("/complaints/new/", {**heard, "ticket_number": "T20200101-00001"})
    assert (unknown.status_code, list(unknown.context["form"].errors)) == (422, ["ticket_number"])


def test_verbs_are_done_in_a_dialog(cast: Cast, client: Client) -> None:
    made = complain(cast)
    signed_in(client, cast, "officer")
    form = client.get(f"/complaints/{made.pk}/do/grade/", headers=HTMX)
    assert b"<!DOCTYPE" not in form.content
    posted = {"version": made.version, "complaint_class": "2", "reason": "calls again"}
    answer = client.post(f"/complaints/{made.pk}/do/grade/", posted, headers=HTMX)
    assert answer["HX-Redirect"] == f"/complaints/{made.pk}/"
    stale = client.post(f"/complaints/{made.pk}/do/grade/", posted, headers=HTMX)
    assert stale.status_code == 409
    empty = client.post(f"/complaints/{made.pk}/do/find/", {"version": made.version + 1}, headers=HTMX)
    assert (empty.status_code, set(empty.context["form"].errors)) == (422, {"finding", "cause"})
    assert client.get(f"/complaints/{made.pk}/do/nothing/").status_code == 404


def test_a_photograph_is_written_anew(cast: Cast, client: Client) -> None:
    made = complain(cast)
    signed_in(client, cast, "clerk")
    raw = io.BytesIO()
    Image.new("RGB", (400, 300), "red").save(raw, "PNG")
    raw.seek(0)
    raw.name = "../../evil.html"
    address = f"/complaints/{made.pk}/do/add_evidence/"
    client.post(address, {"version": made.version, "text": "the leak", "picture": raw})
    entry = made.entries.get()
    shown = client.get(f"/complaints/{made.pk}/evidence/{entry.pk}.jpg")
    assert (shown["Content-Type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")
    text = io.BytesIO(b"<script>alert(1)</script>")
    text.name = "x.jpg"
    refused = client.post(address, {"version": made.version + 1, "text": "x", "picture": text})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["picture"])
    assert made.entries.count() == 1


def test_nothing_is_executed(cast: Cast, client: Client) -> None:
    made = complain(cast, words='<script>alert(1)</script> =HYPERLINK("x")')
    signed_in(client, cast, "officer")
    for address in (f"/complaints/{made.pk}/", "/complaints/", f"/tickets/{made.ticket.number}/complaints/"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_lists_by_what_waits(cast: Cast, client: Client) -> None:
    first = complain(cast)
    second = in_state(cast, "closed", ticket=cast.visited(serial="S2", phone="13700000002", customer_name="李雷"))
    third = complain(
        cast, ticket=cast.visited(serial="S3", phone="13700000003", customer_name="韩梅"), by="officer",
        words="我已向12315投诉", at=start(cast) + HOUR,
    )  # fmt: skip
    signed_in(client, cast, "officer")

    def shown(query: str) -> list[int]:
        return [row.pk for row in client.get(f"/complaints/{query}").context["page"].rows]

    assert shown("") == [first.pk, third.pk]
    assert shown("?show=mine") == [third.pk]
    assert shown("?show=grave") == [third.pk]
    assert shown("?show=closed") == [second.pk]
    assert shown("?show=all&verdict=upheld") == [second.pk]
    assert shown("?show=all&technician=technician") == [third.pk, second.pk, first.pk]
    assert shown("?show=all&cause=gold") == []
    assert shown("?show=all&from=2026-03-07") == []
    assert shown("?show=all&from=rubbish&until=2026-03-06&class=3") == [third.pk]


def test_a_list_costs_the_same_for_one_and_many(cast: Cast, client: Client, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    signed_in(client, cast, "officer")
    for number in range(6):
        complain(
            cast, ticket=cast.visited(serial=f"S{number}", phone=f"1370000010{number}", customer_name=f"客{number}")
        )
    client.get("/complaints/")
    with django_assert_max_num_queries(9):
        assert client.get("/complaints/").status_code == 200
    with django_assert_max_num_queries(22):
        assert client.get(f"/complaints/{Complaint.objects.first().pk}/").status_code == 200  # type: ignore[union-attr]


@pytest.mark.rule("R75")
def test_a_technician_sees_those_about_him_alone(cast: Cast, client: Client) -> None:
    mine = complain(cast)
    other = complain(cast, visit=None, ticket=cast.visited(serial="S2", phone="13700000002", customer_name="李雷"))
    signed_in(client, cast, "technician")
    assert [row.pk for row in client.get("/complaints/").context["page"].rows] == [mine.pk]
    assert client.get(f"/complaints/{other.pk}/").status_code == 404
    page = client.get(f"/complaints/{mine.pk}/").content.decode()
    assert f"/complaints/{mine.pk}/do/give_statement/" in page
    assert "13800004412" not in page.replace(" ", "")  # no customer's number


@pytest.mark.rule("R40", "R43")
def test_the_customer_complains_and_answers_by_link(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visit_planned")
    token = ahead_with_link(cast, ticket)
    address = f"/v/{token}/complaint/"
    assert client.get(address).status_code == 200
    assert address in client.get(f"/v/{token}/").content.decode()
    assert client.post(address, {"words": ""}).status_code == 422
    client.post(address, {"words": "Nobody called me", "sought": "apology"})
    made = Complaint.objects.get()
    assert (made.door, made.channel, made.registered_by) == ("link", "website", None)
    client.post(f"{address}more/", {"version": made.version, "text": "twice"})
    assert made.entries.get().text == "twice"
    settle(cast, made)
    page = client.get(address).content.decode()
    assert f"{address}accept/" in page
    stale = client.post(f"{address}accept/", {"version": 1})
    assert stale.status_code == 409
    client.post(f"{address}accept/", {"version": Complaint.objects.get().version})
    found = Complaint.objects.get()
    assert (found.state, found.informed_at is not None) == ("remedied", True)
    assert client.post(f"{address}grade/", {"version": found.version}).status_code == 404


def settle(cast: Cast, made: Complaint) -> None:
    from complaints.services import handling

    officer = cast.actor("officer")
    handling.investigate(made.pk, by=officer)
    handling.find(made.pk, finding="forgotten", cause="unreachable", by=officer)
    settling.propose(made.pk, verdict="upheld", remedy="none", by=officer)
    assert Event.objects.filter(kind="complaint.decided").exists()
