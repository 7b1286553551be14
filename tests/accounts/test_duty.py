"""Who is told: whoever is there, their deputies, the duty plan of the day; rings of deputies are refused."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.accounts import duty, services_duty
from aftersales.accounts.actors import SYSTEM, Actor, Door
from aftersales.accounts.models import Absence, Duty, Team, User
from aftersales.accounts.roles import Role
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from tests.people import Cast
from tests.tickets.test_concurrency import together

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NATIONAL_DAY = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai


def away(
    user: User, deputy: User | None = None, *, of: datetime = Cast.at, before: timedelta = DAY, after: timedelta = DAY
) -> Absence:
    """An absence around a moment, entered without asking anybody."""
    return Absence.objects.create(user=user, deputy=deputy, starts_at=of - before, ends_at=of + after)


def plan(cast: Cast, user: User, deputy: User | None = None, *, first: int = 1, last: int = 2, **more: Any) -> Absence:
    """Plan an absence from the `first` to the `last` hour after the cast's moment."""
    values = {"starts_at": cast.at + first * HOUR, "ends_at": cast.at + last * HOUR, "by": SYSTEM, "at": cast.at}
    return services_duty.plan_absence(user, deputy=deputy, **(values | more))


def names(people: list[User]) -> list[str]:
    return sorted(one.username for one in people)


@pytest.fixture
def supervisor(cast: Cast) -> User:
    return cast.user("supervisor")


@pytest.fixture
def manager(cast: Cast) -> User:
    return cast.user("manager")


class TestStandIn:
    def test_is_the_person_who_is_there(self, cast, supervisor):
        away(supervisor, of=cast.at + 9 * DAY)
        assert duty.stand_in(supervisor, at=cast.at) == supervisor

    def test_follows_deputies_as_far_as_somebody_is_there(self, cast):
        first, second, third = (cast.user("clerk", name) for name in ("a", "b", "c"))
        away(first, second)
        assert duty.stand_in(first, at=cast.at) == second
        away(second, third)
        assert duty.stand_in(first, at=cast.at) == third
        third.is_active = False
        third.save()
        assert duty.stand_in(first, at=cast.at) is None

    @pytest.mark.parametrize(("steps", "found"), [(5, True), (6, False)])
    def test_goes_five_steps(self, cast, steps, found):
        chain = [cast.user("clerk", str(number)) for number in range(steps + 1)]
        for one, deputy in pairwise(chain):
            away(one, deputy)
        assert duty.stand_in(chain[0], at=cast.at) == (chain[-1] if found else None)

    def test_ends_in_a_ring_that_should_not_be(self, cast):
        first, second = cast.user("clerk", "a"), cast.user("clerk", "b")
        away(first, second)
        away(second, first)
        assert duty.stand_in(first, at=cast.at) is None

    def test_counts_the_first_moment_and_not_the_last(self, cast):
        first, second = cast.user("clerk", "a"), cast.user("clerk", "b")
        row = away(first, second)
        moments = [row.starts_at, row.ends_at - timedelta.resolution, row.ends_at]
        assert [duty.stand_in(first, at=at) for at in moments] == [second, second, first]

    def test_is_nobody_for_whoever_left_unless_a_deputy_was_named(self, cast, manager):
        clerk = cast.user("clerk")
        clerk.is_active = False
        clerk.save()
        assert duty.stand_in(clerk, at=cast.at) is None
        away(clerk, manager)
        assert duty.stand_in(clerk, at=cast.at) == manager


