"""The pages of dispatch and visit: who may open them, what they show, and that nothing typed is lost."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import complete, plan, signature
from tickets.models import Ticket
from visits import selectors, selectors_day
from visits.models import Technician, Visit
from visits.selectors import Window

pytestmark = pytest.mark.django_db

ROLES = ["clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin"]
OVERSEERS = {"dispatcher", "supervisor", "manager"}


def sign_in(client: Client, cast: Cast, role: str, name: str = "") -> None:
    client.force_login(cast.actor(role, name).user)  # type: ignore[arg-type]


def soon(cast: Cast, **kwargs: object) -> Ticket:
    """A ticket of now: pages read the real clock."""
    return cast.ticket(at=now() - timedelta(minutes=5), **kwargs)


def slot(hours: float = 3) -> dict[str, str]:
    start = timezone.localtime(now()).replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    return {
        "window_start": start.strftime("%Y-%m-%dT%H:%M"),
        "window_end": (start + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
        "customer_wish": "on",  # this test may run at midnight
    }


# ── who ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", ROLES)
def test_opens_to_the_roles_that_need_it(cast: Cast, client: Client, role: str) -> None:
    visit = plan(cast, cast.ticket())
    sign_in(client, cast, role)
    seen = {path: client.get(path).status_code for path in (
        "/dispatch/", "/my-day/", f"/visits/{visit.pk}/", f"/visits/{visit.pk}/order/",
        f"/tickets/{visit.ticket.number}/visits/")}  # fmt: skip
    over, tech = role in OVERSEERS, role == "technician"
    reads = role not in ("admin",)
    assert list(seen.values()) == [
        200 if over else 403,
        200 if tech else 403,
        200 if over or tech else 403,
        200 if reads else 404,
        200 if reads else 403,
    ]


def test_shows_a_visit_to_its_own_technician_only(cast: Cast, client: Client) -> None:
    visit = plan(cast, cast.ticket())
    sign_in(client, cast, "technician", "Wang")
    for path in ("", "order/", "sheet.pdf"):
        assert client.get(f"/visits/{visit.pk}/{path}").status_code == 404
    for path in ("set-out", "check-in", "report", "sheet/again"):
        assert client.post(f"/visits/{visit.pk}/{path}/").status_code == 404
    assert client.get(f"/tickets/{visit.ticket.number}/visits/").status_code == 404
    visit.refresh_from_db()
    assert visit.state == "planned"


def test_sends_strangers_to_sign_in(client: Client) -> None:
    for path in ("/dispatch/", "/my-day/", "/visits/1/", "/visits/1/sheet.pdf"):
        assert client.get(path).status_code == 302


def test_leads_back_to_the_form_whoever_opens_the_address_it_is_sent_to(cast: Cast, client: Client) -> None:
    visit = plan(cast, cast.ticket())
    sign_in(client, cast, "manager")
    number = visit.ticket.number
    for path, page in (
        (f"/visits/{visit.pk}/report/", f"/visits/{visit.pk}/"),
        (f"/visits/{visit.pk}/check-in/", f"/visits/{visit.pk}/"),
        (f"/visits/{visit.pk}/move/", f"/dispatch/?visit={visit.pk}"),
        (f"/dispatch/{number}/plan/", f"/dispatch/?ticket={number}"),
        (f"/dispatch/{number}/sign/", "/dispatch/?show=sign"),
    ):
        assert client.get(path)["Location"] == page
    visit.refresh_from_db()
    assert visit.state == "planned"


# ── dispatch ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R22")
def test_lists_what_needs_a_visit_by_its_promise(cast: Cast, client: Client) -> None:
    later = cast.ticket(at=cast.at + timedelta(hours=2))
    first = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    planned = cast.ticket(phone="139 0000 0002", customer_name="周", serial="ZZ-2")
    plan(cast, planned)
    none = cast.ticket(phone="139 0000 0003", customer_name="吴", serial="ZZ-3", visit_needed=False)
    sign_in(client, cast, "dispatcher")
    page = client.get("/dispatch/")
    assert [row.ticket for row in page.context["rows"]] == [first, later]
    assert none.number not in page.content.decode()


def test_asks_the_database_the_same_for_any_number_of_rows(
    cast: Cast, client: Client, django_assert_max_num_queries: object
) -> None:
    sign_in(client, cast, "dispatcher")

    def count() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            assert client.get("/dispatch/").status_code == 200
        return len(queries)

    def add(number: int) -> None:
        at = now()
        for index in range(number):
            serial = f"Q{Ticket.objects.count()}"
            ticket = cast.ticket(
                phone=f"138 1111 {Ticket.objects.count():04}", customer_name=serial, serial=serial, at=at
            )
            if index % 2:
                person = cast.user("technician", serial)
                Technician.objects.get_or_create(user=person)
                start = at + timedelta(hours=1)
                window = {"window_start": start, "window_end": start + timedelta(hours=1)}
                plan(cast, ticket, technician=person, **window, at=at, customer_wish=True)

    add(2)
    few = count()
    add(10)
    assert count() == few <= 25


def test_plans_from_the_page(cast: Cast, client: Client) -> None:
    ticket = soon(cast)
    assert cast.technician
    sign_in(client, cast, "dispatcher")
    page = client.get(f"/dispatch/?ticket={ticket.number}")
    form = page.context["form"]
    assert form["technician"].value() == "technician"
    answer = client.post(
        f"/dispatch/{ticket.number}/plan/", {**slot(), "technician": "technician", "version": ticket.version}
    )
    assert answer.status_code == 302
    assert Visit.objects.get().ticket == ticket


def test_says_on_the_page_who_is_there_and_keeps_what_was_typed(cast: Cast, client: Client) -> None:
    first, second = soon(cast), soon(cast, phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    assert cast.technician
    sign_in(client, cast, "dispatcher")
    for ticket in (first, second):
        answer = client.post(
            f"/dispatch/{ticket.number}/plan/",
            {**slot(), "technician": "technician", "note": "bring a ladder", "version": ticket.version},
        )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert Visit.objects.get().order_number in page
    assert "bring a ladder" in page
    fragment = client.post(
        f"/dispatch/{second.number}/plan/",
        {**slot(), "technician": "technician", "version": second.version},
        headers={"HX-Request": "true", "HX-Target": "board"},
    )
    assert fragment.status_code == 409
    assert "<html" not in fragment.content.decode()


@pytest.mark.parametrize("typed", [{}, {"technician": "clerk"}, {"window_start": "soon"}, {"version": "x"}])
def test_names_what_is_wrong_in_a_plan(cast: Cast, client: Client, typed: dict[str, str]) -> None:
    ticket = soon(cast)
    assert cast.technician
    sign_in(client, cast, "dispatcher")
    data = {**slot(), "technician": "technician", "version": ticket.version, **typed} if typed else {}
    answer = client.post(f"/dispatch/{ticket.number}/plan/", data)
    assert answer.status_code in (409, 422)
    assert "data-form-errors" in answer.content.decode()
    assert not Visit.objects.exists()


def test_moves_and_calls_off_from_the_page(cast: Cast, client: Client) -> None:
    ticket = soon(cast)
    assert cast.technician
    sign_in(client, cast, "dispatcher")
    client.post(f"/dispatch/{ticket.number}/plan/", {**slot(30), "technician": "technician", "version": 1})
    visit = Visit.objects.get()
    ticket.refresh_from_db()
    assert "D2" in client.get(f"/dispatch/?visit={visit.pk}").content.decode()
    moved = client.post(
        f"/visits/{visit.pk}/move/",
        {**slot(32), "technician": "technician", "reason": "traffic", "version": ticket.version},
    )
    assert moved.status_code == 302
    stale = client.post(f"/visits/{visit.pk}/call-off/", {"off-reason": "flood", "version": ticket.version})
    assert stale.status_code == 409
    assert "flood" in stale.content.decode()
    ticket.refresh_from_db()
    assert (
        client.post(f"/visits/{visit.pk}/call-off/", {"off-reason": "", "version": ticket.version}).status_code == 422
    )
    done = client.post(f"/visits/{visit.pk}/call-off/", {"off-reason": "flood", "version": ticket.version})
    assert done.status_code == 302
    visit.refresh_from_db()
    assert visit.state == "cancelled"


@pytest.mark.rule("R20")
def test_lets_the_manager_sign_from_the_list(cast: Cast, client: Client) -> None:
    ticket = soon(cast, kind="installation", channel="sales")
    sign_in(client, cast, "dispatcher")
    page = client.get(f"/dispatch/?ticket={ticket.number}").content.decode()
    assert "to be signed" in page
    assert "The manager signs an installation order before anyone is sent." in page
    assert client.post(f"/dispatch/{ticket.number}/sign/", {"version": 1}).status_code == 403
    sign_in(client, cast, "manager")
    assert [row.ticket for row in client.get("/dispatch/?show=sign").context["rows"]] == [ticket]
    client.post(f"/dispatch/{ticket.number}/sign/", {"version": 1})
    ticket.refresh_from_db()
    assert ticket.dispatch_approved_by == cast.user("manager")
    assert client.get("/dispatch/?show=sign").context["rows"] == []


@pytest.mark.parametrize(
    "query",
    [
        "?day=2026-13-45",
        "?day=9999-12-31",
        "?day=0001-01-01",
        "?visit=x",
        "?after=x",
        "?start=x&end=y&region=nowhere",
        "?ticket=T20260101-00001",
        "?visit=99999999999999999999",
        "?visit=12",
    ],
)
def test_answers_nonsense_calmly(cast: Cast, client: Client, query: str) -> None:
    sign_in(client, cast, "dispatcher")
    assert client.get(f"/dispatch/{query}").status_code in (200, 404, 422)


def test_pages_the_list_by_key(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from visits.views import dispatch as views

    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    tickets = [cast.ticket(phone=f"138 2222 000{n}", customer_name=f"c{n}", serial=f"P{n}") for n in range(3)]
    sign_in(client, cast, "dispatcher")
    first = client.get("/dispatch/")
    rest = client.get("/dispatch/" + first.context["page"].next_url)
    assert [row.ticket for page in (first, rest) for row in page.context["rows"]] == tickets


# ── whom to send, when ─────────────────────────────────────────────────────────────────────────
def test_proposes_the_wish_first_then_the_next_free_time_of_who_fits(cast: Cast) -> None:
    from tickets.services.intake import Window as Wish

    wish = Wish(cast.at + timedelta(hours=28), cast.at + timedelta(hours=30))
    ticket = selectors.ticket_to_plan(cast.ticket(wished_windows=[wish]).number)
    assert ticket is not None
    assert cast.technician
    assert selectors.propose(ticket, selectors.candidates(ticket), cast.at) == (Window(wish.start, wish.end), True)
    plain = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    plan(cast, plain, 1, 2)
    other = selectors.ticket_to_plan(cast.ticket(phone="139 0000 0002", customer_name="周", serial="ZZ-2").number)
    assert other is not None
    people = selectors.candidates(other)
    selectors.learn_bookings(people, cast.at, cast.at + selectors.LOOK_AHEAD)
    start = cast.at + timedelta(hours=3)
    assert selectors.propose(other, people, cast.at) == (Window(start, start + timedelta(hours=2)), False)


def test_puts_who_can_and_is_near_and_free_on_top(cast: Cast) -> None:
    wang = cast.user("technician", "Wang")
    Technician.objects.create(user=wang, skills={"washing": 2})
    taken = cast.ticket()
    plan(cast, taken)
    ticket = selectors.ticket_to_plan(cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="Z").number)
    assert ticket is not None
    window = Window(cast.at + timedelta(hours=2), cast.at + timedelta(hours=4))
    day = timezone.localdate(cast.at)
    people = selectors.weigh(selectors.candidates(ticket), window, selectors_day.visits_on(day))
    assert [(one.user.name, one.skill_fits, one.region_fits) for one in people] == [
        ("Li Ming", True, True),
        ("Technician Wang" if wang.name.startswith("Technician") else wang.name, False, False),
    ]
    assert people[0].clash is not None
    assert people[0].clash.ticket == taken


def test_lays_out_the_day_in_quarters(cast: Cast) -> None:
    visit = plan(cast, cast.ticket(), 2, 1.5, customer_wish=True)  # 12:00 to 13:30 in Shanghai
    day = timezone.localdate(cast.at)
    people = selectors.candidates()
    table = selectors_day.day_table(day, people, selectors_day.visits_on(day), cast.at)
    cells = table.rows[0].cells
    assert [(cell.columns, cell.visit, cell.bookable) for cell in cells] == [
        (16, None, True),
        (6, visit, False),
        (26, None, True),
    ]
    assert cells[0].start == cast.at  # what is over cannot be booked
    assert sum(cell.columns for cell in cells) == 4 * len(table.hours)


# ── the telephone pages ────────────────────────────────────────────────────────────────────────
def test_shows_the_next_visit_first_and_what_was_left_open_above(cast: Cast, client: Client) -> None:
    old = plan(cast, cast.ticket())  # in March, never finished
    at = now()
    today = soon(cast, phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    start = min(at + timedelta(minutes=10), selectors.bounds(timezone.localdate(at)).end - timedelta(minutes=20))
    wish = {"customer_wish": True}  # at whatever hour this runs
    at_once = at - timedelta(minutes=1)
    plan(cast, today, window_start=start, window_end=start + timedelta(minutes=30), at=at_once, **wish)
    later = soon(cast, phone="139 0000 0002", customer_name="周", serial="ZZ-2")
    plan(cast, later, window_start=at + timedelta(days=2), window_end=at + timedelta(days=2, hours=1), at=at, **wish)
    sign_in(client, cast, "technician")
    page = client.get("/my-day/")
    days = page.context["days"]
    assert [[visit.ticket for visit in part] for part in (days.unfinished, days.today, days.later)] == [
        [old.ticket],
        [today],
        [later],
    ]
    text = page.content.decode()
    assert 'href="tel:+8613800004412"' in text
    assert 'href="geo:0,0?q=' in text


def test_takes_a_visit_from_the_way_to_the_signature(cast: Cast, client: Client) -> None:
    ticket = soon(cast)
    at = now()
    visit = plan(cast, ticket, window_start=at, window_end=at + timedelta(hours=2), at=at, customer_wish=True)
    sign_in(client, cast, "technician")
    address = f"/visits/{visit.pk}/"
    for step, version, state in (("set-out", 1, "en_route"), ("check-in", 2, "on_site")):
        for _tap in range(2):
            assert client.post(f"{address}{step}/", {"version": version}).status_code == 302
            visit.refresh_from_db()
            assert visit.state == state
    report = {
        "finding": "泄漏",
        "work_done": "更换",
        "solved": "true",
        "satisfaction": "5",
        "signature": signature(),
        "version": 3,
    }
    wrong = client.post(f"{address}report/", report)
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "泄漏" in page
    assert report["signature"] in page
    for _tap in range(2):
        assert client.post(f"{address}report/", {**report, "signer_name": "王秀英"}).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.signer_name) == ("completed", "王秀英")
    assert ticket.events.filter(kind="ticket.visit_completed").count() == 1


@pytest.mark.rule("R32")
def test_asks_for_the_reason_of_a_typed_signature_and_shows_both(cast: Cast, client: Client) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    sign_in(client, cast, "technician")
    report = {"finding": "泄漏", "work_done": "更换", "solved": "true", "typed_signature": "王秀英", "version": 2}
    wrong = client.post(f"/visits/{visit.pk}/report/", report)
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["unsigned_reason"])
    assert 'id="not-drawn" open' in wrong.content.decode()
    done = client.post(f"/visits/{visit.pk}/report/", {**report, "unsigned_reason": "屏幕损坏"})
    assert done.status_code == 302
    page = client.get(f"/visits/{visit.pk}/").content.decode()
    assert "typed, because: 屏幕损坏" in page


@pytest.mark.parametrize(
    "drawn",
    ["data:image/png;base64,AAAA", "x" * 400_001, "data:image/svg+xml;base64,PHN2Zy8+"],
    ids=["broken", "huge", "svg"],
)
def test_names_a_signature_that_cannot_be_read(cast: Cast, client: Client, drawn: str) -> None:
    ticket = cast.ticket_in("visiting")
    visit = ticket.visits.get()
    sign_in(client, cast, "technician")
    answer = client.post(
        f"/visits/{visit.pk}/report/",
        {
            "finding": "泄漏",
            "work_done": "更换",
            "solved": "true",
            "signature": drawn,
            "signer_name": "王",
            "version": 2,
        },
    )
    assert answer.status_code == 422
    assert "signature" in answer.context["form"].errors


def test_tells_a_technician_whose_visit_was_called_off(cast: Cast, client: Client) -> None:
    from visits.services import dispatch

    ticket = cast.ticket()
    visit = plan(cast, ticket)
    at, by = cast.at + timedelta(hours=1), cast.actor("dispatcher")
    dispatch.cancel_visit(ticket.pk, reason="flood", customer_wish=True, by=by, at=at)
    sign_in(client, cast, "technician")
    assert client.post(f"/visits/{visit.pk}/check-in/", {"version": 1}, follow=True).status_code in (200, 404)
    page = client.get(f"/visits/{visit.pk}/").content.decode()
    assert "This visit was called off." in page
    assert "flood" in page


def test_shows_what_was_done_before_on_the_product(cast: Cast, client: Client) -> None:
    first = cast.ticket_in("visiting")
    complete(cast, first)
    again = cast.ticket(customer=first.customer, customer_name="", phone="", site=first.site, product=first.product,
                        address="", model=None, serial="", at=cast.at + timedelta(hours=5))  # fmt: skip
    visit = plan(cast, again, 6, at=cast.at + timedelta(hours=5))
    sign_in(client, cast, "technician")
    assert "更换接头" in client.get(f"/visits/{visit.pk}/").content.decode()


def test_serves_the_panel_of_the_ticket_as_fragment_and_page(cast: Cast, client: Client) -> None:
    visit = plan(cast, cast.ticket())
    sign_in(client, cast, "dispatcher")
    address = f"/tickets/{visit.ticket.number}/visits/"
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert visit.order_number in fragment
    assert "<html" not in fragment
    assert "<html" in client.get(address).content.decode()


# ── what is done during a visit ────────────────────────────────────────────────────────────────
def planned(cast: Cast) -> Visit:
    start = now() + timedelta(hours=1)
    window = {"window_start": start, "window_end": start + timedelta(hours=2)}
    return plan(cast, soon(cast), **window, at=now(), customer_wish=True)


def test_does_a_command_of_the_visit_by_its_name(cast: Cast, client: Client) -> None:
    visit = planned(cast)
    sign_in(client, cast, "technician")
    answer = client.post(f"/visits/{visit.pk}/do/set_out/", {"version": visit.version})
    assert (answer.status_code, answer["Location"]) == (302, f"/visits/{visit.pk}/#set_out")
    visit.refresh_from_db()
    assert visit.state == "en_route"


def test_refuses_a_command_for_what_was_not_seen(cast: Cast, client: Client) -> None:
    visit = planned(cast)
    sign_in(client, cast, "technician")
    assert client.post(f"/visits/{visit.pk}/do/set_out/", {"version": 7}).status_code == 409
    visit.refresh_from_db()
    assert visit.state == "planned"


@pytest.mark.parametrize("name", ["plan_visit", "close", "nothing"])
def test_knows_only_commands_of_a_visit(cast: Cast, client: Client, name: str) -> None:
    visit = planned(cast)
    sign_in(client, cast, "technician")
    assert client.post(f"/visits/{visit.pk}/do/{name}/", {"version": visit.version}).status_code == 404
