"""Every record, in one transaction of the target: all of it is there, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connections, models, transaction

from hive.cli.failure import Failure
from hive.moving.lines import Reader, line
from hive.moving.tables import Sum, Sums, all_models, columns, rows, sum_of
from hive.moving.target import SOURCE, TARGET, moved_before, refuse_foreign_data, write_mark

LOCK = 0x48495645  # of two that move to the same database, the second waits, and finds it full

Tell = Callable[[str, int], None]


def move_records(mark: str, tell: Tell | None = None) -> dict[str, Sum] | None:
    """Copy, compare, and commit; None where somebody else did just now. Nobody writes to the source meanwhile.

    `tell` hears of each table, and how many rows it had.
    """
    moved = {}
    with (
        transaction.atomic(using=SOURCE),
        transaction.atomic(using=TARGET),
        connections[TARGET].cursor() as cursor,
    ):
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if moved_before(mark):
            return None
        refuse_foreign_data()
        tables = [connections[TARGET].ops.quote_name(model._meta.db_table) for model in all_models()]
        cursor.execute(f"TRUNCATE {', '.join(tables)}")  # what migrations made: the source has it under its own ids
        for model in all_models():
            copied = _copy(cursor, model)
            _compare(model, copied, sum_of(model, TARGET))
            _continue_numbers(cursor, model)
            moved[model._meta.db_table] = copied
            if tell:
                tell(model._meta.db_table, copied.rows)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # every reference leads somewhere
        write_mark(cursor, mark)
    with connections[TARGET].cursor() as cursor:
        cursor.execute("ANALYZE")
    return moved


def _copy(cursor: Any, model: type[models.Model]) -> Sum:
    fields, sums = columns(model), Sums()

    def lines() -> Iterator[str]:
        for row in rows(model, SOURCE):
            sums.add(row)
            yield line(fields, row)

    quote = connections[TARGET].ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    cursor.copy_expert(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN", Reader(lines()))
    return sums.sum


def _compare(model: type[models.Model], sent: Sum, arrived: Sum) -> None:
    if sent != arrived:
        raise Failure(
            f"{model._meta.db_table}: {sent.rows} rows were sent and {arrived.rows} arrived, or they differ "
            f"(SHA-256 {sent.sha256[:12]} and {arrived.sha256[:12]}). Nothing was kept; please report this.",
            exit_code=1,
        )


def _continue_numbers(cursor: Any, model: type[models.Model]) -> None:
    """Where the source would go on: numbers of deleted rows are not given again, as the keys of logs have them."""
    key, table = model._meta.auto_field, model._meta.db_table
    if key is None:
        return
    with connections[SOURCE].cursor() as source:
        source.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = source.fetchone()
    if found and found[0]:
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [f'"{table}"', key.column, found[0]])