class TestAnswers:
    def test_is_the_supervisor_of_the_team_or_the_deputy(self, cast, supervisor, manager):
        assert duty.answers("supervisor", cast.team, at=cast.at) == [supervisor]
        other = cast.user("supervisor", "b")
        away(supervisor, other)
        assert duty.answers("supervisor", cast.team, at=cast.at) == [other]

    def test_is_the_managers_where_no_supervisor_is_found(self, cast, supervisor, manager):
        cast.user("manager", "b")
        both = ["manager", "manager-b"]
        assert names(duty.answers("supervisor", None, at=cast.at)) == both
        bare = Team.objects.create(code="bare", name_en="Bare")
        assert names(duty.answers("supervisor", bare, at=cast.at)) == both
        away(supervisor)
        assert names(duty.answers("supervisor", cast.team, at=cast.at)) == both

    def test_leaves_absent_managers_in_peace_while_one_is_there(self, cast, supervisor, manager):
        other = cast.user("manager", "b")
        away(manager)
        assert duty.answers("manager", None, at=cast.at) == [other]
        away(other, supervisor)
        assert duty.answers("manager", None, at=cast.at) == [supervisor]

    def test_tells_every_active_manager_when_all_are_away(self, cast, manager):
        gone, other = cast.user("manager", "gone"), cast.user("manager", "b")
        User.objects.filter(pk=gone.pk).update(is_active=False)
        away(manager)
        away(other)
        assert names(duty.answers("manager", cast.team, at=cast.at)) == ["manager", "manager-b"]
        assert names(duty.answers("supervisor", None, at=cast.at)) == ["manager", "manager-b"]

    @pytest.mark.rule("R09")
    def test_is_the_duty_plan_on_a_public_holiday(self, cast, supervisor, manager):
        holiday, on_duty, head = NATIONAL_DAY, cast.user("supervisor", "b"), cast.user("manager", "b")
        services_duty.set_duty(holiday.date(), "supervisor", None, [on_duty], SYSTEM, at=cast.at)
        services_duty.set_duty(holiday.date(), "manager", None, [head], SYSTEM, at=cast.at)
        assert duty.answers("supervisor", cast.team, at=holiday) == [on_duty]
        assert duty.answers("manager", cast.team, at=holiday) == [head]
        # The day is the one of the house: it begins at 16:00 UTC of the day before.
        midnight = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)
        assert duty.answers("supervisor", cast.team, at=midnight) == [on_duty]
        assert duty.answers("supervisor", cast.team, at=midnight - timedelta.resolution) == [supervisor]
        assert duty.answers("supervisor", cast.team, at=midnight + DAY) == [supervisor]

    @pytest.mark.rule("R09")
    def test_prefers_the_plan_of_the_team_and_follows_deputies(self, cast, supervisor, manager):
        house, own, deputy = (cast.user("supervisor", name) for name in ("house", "own", "deputy"))
        services_duty.set_duty(NATIONAL_DAY.date(), "supervisor", None, [house], SYSTEM, at=cast.at)
        services_duty.set_duty(NATIONAL_DAY.date(), "supervisor", cast.team, [own, house], SYSTEM, at=cast.at)
        away(own, deputy, of=NATIONAL_DAY)
        assert names(duty.answers("supervisor", cast.team, at=NATIONAL_DAY)) == [
            "supervisor-deputy",
            "supervisor-house",
        ]
        assert duty.answers("supervisor", None, at=NATIONAL_DAY) == [house]
        away(house, of=NATIONAL_DAY)
        assert duty.answers("supervisor", None, at=NATIONAL_DAY) == [manager]

    def test_tells_nobody_twice(self, cast, manager):
        first, second = cast.user("supervisor", "a"), cast.user("supervisor", "b")
        services_duty.set_duty(NATIONAL_DAY.date(), "supervisor", None, [first, second], SYSTEM, at=cast.at)
        away(first, second, of=NATIONAL_DAY)
        assert duty.answers("supervisor", None, at=NATIONAL_DAY) == [second]

    def test_is_nobody_in_another_role(self, cast, supervisor, manager):
        assert duty.answers("clerk", cast.team, at=cast.at) == []

    def test_serves_many_rows_of_one_statement(self, cast, supervisor):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), min(a), max(a) FROM generate_series(1, 3000), "
                "LATERAL accounts_answers('supervisor', %s, %s, 'Asia/Shanghai') a",
                [cast.team.pk, cast.at],
            )
            assert cursor.fetchone() == (3000, supervisor.pk, supervisor.pk)


class TestQuietHours:
    # local hours in Shanghai, UTC+8: from, until, moment in UTC, end in UTC
    @pytest.mark.parametrize(
        ("start", "end", "moment", "until"),
        [
            (22, 7, (4, 14, 0), (4, 23, 0)),  # 22:00: the first moment
            (22, 7, (4, 13, 59), None),
            (22, 7, (4, 22, 59), (4, 23, 0)),  # 06:59 on the next day
            (22, 7, (4, 23, 0), None),  # 07:00: it is over
            (22, 7, (4, 2, 0), None),  # 10:00
            (12, 14, (4, 4, 0), (4, 6, 0)),
            (12, 14, (4, 5, 59), (4, 6, 0)),
            (12, 14, (4, 6, 0), None),
            (12, 14, (4, 3, 59), None),
            (0, 8, (3, 16, 0), (4, 0, 0)),  # midnight itself
            (20, 0, (4, 15, 59), (4, 16, 0)),
            (20, 0, (4, 16, 0), None),
        ],
    )
    def test_end_at_the_hour_also_over_midnight(self, cast, start, end, moment, until):
        clerk = cast.user("clerk")
        clerk.quiet_from, clerk.quiet_until = time(start), time(end)
        clerk.save()
        ends = None if until is None else datetime(2026, 3, *until, tzinfo=UTC)
        assert duty.quiet_until(clerk, at=datetime(2026, 3, *moment, tzinfo=UTC)) == ends

    def test_are_none_unless_chosen(self, cast):
        assert duty.quiet_until(cast.user("clerk"), at=cast.at) is None

    def test_keep_to_the_wall_clock_when_it_is_put_forward(self, cast):
        # Berlin loses 02:00 to 03:00 on 29 March 2026: 23:00 to 06:00 is one hour shorter.
        with connection.cursor() as cursor:
            at = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
            cursor.execute("SELECT accounts_quiet_end('23:00', '06:00', %s, 'Europe/Berlin')", [at])
            assert cursor.fetchone() == (datetime(2026, 3, 29, 4, 0, tzinfo=UTC),)


