"""The pages of what is promised."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from aftersales.core import remembered
from aftersales.customers.models import Contract
from tests.sla.helpers import HOUR, MINUTE, changed, new
from tickets.services import policy as service
from tickets.sla import overview, policies
from tickets.sla.models import Clock, Policy, PolicyChange
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(cast, client):
    client.force_login(cast.user("supervisor"))
    return client


def read(answer, status=200) -> str:
    assert answer.status_code == status, answer.content.decode()[:3000]
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


class Fields(HTMLParser):
    """What a browser would send of the page's policy form as it stands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._inside = False
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("class") == "policy-form"
        if not self._inside or (tag != "option" and "name" not in given):
            return
        chosen = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if tag == "input" and chosen:
            self.sent.setdefault(given["name"], []).append(
                given.get("value", "on" if given.get("type") == "checkbox" else "")
            )
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.sent):
            self.sent[self._select] = [given["value"]]

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._inside = self._inside and tag != "form"


def fields(html: str) -> dict[str, list[str] | str]:
    return dict(Fields(html).sent)


def open_form(page, policy: Policy) -> dict[str, list[str] | str]:
    return fields(page.get(f"/policies/{policy.pk}/").content.decode())


def current(target: Target = Target.RESPONSE, **asked) -> Policy:
    return Policy.objects.get(target=target, current=True, **{"vip": None, "grade": None, **asked})


# ── the list ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R03", "R22")
def test_the_list_tells_each_promise_in_words(cast, page):
    cast.ticket()
    html = read(page.get("/policies/"))
    for said in ("R03", "a person contacts the customer and confirms the problem", "1 h", "Service hours",
                 "every ticket", "after 75% of the span: owner", "when it falls due: owner, supervisor",
                 "1 h later, then every 1 h until acknowledged: supervisor, manager", "home region · VIP · 1 · down",
                 "by the end of the service day, 7 days later", "8 h before the appointment"):  # fmt: skip
        assert said in html, said


def test_the_list_counts_what_runs_under_each(cast, page, django_assert_num_queries):
    cast.ticket()
    cast.ticket(vip=True, phone="138 0000 4413", serial="S2")
    service.save(changed(to={"span": 2 * HOUR}), apply="new", by=cast.actor("manager"))
    with django_assert_num_queries(2):
        rows = dict(overview.by_target())["response"]
    assert [(row.conditions, row.open) for row in rows] == [("every ticket", 1), ("VIP", 1)]


