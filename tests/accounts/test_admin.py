"""The administrator's pages."""

import pytest
from django.urls import reverse

from aftersales.accounts.models import PartnerKey, User
from tests.people import PASSWORD, Cast
from tickets.sla.models import Calendar, Policy

pytestmark = pytest.mark.django_db

MODELS = [
    "accounts_user", "accounts_team", "accounts_region", "accounts_partner", "accounts_partnerkey",
    "customers_productmodel", "sla_calendar", "sla_policy",
]  # fmt: skip


@pytest.fixture
def admin(cast: Cast, client):
    client.force_login(cast.user("admin"))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_adds(admin, cast, model):
    _made = cast.key(), cast.model, cast.far_region
    assert admin.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:{model}_add")).status_code == 200


@pytest.mark.parametrize("model", ["accounts_absence", "accounts_duty"])
def test_shows_absences_and_the_duty_plan_and_changes_neither(admin, model):
    assert admin.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:{model}_add")).status_code == 403


def test_refuses_every_other_role_and_asks_strangers_to_sign_in(client, cast):
    client.force_login(cast.user("manager"))
    assert client.get("/admin/", follow=True).status_code == 403
    client.logout()
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/login/?next=%2Fadmin%2F"


def test_makes_a_user_with_a_role_and_a_password(admin, cast):
    fields = {
        "username": "new", "name": "New Clerk", "role": "clerk", "team": cast.team.pk, "usable_password": "true",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    assert admin.post(reverse("admin:accounts_user_add"), fields).status_code == 302
    user = User.objects.get(username="new")
    assert (user.role, user.team) == ("clerk", cast.team)
    assert user.check_password(PASSWORD)
    assert admin.get(reverse("admin:accounts_user_change", args=[user.pk])).status_code == 200


def test_shows_a_new_key_once(admin, cast):
    fields = {
        "partner": cast.partner.pk,
        "label": "ERP",
        "scopes": ["tickets.read"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
    answer = admin.post(reverse("admin:accounts_partnerkey_add"), fields)
    key = PartnerKey.objects.get()
    secret = answer.content.decode().split('id="secret">')[1].split("<")[0]
    assert secret.startswith(f"ask_{key.prefix}_")
    assert key.scopes == ["tickets.read"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in admin.get(reverse("admin:accounts_partnerkey_changelist")).content.decode()


def test_revokes_a_key(admin, cast):
    cast.key()
    key = PartnerKey.objects.get()
    admin.post(reverse("admin:accounts_partnerkey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_makes_a_new_version_of_a_policy_that_was_promised_by(admin, cast):
    clock = cast.ticket().clocks.get(target="response")
    old = clock.policy
    fields = {
        "target": "response", "rule": "R03", "span": "02:00:00", "calendar": old.calendar_id, "kind": "", "channel": "",
        "grade": "", "region": "", "home_region": "unknown", "vip": "unknown", "warn_at_percent": "75",
    }  # fmt: skip
    assert admin.post(reverse("admin:sla_policy_change", args=[old.pk]), fields).status_code == 302
    old.refresh_from_db()
    new = Policy.objects.get(target="response", current=True, vip=None)
    assert (old.current, old.version, str(old.span)) == (False, 1, "1:00:00")
    assert (new.version, str(new.span)) == (2, "2:00:00")
    clock.refresh_from_db()
    assert clock.policy == old


def test_refuses_a_second_policy_for_the_same_conditions(admin, cast):
    calendar = Calendar.objects.get(code="service-hours")
    fields = {
        "target": "response", "rule": "R03", "span": "02:00:00", "calendar": calendar.pk, "kind": "", "channel": "",
        "grade": "", "region": "", "home_region": "unknown", "vip": "unknown", "warn_at_percent": "75",
    }  # fmt: skip
    answer = admin.post(reverse("admin:sla_policy_add"), fields)
    assert answer.status_code == 200
    assert "There is a policy for the same target" in answer.content.decode()


@pytest.mark.parametrize("week", ["[]", "[[],[],[],[],[],[],[]]", '[[["25:00","26:00"]],[],[],[],[],[],[]]', '"x"'])
def test_refuses_a_calendar_that_stops_every_clock(admin, cast, week):
    fields = {
        "code": "odd", "name_en": "Odd", "zone": "Asia/Shanghai", "week": week, "days-TOTAL_FORMS": "0",
        "days-INITIAL_FORMS": "0",
    }  # fmt: skip
    answer = admin.post(reverse("admin:sla_calendar_add"), fields)
    assert answer.status_code == 200
    assert not Calendar.objects.filter(code="odd").exists()


def test_keeps_the_hours_of_a_calendar_in_use(admin, cast):
    calendar = cast.ticket().clocks.get(target="response").policy.calendar
    page = admin.get(reverse("admin:sla_calendar_change", args=[calendar.pk])).content.decode()
    assert 'name="name_en"' in page
    assert 'name="week"' not in page
