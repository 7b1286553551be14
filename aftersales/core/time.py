"""The one clock of the house: the database's."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Read the database's clock (UTC, microseconds), so that a machine whose own clock is wrong changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