class TestPlanning:
    def test_keeps_who_when_and_by_whom(self, cast):
        clerk, deputy = cast.user("clerk"), cast.user("clerk", "b")
        row = plan(cast, clerk, deputy, reason="  annual\u202e leave ", by=Actor(Door.PAGE, user=clerk))
        row.refresh_from_db()
        assert (row.user, row.deputy, row.reason, row.made_by) == (clerk, deputy, "annual leave", clerk)
        assert (row.starts_at, row.ends_at) == (cast.at + HOUR, cast.at + 2 * HOUR)

    def test_may_have_begun_but_not_ended(self, cast):
        clerk = cast.user("clerk")
        assert plan(cast, clerk, first=-5, last=1).pk
        with pytest.raises(Invalid, match="over already") as refused:
            plan(cast, clerk, first=-9, last=-6)
        assert refused.value.field == "ends_at"

    @pytest.mark.parametrize(
        ("first", "last", "code"), [(2, 2, "ends_before_start"), (3, 2, "ends_before_start"), (1, 24 * 401, "too_long")]
    )
    def test_refuses_odd_times(self, cast, first, last, code):
        with pytest.raises(Invalid) as refused:
            plan(cast, cast.user("clerk"), first=first, last=last)
        assert (refused.value.code, refused.value.field) == (code, "ends_at")
        assert not Absence.objects.exists()

    def test_refuses_a_second_absence_in_the_same_time(self, cast):
        clerk = cast.user("clerk")
        plan(cast, clerk, first=1, last=3)
        with pytest.raises(Invalid, match="Ana Chen is already absent from 4 Mar 2026 11:00 to 4 Mar 2026 13:00"):
            plan(cast, clerk, first=2, last=4)
        assert plan(cast, clerk, first=3, last=4).pk  # one ends as the next begins
        with pytest.raises(IntegrityError, match="absence_no_overlap"), transaction.atomic():
            away(clerk)

    def test_refuses_whoever_cannot_stand_in(self, cast, supervisor, manager):
        clerk, gone = cast.user("clerk"), cast.user("clerk", "gone")
        User.objects.filter(pk=gone.pk).update(is_active=False)
        for deputy, code in (
            (clerk, "deputy_self"),
            (gone, "deputy_cannot"),
            (cast.user("technician"), "deputy_cannot"),
        ):
            with pytest.raises(Invalid) as refused:
                plan(cast, clerk, deputy)
            assert (refused.value.code, refused.value.field) == (code, "deputy")
        with pytest.raises(Invalid, match="Ana Chen cannot stand in for Clara Zhao"):
            plan(cast, supervisor, clerk)
        assert plan(cast, supervisor, manager).deputy == manager

    def test_is_for_oneself_ones_team_or_by_a_manager(self, cast, supervisor, manager):
        clerk, other, far = cast.user("clerk"), cast.user("clerk", "b"), cast.user("clerk", "far")
        User.objects.filter(pk=far.pk).update(team=Team.objects.create(code="far", name_en="Far"))
        may = [(clerk, clerk), (supervisor, clerk), (supervisor, supervisor), (manager, far), (manager, supervisor)]
        may_not = [(clerk, other), (supervisor, far), (supervisor, manager), (cast.user("admin"), clerk)]
        for by, person in may:
            plan(cast, person, by=Actor(Door.PAGE, user=by)).delete()
        for by, person in may_not:
            with pytest.raises(Forbidden):
                plan(cast, person, by=Actor(Door.PAGE, user=by))
        assert not Absence.objects.exists()

    def test_ends_now_or_never_was(self, cast, manager):
        clerk, by = cast.user("clerk"), Actor(Door.PAGE, user=cast.user("clerk"))
        row, later = plan(cast, clerk, manager), plan(cast, clerk, first=5, last=6)
        with pytest.raises(Missing):
            services_duty.end_absence(row.pk, by=cast.actor("technician"), at=cast.at)
        assert services_duty.end_absence(later.pk, by=by, at=cast.at) is None
        at = cast.at + HOUR * 1.5
        assert services_duty.end_absence(row.pk, by=by, at=at).ends_at == at
        assert duty.stand_in(clerk, at=at) == clerk
        with pytest.raises(NotAllowed):
            services_duty.end_absence(row.pk, by=by, at=at)
        assert list(Absence.objects.values_list("pk", flat=True)) == [row.pk]


