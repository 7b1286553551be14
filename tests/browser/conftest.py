"""Chromium in front of the real pages; `SCREENSHOTS=1` also keeps the pictures of the documentation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, sync_playwright

from aftersales.accounts.models import User

TOP = Path(__file__).resolve().parents[2]
AXE = TOP / "node_modules/axe-core/axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "No Chromium: `make test` installs Debian's."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """A person at a screen: signed in, in a language, at a size. Errors of the page's scripts fail the test."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.browser, self.base_url = browser, base_url
        self.contexts: list[Any] = []
        self.faults: list[str] = []

    def open(
        self,
        user: User | None,
        *,
        language: str = "en",
        size: dict[str, int] = DESKTOP,
        dark: bool = False,
        scripts: bool = True,
    ) -> Page:
        """A fresh window of this person's."""
        context = self.browser.new_context(
            base_url=self.base_url,
            viewport=size,
            color_scheme="dark" if dark else "light",  # type: ignore[arg-type]
            locale={"en": "en-GB", "zh-hans": "zh-CN", "zh-hant": "zh-TW"}[language],
            reduced_motion="reduce",
            has_touch=size == PHONE,
            timezone_id=settings.TIME_ZONE,
            java_script_enabled=scripts,
        )
        self.contexts.append(context)
        if user is not None:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": self.base_url}]
            )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda line: self.faults.append(f"{page.url}: {line.text}") if _is_fault(line) else None)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def _is_fault(line: Any) -> bool:
    """Refusals of the content security policy and script errors; an answer such as 422 is no fault of the page."""
    return line.type == "error" and "Failed to load resource" not in line.text and "/events/" not in line.text


def session_of(user: User) -> str:
    """A session as signing in makes it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    assert session.session_key
    return session.session_key


@pytest.fixture
def visitor(chromium: Browser, live_server: Any) -> Iterator[Visitor]:
    person = Visitor(chromium, live_server.url)
    yield person
    person.close()
    assert person.faults == []


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it stands (WCAG 2.2 A and AA)."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())  # through the debugger: the page's policy stays as it is
    found = page.evaluate(
        "async (rules) => (await axe.run(document, {runOnly: rules})).violations"
        ".filter(v => ['serious', 'critical'].includes(v.impact))"
        ".map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' | '))",
        ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    )
    return list(found)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth"))


def unfold(page: Page, card: str) -> None:
    """Open a card of a visit's page, unless it stands open."""
    if page.locator(card).get_attribute("open") is None:
        page.locator(f"{card} > summary").click()


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep a picture for the documentation when asked for."""

    def keep(page: Page, name: str) -> None:
        if os.environ.get("SCREENSHOTS"):
            folder = TOP / "docs" / "screenshots"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(folder / f"{name}.png"))

    return keep
