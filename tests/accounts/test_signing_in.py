"""Signing in, being sent home, being locked out."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.people import PASSWORD, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(cast: Cast):
    user = cast.user("clerk")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, password: str = PASSWORD, **more: str):
    return client.post(reverse("login"), {"username": "clerk", "password": password, **more})


def test_signs_in_and_changes_the_session_key(client, clerk):
    client.get(reverse("desk"))
    client.session["before"] = 1
    before = client.session.session_key
    answer = sign_in(client)
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("home")
    assert client.session.session_key != before


def test_signs_out_by_post_alone(client, clerk):
    client.force_login(clerk)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).headers["Location"] == reverse("login")
    assert client.get(reverse("desk")).status_code == 302


def test_refuses_a_wrong_password_without_saying_which_part_was_wrong(client, clerk):
    wrong = sign_in(client, "not it").content.decode()
    unknown = client.post(reverse("login"), {"username": "nobody", "password": "x"}).content.decode()
    assert "data-form-errors" in wrong
    assert "data-form-errors" in unknown


def test_refuses_somebody_who_left(client, clerk):
    clerk.is_active = False
    clerk.save()
    assert "data-form-errors" in sign_in(client).content.decode()


@pytest.mark.parametrize(
    ("to", "where"),
    [
        ("/search/?q=4412", "/search/?q=4412"),
        ("/tickets/T20260304-00001/", "/tickets/T20260304-00001/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("///evil.example/", "/"),
        ("http:///evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("", "/"),
    ],
)
def test_leads_back_to_our_own_pages_only(client, clerk, to, where):
    assert sign_in(client, next=to).headers["Location"] == where
    switched = client.post(reverse("set_language"), {"language": "en", "next": to})
    assert switched.headers["Location"] == where


def test_locks_after_five_failures_and_says_until_when(client, clerk):
    for _attempt in range(4):
        assert sign_in(client, "not it").status_code == 200
    locked = sign_in(client, "not it")
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 15 * 60
    assert "You can try again" in locked.content.decode()
    assert sign_in(client).status_code == 429  # the right password does not open it either


def test_locks_in_the_readers_language(client, clerk):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    for _attempt in range(5):
        locked = sign_in(client, "not it")
    assert locked.status_code == 429
    assert '<html lang="zh-Hans"' in locked.content.decode()


def test_locks_nobody_else(client, clerk, cast):
    other = cast.user("dispatcher")
    other.set_password(PASSWORD)
    other.save()
    for _attempt in range(5):
        sign_in(client, "not it")
    answer = client.post(reverse("login"), {"username": "dispatcher", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("clerk", ["desk"]),
        ("dispatcher", ["desk"]),
        ("officer", ["desk"]),
        ("archivist", ["desk"]),
        ("technician", ["my_day", "inbox"]),
        ("supervisor", ["dashboard", "desk"]),
        ("manager", ["dashboard", "desk"]),
        ("admin", ["admin:index"]),
    ],
)
def test_sends_each_role_home(client, cast, role, names):
    from django.urls import NoReverseMatch

    client.force_login(cast.user(role))
    for name in names:
        try:
            home = reverse(name)
            break
        except NoReverseMatch:
            continue
    assert client.get(reverse("home")).headers["Location"] == home


@pytest.mark.parametrize("name", ["home", "desk", "search", "inbox", "profile"])
def test_asks_strangers_to_sign_in(client, cast, name):
    answer = client.get(reverse(name))
    assert answer.headers["Location"] == f"{reverse('login')}?next={reverse(name)}"