class TestRings:
    def test_refuses_two_who_stand_in_for_each_other(self, cast, supervisor, manager):
        plan(cast, supervisor, manager, first=1, last=5)
        with pytest.raises(Invalid) as refused:
            plan(cast, manager, supervisor, first=3, last=9)
        assert (refused.value.code, refused.value.field) == ("deputy_ring", "deputy")
        assert refused.value.message == (
            "From 4 Mar 2026 13:00 to 4 Mar 2026 15:00 nobody would be there: Clara Zhao stands in for Max Huang; "
            "Max Huang stands in for Clara Zhao. Choose another deputy."
        )
        assert Absence.objects.count() == 1

    def test_allows_it_one_after_the_other(self, cast, supervisor, manager):
        plan(cast, supervisor, manager, first=1, last=3)
        plan(cast, manager, supervisor, first=3, last=5)
        assert duty.stand_in(manager, at=cast.at + 4 * HOUR) == supervisor

    @pytest.mark.parametrize("length", [3, 4, 9])
    def test_refuses_a_ring_of_any_length(self, cast, length):
        people = [cast.user("clerk", str(number)) for number in range(length)]
        for number in range(length - 1):
            plan(cast, people[number], people[number + 1], first=1 + number, last=20)
        with pytest.raises(Invalid, match="nobody would be there") as refused:
            plan(cast, people[-1], people[0], first=0, last=30)
        assert refused.value.message.count("stands in for") == length
        # The links overlap in the end only: before the last of them begins there is no ring.
        assert plan(cast, people[-1], people[0], first=0, last=length - 1).pk

    def test_allows_links_that_never_hold_at_once(self, cast):
        a, b, c = (cast.user("clerk", name) for name in "abc")
        plan(cast, a, b, first=1, last=3)
        plan(cast, b, c, first=3, last=5)
        assert plan(cast, c, a, first=1, last=9).pk

    @pytest.mark.django_db(transaction=True)
    def test_two_savings_at_once_make_none(self, cast):
        people = [cast.user("clerk", name) for name in "abcd"]
        for _round in range(5):
            Absence.objects.all().delete()
            answers = together(
                *[lambda i=i: plan(cast, people[i], people[(i + 1) % 4], first=1 + i, last=20) for i in range(4)]  # type: ignore[misc]
            )
            assert sorted(type(answer).__name__ for answer in answers) == ["Absence", "Absence", "Absence", "Invalid"]
            assert Absence.objects.count() == 3

    @pytest.mark.django_db(transaction=True)
    def test_one_person_is_absent_once_when_two_enter_it(self, cast):
        clerk = cast.user("clerk")
        answers = together(*[lambda i=i: plan(cast, clerk, first=i, last=20) for i in range(4)])  # type: ignore[misc]
        assert sorted(type(answer).__name__ for answer in answers) == ["Absence", "Invalid", "Invalid", "Invalid"]


@pytest.mark.django_db
@settings(max_examples=40, deadline=None)
@given(
    wishes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9), st.integers(1, 4)), max_size=9)
)
def test_whatever_is_accepted_leads_to_somebody(wishes: list[tuple[int, int, int, int]]) -> None:
    """Four clerks, each sometimes away: whoever has an unbroken line of deputies ends at somebody who is there."""
    with transaction.atomic():
        cast = Cast()
        people = [cast.user("clerk", name) for name in "abcd"]
        for one, deputy, first, hours in wishes:
            try:
                with transaction.atomic():
                    plan(cast, people[one], people[deputy], first=first, last=first + hours)
            except Invalid:
                continue
        for hour in range(14):
            at = cast.at + hour * HOUR
            assert all(duty.stand_in(one, at=at) is not None for one in people)
        transaction.set_rollback(True)


