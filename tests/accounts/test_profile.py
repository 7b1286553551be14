"""What people choose for themselves: language and password."""

import pytest
from django.conf import settings
from django.urls import reverse

from tests.people import PASSWORD, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(cast: Cast, client):
    user = cast.user("clerk")
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return user


def test_keeps_the_language_for_the_next_time(client, clerk):
    client.post(reverse("set_language"), {"language": "zh-hant", "next": "/profile/"})
    clerk.refresh_from_db()
    assert clerk.language == "zh-hant"
    client.logout()
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies
    client.post(reverse("login"), {"username": "clerk", "password": PASSWORD})
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hant"
    assert '<html lang="zh-Hant"' in client.get(reverse("profile")).content.decode()


def test_ignores_a_language_that_we_do_not_speak(client, clerk):
    client.post(reverse("set_language"), {"language": "xx"})
    clerk.refresh_from_db()
    assert clerk.language == ""
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies


def test_lets_strangers_switch_too(client):
    client.post(reverse("set_language"), {"language": "zh-hans", "next": reverse("login")})
    assert '<html lang="zh-Hans"' in client.get(reverse("login")).content.decode()


def test_changes_the_language_on_the_profile(client, clerk):
    assert client.post(reverse("profile"), {"language": "zh-hans"}).status_code == 302
    clerk.refresh_from_db()
    assert clerk.language == "zh-hans"
    assert client.post(reverse("profile"), {"language": "klingon"}).status_code == 422


def test_changes_the_password_and_stays_signed_in(client, clerk):
    new = "another-long-password-7"
    answer = client.post(reverse("profile"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert answer.status_code == 302
    clerk.refresh_from_db()
    assert clerk.check_password(new)
    assert client.get(reverse("profile")).status_code == 200


@pytest.mark.parametrize(
    ("old", "first", "second"),
    [
        ("wrong", "another-long-password-7", "another-long-password-7"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "another-long-password-7", "another-long-password-8"),
    ],
)
def test_refuses_a_bad_password_and_names_the_field(client, clerk, old, first, second):
    answer = client.post(reverse("profile"), {"old_password": old, "new_password1": first, "new_password2": second})
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    clerk.refresh_from_db()
    assert clerk.check_password(PASSWORD)
