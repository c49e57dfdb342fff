"""Ties Django's start to Celery: every Django process knows the Celery app before it sends its first message."""

from django.apps import AppConfig


class WiringConfig(AppConfig):
    name = "hive"
    verbose_name = "Hive"

    def ready(self) -> None:
        from hive import celery  # noqa: F401 - creating the app makes it the current one
