"""What every test may ask for."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from tests.people import cast

__all__ = ["cast"]


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A page that a test opened leaves its language to the thread: the next test begins with the house's own."""
    yield
    translation.deactivate()
