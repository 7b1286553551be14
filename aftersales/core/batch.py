"""Many new rows of one story in two round trips, and reading rows by a query that is built once.

A ticket with its customer, clocks, segments and first event is eleven rows. One `save` each costs the driver and the
building of the statement more than it costs the database; so their keys are drawn together, then all are written
together by statements that are kept a process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, connection, models
from django.db.models import Field, Model
from django.db.models.base import ModelState
from django.db.models.expressions import DatabaseDefault

from aftersales.core.errors import Refusal

Row = TypeVar("Row", bound=Model)


class Batch:
    """New rows in the order in which they refer to each other; they may refer to rows that have no key yet.

        batch.add(customer, site); number = batch.draw_keys("ticket_numbers")[0]; batch.write()

    The caller holds the transaction. A column with a default of the database takes it.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[Any, bool]] = []
        self._refusals: dict[str, Refusal] = {}

    def add(self, *rows: Model) -> None:
        """Have these rows written, after those added before."""
        self._rows += [(row, True) for row in rows]

    def add_leaves(self, *rows: Model) -> None:
        """The same for rows to which nothing refers: they get their keys unseen, and stay without here."""
        self._rows += [(row, False) for row in rows]

    def expect(self, constraint: str, refusal: Refusal) -> None:
        """Have this raised when the constraint of the database is what says no."""
        self._refusals[constraint] = refusal

    def draw_keys(self, *sequences: str) -> list[int]:
        """Give each row without a key its key, and draw a number of each named sequence. One query."""
        without = [row for row, keyed in self._rows if keyed and row.pk is None]
        names = [*sequences, *(_key_sequence(row.__class__) for row in without)]
        if not names:
            return []
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(["nextval(%s)"] * len(names)), names)
            drawn = cursor.fetchone()
        for row, key in zip(without, drawn[len(sequences) :], strict=True):
            row.pk = key
        return list(drawn[: len(sequences)])

    def write(self) -> None:
        """Insert everything added since the last time. One query, two when keys are still to be drawn."""
        self.draw_keys()
        statements: list[str] = []
        values: list[Any] = []
        for (model, keyed), group in groupby(self._rows, key=lambda entry: (entry[0].__class__, entry[1])):
            head, placeholders, columns = _statement(model, keyed)
            rows = [row for row, _keyed in group]
            statements.append(head + ", ".join([placeholders] * len(rows)))
            for row in rows:
                values += [value(row) for value in columns]
        if statements:
            self._execute("; ".join(statements), values)
        for row, _keyed in self._rows:
            row._state.adding = False
            row._state.db = connection.alias
        self._rows = []

    def _execute(self, sql: str, values: list[Any]) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
        except IntegrityError as error:
            for constraint, refusal in self._refusals.items():
                if constraint in str(error):
                    raise refusal from error
            raise


def fresh(model: type[Row], /, **given: Any) -> Row:
    """A new row as `model(**given)` makes it, in a fraction of the time: for those that are made by the dozen.

    `given` names fields and holds values of their own types; relations hold rows. No signal is sent.
    """
    row = model.__new__(model)
    row._state = ModelState()
    defaults, callables, relations = _defaults(model)
    values = {**defaults, **{name: default() for name, default in callables if name not in given}}
    for name, value in given.items():
        attname = relations.get(name)
        if attname is None:
            values[name] = value
        else:
            values[attname] = None if value is None else value.pk
            row._state.fields_cache[name] = value
    row.__dict__.update(values)
    return row


@cache
def _defaults(model: Any) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]], dict[str, str]]:
    """Constant defaults, those that are made anew for each row, and the column of each relation."""
    constant: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    for field in model._meta.concrete_fields:
        if field.has_default() and callable(field.default):
            made.append((field.attname, field.default))
        else:
            constant[field.attname] = field.get_default()
    relations = {field.name: field.attname for field in model._meta.concrete_fields if field.is_relation}
    return constant, made, relations


@cache
def _key_sequence(model: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [model._meta.db_table, model._meta.pk.column])
        return cursor.fetchone()[0]


@cache
def _statement(model: Any, keyed: bool) -> tuple[str, str, list[Callable[[Any], Any]]]:
    """The head of the INSERT, the placeholders of one row, and what reads each value from a row."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if not field.generated and not _left_to_the_database(field) and (keyed or not field.primary_key)
    ]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    head = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608 (names of columns)
    marks = [
        field.get_placeholder(None, None, connection) if hasattr(field, "get_placeholder") else "%s" for field in fields
    ]
    return head, f"({', '.join(marks)})", [_reader(field) for field in fields]


def _left_to_the_database(field: Field[Any, Any]) -> bool:
    return isinstance(field.get_default(), DatabaseDefault)


_PLAIN = (
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.IntegerField,
    models.DateField,
    ArrayField,  # of such
)


def _reader(field: Field[Any, Any]) -> Callable[[Any], Any]:
    """What reads the field's value from a row, as the driver takes it."""
    if isinstance(field, models.ForeignKey):
        attname = field.attname

        def key(row: Any) -> Any:
            # Of a row that had no key yet when it was assigned, the key is known by now.
            known = row.__dict__.get(attname)
            if known is None and field.is_cached(row):
                other = field.get_cached_value(row)
                known = row.__dict__[attname] = None if other is None else other.pk
            return known

        return key
    if (
        isinstance(field, _PLAIN)
        and not getattr(field, "auto_now_add", False)
        and not getattr(field, "auto_now", False)
    ):
        return attrgetter(field.attname)  # the driver writes such values as they are
    prepare, pre_save = field.get_db_prep_save, field.pre_save
    return lambda row: prepare(pre_save(row, True), connection)


class Lookup(Generic[Row]):
    """Rows of one model by SQL that is built once: building a query anew costs more than running it.

    `sql` has `{columns}` and `{table}`, and placeholders for the values given to each call.
    """

    def __init__(self, model: type[Row], sql: str) -> None:
        quote = connection.ops.quote_name
        table = quote(model._meta.db_table)
        fields = model._meta.concrete_fields
        self._model = model
        self._names = [field.attname for field in fields]
        self._sql = sql.format(
            columns=", ".join(f"{table}.{quote(str(field.column))}" for field in fields), table=table
        )

    def __call__(self, *values: Any) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, values)
            return [self._model.from_db(connection.alias, self._names, row) for row in cursor.fetchall()]
