"""The leaders' page of absences and the duty plan, and what people enter about themselves on their profile."""

from datetime import date, time, timedelta

import pytest
from django.urls import reverse

from aftersales.accounts import duty, services_duty
from aftersales.accounts.actors import SYSTEM
from aftersales.accounts.models import Absence, Duty, Team, User
from aftersales.core.time import now
from tests.people import Cast

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LOCAL = "%Y-%m-%dT%H:%M"


def window(first: int = 1, last: int = 2) -> dict[str, str]:
    """What a browser sends for an absence from midnight to midnight, so many days from now."""
    today = duty.today(now())
    return {
        "starts_at": duty.midnight(today + first * DAY).strftime(LOCAL),
        "ends_at": duty.midnight(today + last * DAY).strftime(LOCAL),
    }


def absence(user: User, deputy: User | None = None, **more: object) -> Absence:
    values = {"starts_at": now() + DAY, "ends_at": now() + 2 * DAY, **more}
    return Absence.objects.create(user=user, deputy=deputy, **values)


@pytest.fixture
def leader(cast: Cast, client) -> User:
    client.force_login(cast.user("supervisor"))
    return cast.user("supervisor")


class TestProfile:
    @pytest.fixture
    def clerk(self, cast: Cast, client) -> User:
        client.force_login(cast.user("clerk"))
        return cast.user("clerk")

    def test_keeps_how_one_is_told(self, client, clerk):
        entered = {
            "what": "reaching",
            "channels": ["email"],
            "email": "a@example.com",
            "quiet_from": "22:00",
            "quiet_until": "07:00",
        }
        assert client.post("/profile/", entered).status_code == 302
        clerk.refresh_from_db()
        assert (clerk.channels, clerk.email) == (["email"], "a@example.com")
        assert (clerk.quiet_from, clerk.quiet_until) == (time(22), time(7))
        assert 'value="22:00"' in client.get("/profile/").content.decode()

    @pytest.mark.parametrize(
        "entered",
        [{"channels": "email"}, {"channels": "x"}, {"quiet_from": "25:99"}, {"email": "x"}, {"phone": "\x00"}],
    )
    def test_names_the_field_that_is_wrong(self, client, clerk, entered):
        answer = client.post("/profile/", {"what": "reaching", **entered})
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.content.decode()
        clerk.refresh_from_db()
        assert (clerk.channels, clerk.email, clerk.quiet_from) == ([], "", None)

    def test_plans_and_ends_ones_own_absence(self, client, clerk, cast):
        other = cast.user("clerk", "b")
        answer = client.post("/profile/", {"what": "absence", **window(), "deputy": other.pk, "reason": "leave"})
        assert answer.status_code == 302
        row = Absence.objects.get()
        assert (row.user, row.deputy, row.reason, row.made_by) == (clerk, other, "leave", clerk)
        assert "Ana Chen b is told instead" in client.get("/profile/").content.decode()
        assert client.post(reverse("absence_end", args=[row.pk])).headers["Location"] == "/profile/"
        assert not Absence.objects.exists()

    def test_shows_a_ring_beside_the_deputy(self, client, clerk, cast):
        other = cast.user("clerk", "b")
        absence(other, clerk, starts_at=now(), ends_at=now() + 9 * DAY)
        answer = client.post("/profile/", {"what": "absence", **window(), "deputy": other.pk})
        assert answer.status_code == 422
        assert "Ana Chen stands in for Ana Chen b" in answer.content.decode()
        assert Absence.objects.count() == 1

    @pytest.mark.parametrize(
        "entered",
        [
            {},
            {"starts_at": "x", "ends_at": "x"},
            {"starts_at": "0001-01-01T00:00", "ends_at": "9999-12-31T23:59"},
            {"starts_at": "9999-12-31T23:58", "ends_at": "9999-12-31T23:59", "deputy": "99"},
        ],
    )
    def test_refuses_times_that_are_none(self, client, clerk, entered):
        assert client.post("/profile/", {"what": "absence", **entered}).status_code == 422
        assert not Absence.objects.exists()

    def test_ends_nobody_elses(self, client, clerk, cast):
        row = absence(cast.user("clerk", "b"))
        assert client.post(reverse("absence_end", args=[row.pk])).status_code == 404
        assert Absence.objects.count() == 1


