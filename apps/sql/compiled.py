"""Compiled: a query of Django's whose SQL is made once per process.

Django makes the SQL of a query anew each time that it is asked, which takes several times what the database takes to
answer it: 0.5 of 0.6 ms for an API key with its person.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection, connections
from django.db.models import QuerySet
from django.db.models.query import ModelIterable

from apps.sql.execute import at

Kind = type[str] | type[int] | type[datetime]
FIRST_NUMBER = 1_900_000_001


class _Statement(NamedTuple):
    compiler: Any
    sql: str
    params: list[tuple[int | None, Any]]  # which value stands there, or None and what always does


class Compiled:
    """`build` makes the query of its parameters, whose kinds are named beside it.

        WAITING = Compiled(lambda now: Job.objects.filter(queued_at__lt=now), datetime)
        WAITING.instances(clock.now())

    It is called once, with stand-ins for them; what is asked later puts its own values in their places. So what it
    makes must depend on nothing else: `build` is a function of a module, never one that closes over a request. The
    database plans the query each time: of a plan that is kept for what goes through many rows, it is not known that
    they have become many.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: Kind) -> None:
        self._build = build
        self._stand_ins = [_stand_in(kind, place) for place, kind in enumerate(kinds)]
        self._known: dict[str, _Statement] = {}

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """As the database gives them, for a query that ends in values_list(): JSON as text."""
        statement = self._statement(values)
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, _filled(statement, values))
            return list(cursor.fetchall())

    def instances(self, *values: Any) -> list[Any]:
        """Of the query's model, with what select_related() joins to them."""
        statement = self._statement(values)
        return list(ModelIterable(_Asked(statement, _filled(statement, values))))  # type: ignore[arg-type]

    def _statement(self, values: Sequence[Any]) -> _Statement:
        if len(values) != len(self._stand_ins):
            raise TypeError(f"{len(self._stand_ins)} parameters are wanted, not {len(values)}.")
        return self._known.get(connection.vendor) or self._compile()

    def _compile(self) -> _Statement:
        query = self._build(*self._stand_ins)
        compiler = query.query.get_compiler(using=query.db)
        sql, params = compiler.as_sql()
        marks = [_adapted(one) for one in self._stand_ins]
        places = [(marks.index(one) if one in marks else None, one) for one in params]
        if unused := set(range(len(marks))).difference(place for place, _ in places):
            raise TypeError(f"The parameters {sorted(unused)} do not stand in the query as they are.")
        found = self._known[connection.vendor] = _Statement(compiler, sql, places)
        return found


class _Asked:
    """What Django's ModelIterable asks of a query set, with the SQL at hand."""

    _known_related_objects: dict[Any, Any] = {}

    def __init__(self, statement: _Statement, params: Sequence[Any]) -> None:
        self.db, self.query = statement.compiler.using, self
        self._compiler = copy.copy(statement.compiler)  # each thread has its own connection
        self._compiler.connection = connections[self.db]
        self._compiler.as_sql = lambda: (statement.sql, tuple(params))

    def get_compiler(self, using: str) -> Any:  # noqa: ARG002 - Django's signature
        return self._compiler


def _stand_in(kind: Kind, place: int) -> Any:
    """A value that stands nowhere else in a query."""
    if kind is datetime:
        return datetime(1, 1, 2 + place, tzinfo=UTC)
    return f"\x1f{place}" if kind is str else FIRST_NUMBER + place


def _adapted(value: Any) -> Any:
    return at(value) if isinstance(value, datetime) else value


def _filled(statement: _Statement, values: Sequence[Any]) -> list[Any]:
    return [fixed if place is None else _adapted(values[place]) for place, fixed in statement.params]