class TestDutyPlan:
    def test_replaces_the_people_of_that_day_and_role_alone(self, cast, supervisor, manager):
        day, by = cast.at.date() + DAY, cast.actor("supervisor")
        services_duty.set_duty(day, "supervisor", None, [supervisor, manager, manager], by, at=cast.at)
        services_duty.set_duty(day, "supervisor", cast.team, [manager], by, at=cast.at)
        services_duty.set_duty(day, "supervisor", None, [manager], by, at=cast.at)
        rows = Duty.objects.order_by("team").values_list("role", "team", "user__username", "made_by__username")
        assert list(rows) == [
            ("supervisor", cast.team.pk, "manager", "supervisor"),
            ("supervisor", None, "manager", "supervisor"),
        ]
        services_duty.set_duty(day, "supervisor", None, [], by, at=cast.at)
        assert Duty.objects.get().team == cast.team

    def test_refuses_the_past_the_far_future_and_who_does_not_answer(self, cast, manager):
        today, by = cast.at.date(), cast.actor("manager")
        for day, role, people, field in (
            (today - DAY, "manager", [manager], "date"),
            (today + 401 * DAY, "manager", [manager], "date"),
            (today, "clerk", [manager], "role"),
            (today, "manager", [cast.user("clerk")], "users"),
        ):
            with pytest.raises(Invalid) as refused:
                services_duty.set_duty(day, role, None, people, by, at=cast.at)
            assert refused.value.field == field
        with pytest.raises(Forbidden):
            services_duty.set_duty(today, "manager", None, [manager], cast.actor("clerk"), at=cast.at)
        assert not Duty.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_two_leaders_at_once_the_last_one_holds(self, cast):
        people, day = [cast.user("manager", name) for name in "abcd"], cast.at.date()
        together(
            *[lambda one=one: services_duty.set_duty(day, "manager", None, [one], SYSTEM, at=cast.at) for one in people]
        )  # type: ignore[misc]
        assert Duty.objects.count() == 1

    def test_shows_who_is_absent_on_the_day(self, cast, supervisor, manager):
        day = date(2026, 3, 5)
        services_duty.set_duty(day, "supervisor", cast.team, [supervisor, manager], SYSTEM, at=cast.at)
        row = away(supervisor, manager, of=cast.at + DAY, before=HOUR, after=HOUR)
        away(manager, of=cast.at)
        (watch,) = duty.plan(first=day, last=day)
        assert (watch.team, watch.role, watch.people) == (
            cast.team,
            Role.SUPERVISOR,
            [(supervisor, row), (manager, Absence.objects.get(user=manager))],
        )


class TestReaching:
    def reach(self, user: User, **more: Any) -> User:
        services_duty.set_quiet_hours(user, **({"quiet_from": None, "quiet_until": None} | more))
        return User.objects.get(pk=user.pk)

    def test_keeps_hours_and_ways(self, cast):
        user = self.reach(
            cast.user("clerk"), quiet_from=time(22), quiet_until=time(7), channels=["sms", "email"],
            phone="138 0000 4412", email="ana@example.com", wechat="ana",
        )  # fmt: skip
        assert (user.channels, user.phone, user.email, user.wechat) == (
            ["email", "sms"],
            "+8613800004412",
            "ana@example.com",
            "ana",
        )
        assert (user.quiet_from, user.quiet_until) == (time(22), time(7))

    @pytest.mark.parametrize(
        ("entered", "field"),
        [
            ({"quiet_from": time(22)}, "quiet_until"),
            ({"quiet_until": time(7)}, "quiet_from"),
            ({"quiet_from": time(7), "quiet_until": time(7)}, "quiet_until"),
            ({"channels": ["email"]}, "email"),
            ({"channels": ["sms"]}, "phone"),
            ({"channels": ["sms"], "phone": "021 6888 1234 转 12"}, "phone"),
            ({"phone": "12"}, "phone"),
            ({"channels": ["wechat"]}, "wechat"),
            ({"channels": ["pigeon"]}, "channels"),
        ],
    )
    def test_refuses_what_would_reach_nobody(self, cast, entered, field):
        with pytest.raises(Invalid) as refused:
            self.reach(cast.user("clerk"), **entered)
        assert [name for name, _code, _message in refused.value.errors] == [field]
        assert User.objects.get(username="clerk").channels == []

    def test_leaves_an_extension_as_it_was_entered(self, cast):
        clerk = cast.user("clerk")
        User.objects.filter(pk=clerk.pk).update(phone="8012")
        clerk.refresh_from_db()
        assert self.reach(clerk, phone="8012").phone == "8012"
        assert self.reach(clerk, phone="021 6888 1234 转 12").phone == "021 6888 1234 转 12"
