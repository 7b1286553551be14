"""Follow-up plans, maintenance reminders, campaigns and letters: each comes at its date, once, and is registered."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.customers.models import Customer
from complaints import paper_calls, printing, tasks
from complaints.models import Callback, Campaign, FollowUpPlan, Invitation, InvitationCall, Letter, LetterRun
from complaints.models.plan import later
from complaints.services import callback, invitation, letter, plan
from complaints.services import calling as rules
from tests.complaints.test_calling import HELD
from tests.people import Cast
from tickets.models import OutboxMessage, Ticket
from tickets.services import desk
from visits.models import Paper
from visits.services import paper as papers
from visits.states import PaperKind

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def morning(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 22, 30, tzinfo=UTC) - DAY  # 06:30 in Shanghai


def installed(cast: Cast) -> FollowUpPlan:
    """A product that was installed on 4 March 2026."""
    return FollowUpPlan.objects.get(ticket=cast.visited(kind="installation"))


# ── plans ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R61")
def test_an_installation_begins_a_plan_and_a_repair_does_not(cast: Cast) -> None:
    assert not FollowUpPlan.objects.filter(ticket=cast.visited(phone="139 0000 0001", serial="S1")).exists()
    begun = FollowUpPlan.objects.get(ticket=cast.visited(kind="installation", phone="139 0000 0002", serial="S2"))
    assert (begun.starts_on, begun.next_on, begun.state) == (date(2026, 3, 4), date(2026, 4, 4), "active")


@pytest.mark.rule("R61")
def test_calls_monthly_in_the_first_year_and_then_quarterly(cast: Cast) -> None:
    begun = installed(cast)
    dates = [begun.date_of(step) for step in range(1, 16)]
    assert dates[:2] == [date(2026, 4, 4), date(2026, 5, 4)]
    assert dates[11:] == [date(2027, 3, 4), date(2027, 6, 4), date(2027, 9, 4), date(2027, 12, 4)]
    assert later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert later(date(2027, 11, 30), 3) == date(2028, 2, 29)


@pytest.mark.rule("R61")
def test_owes_each_call_once_with_its_promise_on_the_closed_ticket(cast: Cast) -> None:
    begun = installed(cast)
    assert plan.call_due(at=morning(2026, 4, 3)) == 0
    assert plan.call_due(at=morning(2026, 4, 4)) == 1
    assert plan.call_due(at=morning(2026, 4, 4) + timedelta(hours=1)) == 0
    owed = Callback.objects.get(kind="plan")
    assert (owed.plan, owed.plan_on, owed.opens_at) == (begun, date(2026, 4, 4), morning(2026, 4, 4))
    clock = begun.ticket.clocks.get(target="follow_up")
    assert (clock.state, clock.due_at, clock.policy.rule) == ("running", owed.due_at, "R61")
    assert owed.due_at == datetime(2026, 4, 11, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai, a week later
    begun.refresh_from_db()
    assert (begun.step, begun.next_on) == (2, date(2026, 5, 4))
    assert plan.call_due(at=morning(2026, 5, 4)) == 0  # the earlier one is owed still: one call serves both
    callback.record_attempt(
        owed.pk, outcome="satisfied", by=cast.actor("clerk"), at=morning(2026, 5, 4) + timedelta(hours=4)
    )
    clock.refresh_from_db()
    assert (clock.state, clock.breached_at) == ("met", owed.due_at)
    assert plan.call_due(at=morning(2026, 6, 4)) == 1


@pytest.mark.rule("R61")
def test_a_house_that_stood_still_calls_once(cast: Cast) -> None:
    begun = installed(cast)
    assert plan.call_due(at=morning(2026, 8, 10)) == 1
    begun.refresh_from_db()
    assert begun.next_on == date(2026, 9, 4)
    assert Callback.objects.get(kind="plan").plan_on == date(2026, 8, 4)


@pytest.mark.rule("R61")
def test_a_plan_survives_the_reopening_of_its_ticket(cast: Cast) -> None:
    begun = installed(cast)
    plan.call_due(at=morning(2026, 4, 4))
    desk.reopen(begun.ticket_id, reason="x", by=cast.actor("clerk"), at=morning(2026, 4, 5))
    assert Callback.objects.get(kind="plan").state == "owed"
    assert begun.ticket.clocks.get(target="follow_up").state == "running"


@pytest.mark.rule("R61")
def test_is_paused_resumed_and_ended_with_a_reason(cast: Cast) -> None:
    begun, clerk = installed(cast), cast.actor("clerk")
    for verb, state in (("pause", "paused"), ("resume", "active"), ("end", "ended")):
        if verb != "resume":
            with pytest.raises(Invalid):
                plan.change(begun.pk, verb, reason=" ", by=clerk)
        changed = plan.change(begun.pk, verb, reason="abroad", by=clerk, at=morning(2026, 7, 1))
        assert changed.state == state
    assert changed.next_on == date(2026, 7, 4)  # what fell into the pause is not made up for
    with pytest.raises(NotAllowed):
        plan.change(begun.pk, "resume", by=clerk)
    with pytest.raises(Forbidden):
        plan.change(begun.pk, "end", reason="x", by=cast.actor("archivist"))
    assert plan.call_due(at=morning(2026, 8, 4)) == 0


@pytest.mark.rule("R61")
def test_leaves_out_what_is_not_in_the_sample(cast: Cast) -> None:
    begun = installed(cast)
    rules.change(**{**HELD, "plan_percent": 0}, reason="few callers", by=cast.actor("supervisor"))
    assert plan.call_due(at=morning(2026, 4, 4)) == 0
    begun.refresh_from_db()
    assert begun.next_on == date(2026, 5, 4)


@pytest.mark.rule("R67")
@pytest.mark.rule("R68")
def test_gives_the_calls_to_its_person_but_never_to_who_installed_it(cast: Cast) -> None:
    begun, boss = installed(cast), cast.actor("supervisor")
    technician = cast.technician
    technician.role = "clerk"
    technician.save()
    with pytest.raises(Invalid) as refused:
        plan.assign(begun.pk, person=technician, by=boss)
    assert refused.value.rule == "R68"
    plan.assign(begun.pk, person=cast.user("officer"), by=boss)
    plan.call_due(at=morning(2026, 4, 4))
    assert Callback.objects.get(kind="plan").assigned_to == cast.user("officer")


def test_shows_and_changes_the_plan_on_its_page(cast: Cast, client: Client) -> None:
    begun = installed(cast)
    client.force_login(cast.user("supervisor"))
    customer = begun.product.customer_id
    assert str(begun.product) in client.get(f"/customers/{customer}/plans/").content.decode()
    page = f"/callbacks/plans/{begun.pk}/"
    assert "2026-04-04" in client.get(page).content.decode()
    assert client.post(page, {"do": "pause", "reason": "", "version": begun.version}).status_code == 422
    assert client.post(page, {"do": "pause", "reason": "x", "version": 0}).status_code == 409
    assert client.post(page, {"do": "nothing", "reason": "x", "version": begun.version}).status_code == 404
    assert client.post(page, {"do": "pause", "reason": "x", "version": begun.version}).status_code == 302
    begun.refresh_from_db()
    assert begun.state == "paused"


# ── reminders ──────────────────────────────────────────────────────────────────────────────────
def maintained(cast: Cast, on: date) -> Customer:
    customer = cast.ticket().customer
    Customer.objects.filter(pk=customer.pk).update(next_maintenance_on=on)
    return customer


@pytest.mark.rule("R65")
def test_reminds_of_the_next_maintenance_two_weeks_before_once(cast: Cast) -> None:
    customer = maintained(cast, date(2026, 4, 20))
    assert invitation.remind_of_maintenance(at=morning(2026, 4, 5)) == 0
    assert invitation.remind_of_maintenance(at=morning(2026, 4, 6)) == 1
    assert invitation.remind_of_maintenance(at=morning(2026, 4, 7)) == 0
    row = Invitation.objects.get()
    assert (row.customer, row.on, row.state) == (customer, date(2026, 4, 20), "call")
    assert row.due_at == morning(2026, 4, 9)
    clerk = cast.actor("clerk")
    invitation.record_call(row.pk, outcome="not_reached", by=clerk, at=morning(2026, 4, 7))
    row.refresh_from_db()
    assert (row.state, row.attempts_made) == ("call", 1)
    invitation.record_call(row.pk, outcome="reached", by=clerk, at=morning(2026, 4, 8))
    row.refresh_from_db()
    assert (row.state, row.ended_at) == ("done", morning(2026, 4, 8))
    assert InvitationCall.objects.count() == 2
    with pytest.raises(NotAllowed):
        invitation.record_call(row.pk, outcome="reached", by=clerk)


@pytest.mark.rule("R65")
def test_writes_to_who_was_not_reached_in_their_language(cast: Cast) -> None:
    maintained(cast, date(2026, 4, 20))
    invitation.remind_of_maintenance(at=morning(2026, 4, 6))
    row = Invitation.objects.get()
    at = morning(2026, 4, 7)
    invitation.record_call(row.pk, outcome="by_letter", by=cast.actor("clerk"), at=at)
    row.refresh_from_db()
    assert (row.state, row.due_at) == ("letter", at + 2 * DAY)
    (made,) = invitation.write_letters([row.pk], by=cast.actor("clerk"), at=at + DAY)
    assert (made.kind, made.subject, made.address) == ("maintenance", "保养提醒", "浦东大道1号")
    assert "2026年4月20日" in made.text
    row.refresh_from_db()
    assert (row.state, row.letter) == ("done", made)


# ── campaigns ──────────────────────────────────────────────────────────────────────────────────
def invite(cast: Cast, **given: object) -> Campaign:
    texts = {"text_en": "Come", "text_zh_hans": "欢迎光临", "text_zh_hant": "歡迎光臨"}
    what = {"name": "Open day", "on": date(2026, 5, 20), "by": cast.actor("supervisor"), "at": cast.at, **texts}
    return invitation.plan_campaign(**{**what, **given})  # type: ignore[arg-type]


@pytest.mark.rule("R66")
def test_makes_the_call_list_two_weeks_ahead_for_whom_it_is(cast: Cast) -> None:
    here = cast.ticket().customer
    cast.ticket(phone="0912 345 678", customer_name="林", serial="S3", region=cast.far_region, address="信義路1號")
    made = invite(cast, region=cast.region, line="appliance")
    assert invitation.due_lists(at=morning(2026, 5, 5)) == 0
    assert invitation.due_lists(at=morning(2026, 5, 6)) == 1
    assert invitation.due_lists(at=morning(2026, 5, 7)) == 0
    made.refresh_from_db()
    assert made.listed_at == morning(2026, 5, 6)
    assert list(made.invitations.values_list("customer", flat=True)) == [here.pk]


@pytest.mark.rule("R66")
def test_owes_the_letter_within_two_days_after_the_call(cast: Cast) -> None:
    cast.ticket()
    made = invite(cast)
    invitation.make_list(made.pk, at=morning(2026, 5, 6))
    row, at = made.invitations.get(), morning(2026, 5, 7)
    invitation.record_call(row.pk, outcome="reached", by=cast.actor("clerk"), at=at)
    row.refresh_from_db()
    assert (row.state, row.due_at) == ("letter", at + 2 * DAY)
    (written,) = invitation.write_letters([row.pk], by=cast.actor("clerk"), at=at)
    assert (written.subject, "欢迎光临" in written.text) == ("Open day", True)
    with pytest.raises(NotAllowed):
        invitation.write_letters([row.pk], by=cast.actor("clerk"), at=at)


@pytest.mark.rule("R66")
def test_a_campaign_that_is_near_has_its_list_made_at_once(cast: Cast) -> None:
    made = invite(cast, on=date(2026, 3, 10))
    message = OutboxMessage.objects.get(task=invitation.LIST_TASK)
    tasks.list_campaign(message.pk, *message.args)
    made.refresh_from_db()
    assert made.listed_at is not None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"on": date(2026, 3, 4)}, "on"),
        ({"on": date(2029, 1, 1)}, "on"),
        ({"line": "boats"}, "line"),
        ({"text_zh_hant": ""}, "text_zh_hant"),
    ],
)
def test_a_campaign_names_what_is_wrong(cast: Cast, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        invite(cast, **wrong)
    assert refused.value.errors[0][0] == field
    assert not Campaign.objects.exists()


# ── letters and registers ──────────────────────────────────────────────────────────────────────
def written(cast: Cast, ticket: Ticket, **given: object) -> Letter:
    what = {"kind": "other", "subject": "Hello", "text": "<b>bold</b> =1+1", "address": "浦东大道1号"}
    return letter.write(
        ticket.customer_id,
        **{**what, **given},
        ticket_id=ticket.pk,
        by=cast.actor("clerk"),
        at=cast.at,  # type: ignore[arg-type]
    )


@pytest.mark.rule("R64")
def test_registers_each_letter_and_prints_them_as_one_file(cast: Cast) -> None:
    ticket = cast.ticket()
    two = [written(cast, ticket), written(cast, ticket, subject="Again")]
    assert two[0].number.startswith("L20260304-")
    assert two[0].number != two[1].number
    assert ticket.events.filter(kind="callback.letter_sent").count() == 2
    run = letter.print_together([one.pk for one in two], by=cast.actor("clerk"), at=cast.at)
    html = printing.letters_html(two)
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "2026年3月4日" in html
    message = OutboxMessage.objects.get(task=letter.RENDER_TASK)
    tasks.render_letters(message.pk, *message.args)
    run.refresh_from_db()
    assert run.state == "ready"
    assert run.pdf.read(5) == b"%PDF-"


@pytest.mark.rule("R64")
@pytest.mark.parametrize("field", ["subject", "text", "address"])
def test_a_letter_names_what_is_missing(cast: Cast, field: str) -> None:
    ticket = cast.ticket()
    with pytest.raises(Invalid) as refused:
        written(cast, ticket, **{field: " "})
    assert refused.value.errors[0][0] == field
    assert not Letter.objects.exists()
    with pytest.raises(Invalid):
        letter.print_together([], by=cast.actor("clerk"))
    assert not LetterRun.objects.exists()


@pytest.mark.rule("R64")
def test_registers_calls_and_letters_as_numbered_forms(cast: Cast) -> None:
    ticket = cast.called_back()
    written(cast, ticket)
    boss = cast.actor("supervisor")
    days = {"first_day": date(2026, 3, 1), "last_day": date(2026, 3, 31), "most": paper_calls.MOST_ROWS, "by": boss}
    calls = papers.issue_period(PaperKind.CALL_REGISTER, **days)  # type: ignore[arg-type]
    (row,) = calls.content["rows"].values()
    assert (row["customer"], row["outcome"], row["why"], row["when"]) == (
        "王秀英", "satisfied", "first", "2026-03-08 10:00",
    )  # fmt: skip
    assert papers.issue_period(PaperKind.CALL_REGISTER, **days) == calls  # type: ignore[arg-type]
    letters = papers.issue_period(PaperKind.LETTER_REGISTER, **days)  # type: ignore[arg-type]
    assert list(letters.content["rows"]) == [Letter.objects.get().number]
    first = ticket.callbacks.get(kind="first")
    record = papers.issue_numbered(PaperKind.CALL_RECORD, paper_calls.with_facts(first.pk), by=boss)
    assert (record.number, record.version) == (f"CR{first.pk:08d}", 1)
    assert len(record.content["rows"]) == 1
    assert Paper.objects.filter(kind=PaperKind.CALL_RECORD).count() == 1


@pytest.mark.rule("R64")
def test_prints_the_three_forms(cast: Cast) -> None:
    from visits import printing as press

    ticket = cast.called_back()
    written(cast, ticket)
    boss = cast.actor("supervisor")
    days = {"first_day": date(2026, 3, 1), "last_day": date(2026, 3, 31), "most": 10, "by": boss}
    first = ticket.callbacks.get(kind="first")
    made = [
        papers.issue_period(PaperKind.CALL_REGISTER, **days),  # type: ignore[arg-type]
        papers.issue_period(PaperKind.LETTER_REGISTER, **days),  # type: ignore[arg-type]
        papers.issue_numbered(PaperKind.CALL_RECORD, paper_calls.with_facts(first.pk), by=boss),
    ]
    for paper in made:
        (html,) = press.copies_html(paper).values()
        assert paper.number in html
        assert "王秀英" in html


@pytest.mark.rule("R64")
def test_makes_registers_from_the_page(cast: Cast, client: Client) -> None:
    cast.called_back()
    client.force_login(cast.user("supervisor"))
    page = "/callbacks/registers/"
    assert client.post(page, {"first_day": "2026-03-31", "last_day": "2026-03-01", "do": "calls"}).status_code == 422
    for do in ("calls", "letters"):
        answer = client.post(page, {"first_day": "2026-03-01", "last_day": "2026-03-31", "do": do})
        assert answer.status_code == 302
    assert set(Paper.objects.filter(visit=None).values_list("kind", flat=True)) == {"call_register", "letter_register"}
    assert client.get(page).status_code == 200


@pytest.mark.rule("R64")
@pytest.mark.rule("R66")
def test_goes_from_the_call_to_the_printed_letter_by_pages(cast: Cast, client: Client) -> None:
    customer = cast.ticket().customer
    client.force_login(cast.user("supervisor"))
    texts = {"text_en": "Come", "text_zh_hans": "来", "text_zh_hant": "來"}
    on = f"{date.today() + timedelta(days=20)}"
    assert client.post("/callbacks/campaigns/", {"name": "", "on": on, **texts}).status_code == 422
    assert client.post("/callbacks/campaigns/", {"name": "Day", "on": on, **texts}).status_code == 302
    made = Campaign.objects.get()
    invitation.make_list(made.pk)
    row = made.invitations.get()
    assert customer.name in client.get(f"/callbacks/invitations/?campaign={made.pk}").content.decode()
    assert client.post(f"/callbacks/invitations/{row.pk}/", {"outcome": "x"}).status_code == 422
    assert client.post(f"/callbacks/invitations/{row.pk}/", {"outcome": "reached"}).status_code == 302
    assert customer.name in client.get("/callbacks/invitations/?show=letters").content.decode()
    assert client.post("/callbacks/invitations/letters/", {"invitations": row.pk}).status_code == 302
    assert LetterRun.objects.get().letters.get().customer == customer
    assert client.get("/callbacks/letters/").status_code == 200
    new = f"/customers/{customer.pk}/letters/new/"
    assert client.get(f"{new}?ticket={customer.tickets.get().number}").status_code == 200
    assert client.get(f"{new}?ticket=T00000000-00000").status_code == 404
    sent = {"kind": "other", "subject": "s", "text": "t", "address": "a"}
    assert client.post(new, {**sent, "address": ""}).status_code == 422
    assert client.post(new, sent).status_code == 302
    assert Letter.objects.filter(run=None).count() == 1