def test_the_list_asks_as_much_for_more_policies(cast, page, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(remembered, "KEEP_SECONDS", 600.0)
    page.get("/policies/")
    with django_assert_max_num_queries(9):
        page.get("/policies/")
    for grade in (1, 2, 3):
        service.save(new(grade=grade), apply="new", by=cast.actor("manager"))
    with django_assert_max_num_queries(12):  # the last changes are three more
        page.get("/policies/")


def test_people_of_the_desk_read_and_do_not_edit(cast, client):
    client.force_login(cast.user("clerk"))
    html = read(client.get("/policies/"))
    assert "1 h" in html
    assert "New policy" not in html
    assert f"/policies/{current().pk}/" not in html


def test_leaders_find_it_in_the_navigation(cast, page):
    assert 'href="/policies/" data-icon="clock-hour-4" data-label="Promises" data-go="p"' in read(page.get("/desk/"))


# ── one policy ───────────────────────────────────────────────────────────────────────────────
def test_the_form_says_what_holds(cast, page):
    sent = open_form(page, current())
    assert (sent["rule"], sent["span_0"], sent["span_1"]) == (["R03"], ["1"], ["hours"])
    assert (sent["warning-0-value"], sent["warning-0-unit"], sent["warning-0-tell"]) == (["75"], ["percent"], ["owner"])
    assert sent["end_tell"] == ["owner", "supervisor"]
    assert (sent["later-1-value"], sent["later-1-unit"], sent["repeat_0"]) == (["1"], ["hours"], ["1"])


def test_what_is_not_touched_is_saved_as_it_was(cast, page):
    for policy in Policy.objects.filter(current=True):
        page.post(f"/policies/{policy.pk}/", {**open_form(page, policy), "do": "new"})
        again = Policy.objects.get(series=policy.series, version=2)
        for field in Policy._meta.concrete_fields:
            if field.name not in ("id", "version", "current", "created_at", "created_by"):
                assert getattr(again, field.attname) == getattr(policy, field.attname), (policy, field.name)


@pytest.mark.rule("R03")
def test_a_preview_says_what_would_happen_and_saves_nothing(cast, page):
    ticket = cast.ticket(at=cast.at)  # long ago: it is overdue
    policy = current()
    sent = {**open_form(page, policy), "span_0": "45", "span_1": "minutes", "do": "preview"}
    html = read(page.post(f"/policies/{policy.pk}/", sent))
    assert "1 open promise moves" in html
    assert "0 become overdue" in html
    assert "0 stop being overdue" in html
    for said in (ticket.number, "王秀英", "stays overdue", "Save and apply to open tickets"):
        assert said in html
    assert fields(html)["span_0"] == ["45"]
    assert Policy.objects.filter(version=2).count() == 0


@pytest.mark.rule("R03")
def test_saving_for_open_tickets_moves_them_and_says_so(cast, page):
    ticket = cast.ticket()
    policy = current()
    sent = {**open_form(page, policy), "span_0": "45", "span_1": "minutes", "do": "open"}
    html = read(page.post(f"/policies/{policy.pk}/", sent, follow=True))
    assert "Saved: 1 open promise moved" in html
    assert "version 2" in html
    clock = Clock.objects.get(ticket=ticket, target="response")
    assert clock.policy == current()
    assert clock.policy.span == 45 * MINUTE
    assert "Clara Zhao" in html


def test_a_change_that_is_still_at_work_says_how_far_it_is(cast, page, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 0)
    cast.ticket()
    policy = current()
    html = read(page.post(f"/policies/{policy.pk}/", {**open_form(page, policy), "do": "open"}, follow=True))
    assert "at work: 0 of 1 looked at" in html
    assert 'hx-trigger="every 3s"' in html
    service.carry_out(PolicyChange.objects.get().pk)
    html = read(page.get(f"/policies/{current().pk}/"))
    assert "1 promise moved" in html
    assert "hx-trigger" not in html.split('id="versions"')[1].split(">")[0]


def test_rows_are_put_in_order_and_empty_ones_dropped(cast, page):
    policy = current()
    sent = open_form(page, policy)
    sent |= {"warning-1-value": "50", "warning-1-unit": "percent", "warning-1-tell": ["owner"], "later-0-value": ""}
    page.post(f"/policies/{policy.pk}/", {**sent, "do": "new"})
    assert current().steps == [
        {"percent": 50, "tell": ["owner"]},
        {"percent": 75, "tell": ["owner"]},
        {"tell": ["owner", "supervisor"]},
        {"after": 3600, "tell": ["supervisor", "manager"], "repeat": 3600},
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"span_0": "-5"}, "A span cannot be negative."),
        ({"span_0": ""}, "Give the span."),
        ({"span_0": "soon"}, "Enter a number."),
        ({"warning-0-value": "100"}, "A warning comes after 1 to 99 percent of the span."),
        ({"warning-0-unit": "hours"}, "This warning would come before the promise begins."),
        ({"warning-0-tell": []}, "Say who is told."),
        ({"warning-0-tell": ["janitor"]}, "janitor is not one of the available choices."),
        ({"end_tell": []}, "Say who is told when the promise falls due."),
        ({"later-0-value": "-1"}, "An escalation comes after the promise fell due."),
        ({"repeat_0": "0.5", "repeat_1": "minutes"}, "Repeat it after a minute at the soonest"),
        ({"later-0-value": "", "later-1-value": ""}, "Only the last escalation is repeated."),
        ({"rule": "R99"}, "R99 is not one of the available choices."),
        ({"vip": "true"}, "Another policy (R08) promises this under the same conditions"),
        ({"grade": "1"}, "Every other ticket relies on this policy"),
        ({"calendar": "9999"}, "not one of the available choices"),
        ({"warning-TOTAL_FORMS": "many"}, "ManagementForm data is missing or has been tampered with"),
    ],
)
def test_bad_input_is_named_and_nothing_is_saved(cast, page, change, said):
    policy = current()
    sent = {**open_form(page, policy), "do": "open", **change}
    assert said in read(page.post(f"/policies/{policy.pk}/", sent), 422)
    assert Policy.objects.filter(version=2).count() == PolicyChange.objects.count() == 0


