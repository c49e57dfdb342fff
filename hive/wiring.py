"""Ties Django's start to Celery: every Django process knows the Celery app before it sends its first message."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


class WiringConfig(AppConfig):
    name = "hive"
    verbose_name = "Hive"

    def ready(self) -> None:
        from hive import celery  # noqa: F401 - creating the app makes it the current one

        pre_migrate.connect(take_the_time_it_needs, dispatch_uid="hive")


def take_the_time_it_needs(using: str, **_: Any) -> None:
    """An index on a large table takes longer than any statement of the daily work may."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
