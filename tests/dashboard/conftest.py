"""A signed-in browser for anybody of the cast; days that are over are asked anew in each test."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def browser(cast):
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(cast.actor(role).user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
