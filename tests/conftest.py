"""What every test may ask for."""

from tests.people import cast

__all__ = ["cast"]