def test_somebody_who_was_faster_is_not_overwritten(cast, page):
    policy = current()
    sent = open_form(page, policy)
    service.save(changed(to={"span": 30 * MINUTE}), apply="new", by=cast.actor("manager"))
    html = read(page.post(f"/policies/{policy.pk}/", {**sent, "do": "new"}), 409)
    assert "Somebody changed the policies meanwhile" in html
    assert f"/policies/{current().pk}/" in html
    assert current().span == 30 * MINUTE


def test_an_old_version_leads_to_the_present_one(cast, page):
    policy = current()
    service.save(changed(to={"span": 30 * MINUTE}), apply="new", by=cast.actor("manager"))
    answer = page.get(f"/policies/{policy.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/policies/{current().pk}/")
    assert page.get("/policies/999999/").status_code == 404


def test_a_new_policy_begins_with_what_holds_for_all_others(cast, page):
    gold = Contract.objects.create(code="gold", name_en="Gold", name_zh_hans="金", name_zh_hant="金")
    sent = fields(page.get("/policies/new/?target=response").content.decode())
    assert sent["span_0"] == ["1"]
    assert "same conditions" in read(page.post("/policies/new/?target=response", {**sent, "do": "new"}), 422)
    sent |= {"contract": str(gold.pk), "span_0": "15", "span_1": "minutes", "do": "new"}
    read(page.post("/policies/new/?target=response", sent, follow=True))
    made = Policy.objects.get(contract=gold)
    assert (made.span, made.version, made.target, made.created_by) == (
        15 * MINUTE,
        1,
        "response",
        cast.user("supervisor"),
    )
    policies.forget()
    ticket = cast.ticket()
    assert Clock.objects.get(ticket=ticket, target="response").policy != made
    assert page.get("/policies/new/?target=nonsense").status_code == 404


# ── retiring ─────────────────────────────────────────────────────────────────────────────────
def test_retiring_says_what_it_does_first(cast, page):
    cast.ticket(vip=True)
    policy = current(vip=True)
    assert "1 open promise moves" in read(page.get(f"/policies/{policy.pk}/retire/"))
    assert page.post(f"/policies/{policy.pk}/retire/", {"do": "perhaps"}).status_code == 422
    assert "Retired: it holds for nothing new." in read(
        page.post(f"/policies/{policy.pk}/retire/", {"do": "open"}, follow=True)
    )
    assert Clock.objects.get(target="response").policy == current()
    assert "It holds for nothing new." in read(page.get(f"/policies/{policy.pk}/"))


def test_the_policy_of_all_other_tickets_cannot_be_retired(cast, page):
    policy = current()
    assert "It cannot be retired." in read(page.get(f"/policies/{policy.pk}/retire/"))
    assert "It cannot be retired." in read(page.post(f"/policies/{policy.pk}/retire/", {"do": "new"}), 409)
    assert current() == policy


# ── the matrix ───────────────────────────────────────────────────────────────────────────────
def matrix(page) -> dict[str, list[str] | str]:
    return fields(page.get("/policies/on-site/").content.decode())


