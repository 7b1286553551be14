"""Which promise holds: the most specific policy that fits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tickets.sla import policies
from tickets.sla.models import Calendar, Policy
from tickets.sla.policies import Facts, NoPolicy, choose
from tickets.sla.states import Target
from tickets.states import Channel, Kind

pytestmark = pytest.mark.django_db


def facts(cast, *, grade=3, region=None, vip=False, kind=Kind.REPAIR, channel=Channel.HOTLINE) -> Facts:
    return Facts(kind, channel, grade, region, vip)


def hours(cast, target: Target = Target.ON_SITE, **given) -> float:
    policies.forget()
    return choose(target, facts(cast, **given)).span / timedelta(hours=1)


def add(**conditions) -> Policy:
    row = {"target": Target.ON_SITE, "rule": "R22", "span": timedelta(hours=5), **conditions}
    return Policy.objects.create(calendar=Calendar.objects.get(code="round-the-clock"), **row)


@pytest.mark.rule("R03")
def test_a_response_is_promised_within_the_hour(cast):
    policy = choose(Target.RESPONSE, facts(cast))
    assert (policy.span, policy.calendar.code, policy.rule) == (timedelta(hours=1), "service-hours", "R03")


@pytest.mark.rule("R08")
def test_a_vip_is_answered_within_half_of_it(cast):
    assert hours(cast, Target.RESPONSE, vip=True) == 0.5


@pytest.mark.rule("R22", "R07", "R08")
@pytest.mark.parametrize(
    ("home", "vip", "promised"),
    [
        (False, False, [12, 18, 24, 24]),
        (True, False, [4, 6, 8, 8]),
        (False, True, [6, 9, 12, 12]),
        (True, True, [2, 3, 4, 4]),
    ],
)
def test_on_site_is_sooner_by_grade_region_and_vip(cast, home, vip, promised):
    region = cast.region if home else cast.far_region
    assert [hours(cast, grade=grade, region=region, vip=vip) for grade in (1, 2, 3, 4)] == promised


@pytest.mark.rule("R22")
def test_without_a_region_the_longest_promise_holds(cast):
    assert hours(cast, grade=4, region=None) == 24


def test_one_more_condition_wins(cast):
    add(grade=3, home_region=True, vip=False, kind=Kind.REPAIR)
    assert hours(cast, region=cast.region) == 5
    assert hours(cast, region=cast.region, kind=Kind.INSTALLATION) == 8


def test_a_named_region_outweighs_other_single_conditions(cast):
    Policy.objects.filter(target=Target.ON_SITE).exclude(grade=None).delete()
    add(region=cast.region)
    add(vip=True, span=timedelta(hours=6))
    assert hours(cast, region=cast.region, vip=True) == 5
    assert hours(cast, region=cast.far_region, vip=True) == 6


def test_a_policy_that_was_replaced_promises_nothing_new(cast):
    Policy.objects.filter(target=Target.RESPONSE, vip=None).update(current=False)
    with pytest.raises(NoPolicy):
        hours(cast, Target.RESPONSE)


def test_two_current_policies_with_the_same_conditions_cannot_be(cast):
    with pytest.raises(IntegrityError, match="policy_once"), transaction.atomic():
        add(grade=3, home_region=True, vip=False)
