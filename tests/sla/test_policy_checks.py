"""A bad policy …"""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.core.errors import Invalid, NotAllowed
from aftersales.customers.models import Contract
from tests.sla.helpers import DAY, END, HOUR, MINUTE, changed, new
from tickets.services import policy as service
from tickets.sla.models import Calendar, Policy, PolicyChange
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db


def problems(policy: Policy) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        service.check(policy)
    assert all(words for _field, _code, words in refused.value.errors)
    return [(field, code) for field, code, _words in refused.value.errors]


def test_defaults_are_good(cast):
    for policy in Policy.objects.filter(current=True).select_related("calendar", "region"):
        service.check(policy)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"span": -HOUR}, ("span", "negative")),
        ({"span": 0 * HOUR}, ("span", "zero")),
        ({"span": 731 * DAY}, ("span", "too_long")),
        ({"until_day_end": True, "before_anchor": True}, ("before_anchor", "counts_two_ways")),
        ({"before_anchor": True}, ("before_anchor", "no_appointment")),
        ({"not_before_span": 2 * HOUR}, ("not_before_span", "after_due")),
        ({"not_before_span": -HOUR}, ("not_before_span", "negative")),
        ({"rule": "R99"}, ("rule", "unknown")),
        ({"pause_reasons": ["weather"]}, ("pause_reasons", "unknown")),
        ({"on_change": "perhaps"}, ("on_change", "unknown")),
    ],
)
def test_is_refused_with_the_field_named(cast, fields, wrong):
    assert problems(new(vip=False, **fields)) == [wrong]


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([{"percent": 100, "tell": ["owner"]}, END], ("steps.0.percent", "range")),
        ([{"percent": 0, "tell": ["owner"]}, END], ("steps.0.percent", "range")),
        ([{"before": 0, "tell": ["owner"]}, END], ("steps.0.before", "range")),
        ([{"before": 3600, "tell": ["owner"]}, END], ("steps.0.before", "before_start")),
        ([{"percent": "half", "tell": ["owner"]}, END], ("steps.0.percent", "invalid")),
        ([{"percent": 50, "before": 60, "tell": ["owner"]}, END], ("steps.0", "two_times")),
        (
            [{"percent": 75, "tell": ["owner"]}, {"percent": 50, "tell": ["owner"]}, END],
            ("steps.1", "order"),
        ),
        (
            [{"percent": 75, "tell": ["owner"]}, {"before": 1800, "tell": ["owner"]}, END],
            ("steps.1", "order"),
        ),
        ([], ("steps", "no_end")),
        ([{"percent": 75, "tell": ["owner"]}], ("steps", "no_end")),
        ([END, END], ("steps.1", "two_ends")),
        ([END, {"percent": 75, "tell": ["owner"]}], ("steps.1", "order")),
        ([{"after": 60, "tell": ["owner"]}, END], ("steps.0.after", "order")),
        ([END, {"after": -60, "tell": ["supervisor"]}], ("steps.1.after", "negative")),
        (
            [END, {"after": 600, "tell": ["supervisor"]}, {"after": 600, "tell": ["manager"]}],
            ("steps.2", "order"),
        ),
        ([END, {"after": 60, "tell": ["manager"], "repeat": 59}], ("steps.1.repeat", "range")),
        (
            [END, {"after": 60, "tell": ["manager"], "repeat": 60}, {"after": 90, "tell": ["manager"]}],
            ("steps.1.repeat", "not_last"),
        ),
        ([{"tell": ["owner"], "repeat": 60}], ("steps.0.repeat", "not_last")),
        ([{"tell": ["janitor"]}], ("steps.0.tell", "unknown")),
        ([{"tell": []}], ("steps.0.tell", "nobody")),
        ([{"tell": ["owner", "owner"]}], ("steps.0.tell", "twice")),
        ([{"tell": ["owner"], "then": 1}], ("steps.0.then", "unknown_field")),
        ({"tell": ["owner"]}, ("steps", "invalid")),
    ],
)
def test_steps_are_refused_with_the_step_named(cast, steps, wrong):
    assert problems(new(vip=False, steps=steps)) == [wrong]


def test_names_everything_that_is_wrong_at_once(cast):
    policy = new(vip=False, span=-HOUR, rule="R99", steps=[{"tell": ["janitor"]}])
    assert problems(policy) == [("span", "negative"), ("steps.0.tell", "unknown"), ("rule", "unknown")]


def test_that_can_match_nothing_is_refused(cast):
    assert problems(new(region=cast.region, home_region=False)) == [("home_region", "matches_nothing")]
    assert problems(new(region=cast.far_region, home_region=True)) == [("home_region", "matches_nothing")]
    assert problems(new(Target.OUT_OF_STOCK, kind="repair")) == [("kind", "matches_nothing")]
    assert problems(new(Target.SALES_REPLY, channel="hotline")) == [("channel", "matches_nothing")]


def test_with_the_conditions_of_another_is_refused(cast):
    assert problems(new(vip=True)) == [("", "overlaps")]
    assert sorted(problems(changed(to={"vip": True}))) == [("", "last_general"), ("", "overlaps")]


def test_that_overlaps_another_of_the_same_saving_is_refused(cast):
    with pytest.raises(Invalid, match="same conditions"):
        service.check(new(grade=1), new(grade=1))


def test_that_would_leave_tickets_without_a_promise_is_refused(cast):
    assert problems(changed(to={"grade": 1})) == [("", "last_general")]
    with pytest.raises(NotAllowed) as refused:
        service.retire(changed(), apply="new", by=cast.actor("supervisor"))
    assert refused.value.code == "last_general"
    assert Policy.objects.filter(target="response", vip=None, current=True).exists()
    assert not PolicyChange.objects.exists()


def test_in_a_calendar_that_never_gets_there_is_refused(cast):
    rare = Calendar.objects.create(code="rare", week=[[["09:00", "09:01"]]] + [[]] * 6)
    assert problems(new(vip=False, span=20 * HOUR, calendar=rare)) == [("calendar", "never_due")]
    late = [END, {"after": 72_000, "tell": ["manager"]}]
    assert problems(new(vip=False, span=MINUTE, steps=late, calendar=rare)) == [("calendar", "never_due")]


def test_that_is_special_by_contract_is_fine(cast):
    gold = Contract.objects.create(code="gold", name_en="Gold", name_zh_hans="金", name_zh_hant="金")
    service.check(new(contract=gold, span=timedelta(minutes=15)))