@pytest.mark.rule("R22", "R07", "R08")
def test_the_matrix_shows_all_sixteen(cast, page):
    sent = matrix(page)
    hours = [[sent[f"hours_{grade}_{where}"][0] for grade in (1, 2, 3, 4)] for where in
             ("away_plain", "home_plain", "away_vip", "home_vip")]  # fmt: skip
    assert hours == [["12", "18", "24", "24"], ["4", "6", "8", "8"], ["6", "9", "12", "12"], ["2", "3", "4", "4"]]


@pytest.mark.rule("R22")
def test_the_matrix_is_previewed_and_saved_as_one_change(cast, page):
    home = cast.ticket()
    away = cast.ticket(region=cast.far_region, phone="138 0000 4413", serial="S2")
    sent = {**matrix(page), "hours_3_home_plain": "6.5", "hours_3_away_plain": "20"}
    assert "2 open promises move" in read(page.post("/policies/on-site/", {**sent, "do": "preview"}))
    assert Policy.objects.filter(version=2).count() == 0
    assert "Saved: 2 open promises moved" in read(page.post("/policies/on-site/", {**sent, "do": "open"}, follow=True))
    due = {clock.ticket_id: clock.policy.span / HOUR for clock in Clock.objects.filter(target="on_site")}
    assert due == {home.pk: 6.5, away.pk: 20}
    assert Policy.objects.filter(version=2).count() == PolicyChange.objects.get().policies.count() == 2


def test_a_bad_cell_is_named_and_nothing_is_saved(cast, page):
    for value, said in (("", "Give the hours."), ("0", "a promise of no time at all"), ("-1", "cannot be negative"),
                        ("99999", "more than two years"), ("x", "Enter a number.")):  # fmt: skip
        html = read(page.post("/policies/on-site/", {**matrix(page), "hours_1_home_vip": value, "do": "open"}), 422)
        assert said in html
    assert "No hours were changed." in read(page.post("/policies/on-site/", {**matrix(page), "do": "open"}), 422)
    assert Policy.objects.filter(version=2).count() == 0


def test_a_cell_that_is_missing_is_made(cast, page):
    Policy.objects.filter(target="on_site", grade=1, home_region=True, vip=True).update(current=False)
    sent = matrix(page)
    assert sent.get("hours_1_home_vip") in (None, [""])
    page.post("/policies/on-site/", {**sent, "hours_1_home_vip": "1", "do": "new"})
    made = current(Target.ON_SITE, grade=1, home_region=True, vip=True)
    assert (made.span, made.version, made.rule, made.calendar.code) == (HOUR, 1, "R22", "round-the-clock")


def test_the_matrix_is_not_overwritten_either(cast, page):
    sent = matrix(page)
    cell = changed(Target.ON_SITE, grade=1, home_region=True, vip=True, to={"span": HOUR})
    service.save(cell, apply="new", by=cast.actor("manager"))
    sent |= {"hours_1_home_vip": "3", "do": "new"}
    assert "Somebody changed the policies meanwhile" in read(page.post("/policies/on-site/", sent), 409)


# ── which one ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R22", "R08")
def test_which_policy_holds_and_why(cast, client):
    client.force_login(cast.user("clerk"))
    asked = {"kind": "repair", "channel": "hotline", "grade": "1", "region": cast.region.pk, "vip": "on"}
    html = read(client.get("/policies/which/", asked))
    row = html.split("on site</th>")[1].split("</tr>")[0]
    assert "<strong>2 h</strong>" in row
    assert "The narrowest that fits: home region · VIP · 1 · down" in row
    assert "1. 1 day" in row
    assert "It holds for every ticket." in html.split("repair</th>")[1].split("</tr>")[0]
    assert read(client.get("/policies/which/", {**asked, "grade": "9"}), 422)
