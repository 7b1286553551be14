"""The page of the API: …"""

from __future__ import annotations

import pytest

from tests.people import Cast


@pytest.mark.django_db(transaction=True)
def test_is_read_and_tried_under_our_own_policy(visitor, cast: Cast):
    page = visitor.open(None)
    strangers: list[str] = []
    page.on("request", lambda sent: strangers.append(sent.url) if not sent.url.startswith(visitor.base_url) else None)
    page.goto("/api/v1/docs/")
    page.locator("button.authorize").click()
    page.locator(".auth-container input").fill(cast.key())
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()
    kinds = page.locator("#operations-lists-list_kinds")
    kinds.locator(".opblock-summary-control").click()
    kinds.locator(".try-out__btn").click()
    kinds.locator(".execute").click()
    answer = kinds.locator(".live-responses-table")
    answer.wait_for()
    assert '"code": "installation"' in answer.inner_text()
    assert [url for url in strangers if not url.startswith("data:")] == []
