"""Many new rows of one story in two round trips: their keys are drawn together, then all are written together.

One INSERT a row costs the network and the driver more than the database: a ticket with its customer, clocks, segments
and first event is ten rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Model
from django.db.models.sql import InsertQuery


class Batch:
    """New rows in the order in which they refer to each other; they may refer to rows that have no key yet.

        batch.add(customer, site); number = batch.draw_keys("ticket_numbers")[0]; batch.write()

    The caller holds the transaction.
    """

    def __init__(self) -> None:
        self._rows: list[Any] = []

    def add(self, *rows: Model) -> None:
        """Have these rows written, after those added before."""
        self._rows += rows

    def draw_keys(self, *sequences: str) -> list[int]:
        """Give each row without a key its key, and draw a number of each named sequence. One query."""
        without = [row for row in self._rows if row.pk is None]
        names = [*sequences, *(_key_sequence(type(row)) for row in without)]
        if not names:
            return []
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(["nextval(%s)"] * len(names)), names)
            drawn = cursor.fetchone()
        for row, key in zip(without, drawn[len(sequences) :], strict=True):
            row.pk = key
        return list(drawn[: len(sequences)])

    def write(self) -> None:
        """Insert everything. One query, two when keys are still to be drawn."""
        self.draw_keys()
        statements: list[str] = []
        values: list[Any] = []
        for model, group in groupby(self._rows, key=type):
            sql, params = _insert(model, list(group))
            statements.append(sql)
            values += params
        if statements:
            with connection.cursor() as cursor:
                cursor.execute("; ".join(statements), values)
        for row in self._rows:
            row._state.adding = False
            row._state.db = connection.alias
        self._rows = []


@cache
def _key_sequence(model: type[Model]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [model._meta.db_table, model._meta.pk.column])
        return cursor.fetchone()[0]


def _insert(model: type[Model], rows: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    for row in rows:
        row._prepare_related_fields_for_save(operation_name="save")  # keys of rows that had none when assigned
    query = InsertQuery(model)
    query.insert_values([field for field in model._meta.concrete_fields if not field.generated], rows)
    return query.get_compiler(connection=connection).as_sql()[0]
