"""The administrator's pages."""

import pytest
from django.urls import reverse

from aftersales.accounts.models import PartnerKey, User
from tests.people import PASSWORD, Cast

pytestmark = pytest.mark.django_db

MODELS = [
    "accounts_user", "accounts_team", "accounts_region", "accounts_partner", "accounts_partnerkey",
    "customers_productmodel", "customers_contract",
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


@pytest.mark.parametrize("model", ["sla_calendar", "sla_policy"])
def test_shows_promises_and_changes_none(admin, cast, model):
    """They are changed on pages that show first what will follow."""
    assert admin.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:{model}_add")).status_code == 403