class TestDutyPage:
    def test_shows_who_is_away_and_who_stands_in(self, client, leader, cast):
        far = User.objects.create(username="far", name="Far Clerk", role="clerk")
        absence(cast.user("clerk"), cast.user("clerk", "b"), starts_at=now() - DAY, reason="a cold")
        absence(far, reason="private matters")
        absence(cast.user("officer"), starts_at=now() + 61 * DAY, ends_at=now() + 62 * DAY)
        page = client.get("/duty/").content.decode()
        assert "absent now" in page
        assert "Ana Chen b is told instead" in page
        assert "without a deputy" in page
        assert "a cold" in page
        assert "private matters" not in page  # of a colleague of another team
        assert page.count("End the absence") == 1
        assert client.get("/duty/").context["absences"][0][1:] == (True, True)
        assert len(client.get("/duty/").context["absences"]) == 2

    def test_plans_an_absence_of_the_team(self, client, leader, cast):
        clerk = cast.user("clerk")
        answer = client.post("/duty/", {"what": "absence", "user": clerk.pk, **window(), "deputy": leader.pk})
        assert answer.headers["Location"] == "/duty/"
        row = Absence.objects.get()
        assert (row.user, row.deputy, row.made_by) == (clerk, leader, leader)
        ended = client.post(reverse("absence_end", args=[row.pk]), {"from": "duty"})
        assert ended.headers["Location"] == "/duty/"

    def test_offers_a_supervisor_the_own_team_alone(self, client, leader, cast):
        far = User.objects.create(username="far", name="Far Clerk", role="clerk")
        answer = client.post("/duty/", {"what": "absence", "user": far.pk, **window()})
        assert answer.status_code == 422
        assert list(answer.context["absence"].errors) == ["user"]
        assert not Absence.objects.exists()

    def test_sets_changes_and_removes_a_day(self, client, leader, cast):
        manager, day = cast.user("manager"), duty.today(now()) + 3 * DAY
        entered = {"what": "day", "date": day.isoformat(), "role": "supervisor", "team": cast.team.pk}
        assert client.post("/duty/", {**entered, "users": [leader.pk, manager.pk]}).status_code == 302
        assert list(Duty.objects.values_list("user", flat=True).order_by("user")) == [leader.pk, manager.pk]
        page = client.get(f"/duty/?change={day.isoformat()}.supervisor.east")
        assert page.context["chosen"].date == day
        assert page.content.decode().count('name="users"') == page.content.decode().count(" checked") == 2
        assert client.post("/duty/", entered).status_code == 302
        assert not Duty.objects.exists()

    @pytest.mark.parametrize(
        "entered",
        [
            {},
            {"date": "2020-01-01"},
            {"date": "9999-12-31"},
            {"date": "soon"},
            {"role": "clerk"},
            {"users": "0"},
            {"team": "x"},
        ],
    )
    def test_names_what_is_wrong_with_a_day(self, client, leader, entered):
        good = {"what": "day", "date": duty.today(now()).isoformat(), "role": "manager", "users": leader.pk}
        answer = client.post("/duty/", {**good, **entered} if entered else {"what": "day"})
        assert answer.status_code == 422
        assert "data-form-errors" in answer.content.decode()
        assert not Duty.objects.exists()

    def test_shows_sixty_days_and_the_rest_when_asked(self, client, leader, cast):
        today = duty.today(now())
        for days in (1, 60, 61, 300):
            services_duty.set_duty(today + days * DAY, "supervisor", None, [leader], SYSTEM)
        page = client.get("/duty/")
        assert ([watch.date for watch in page.context["watches"]], page.context["later"]) == (
            [today + DAY, today + 60 * DAY],
            2,
        )
        assert len(client.get("/duty/?all").context["watches"]) == 4

    def test_asks_as_often_for_many_days_as_for_few(self, client, leader, cast, django_assert_num_queries):
        teams = [cast.team, Team.objects.create(code="far", name_en="Far")]
        for days in range(1, 30):
            day = duty.today(now()) + days * DAY
            Duty.objects.bulk_create(Duty(date=day, role="supervisor", team=team, user=leader) for team in teams)
            absence(leader, starts_at=now() + days * DAY, ends_at=now() + (days + 0.5) * DAY)
        with django_assert_num_queries(12):
            client.get("/duty/")

    def test_stands_in_the_navigation_of_leaders(self, client, leader, cast):
        assert 'href="/duty/"' in client.get("/desk/").content.decode()
        client.force_login(cast.user("clerk"))
        assert 'href="/duty/"' not in client.get("/desk/").content.decode()

    def test_reads_a_day_of_the_year_in_the_readers_language(self, client, leader):
        Duty.objects.create(date=date(duty.today(now()).year + 1, 1, 1), role="manager", user=leader)
        page = client.get("/duty/?all", headers={"accept-language": "zh-TW"}).content.decode()
        assert f"{duty.today(now()).year + 1}-01-01" in page
        assert '<html lang="zh-Hant"' in page
