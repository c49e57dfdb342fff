"""Imports what web, workers and beat need, for the warm process that `hive up` forks them from."""

from __future__ import annotations

import importlib
import sys

import django

ASGI = (
    "uvicorn",
    "uvicorn.main",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.off",
)
CELERY = (
    "celery.bin.celery",
    "celery.apps.worker",
    "celery.apps.beat",
    "celery.concurrency.prefork",
    "celery.worker.consumer",
    "kombu.transport.redis",
    "hive.consumer",
    "django_celery_beat.schedulers",
    "django_celery_results.backends",
)

sys.modules["httpx._main"] = None  # type: ignore[assignment] # httpx's command line: 0.13 s and 10 MB for rich
django.setup()
for name in (*ASGI, *CELERY, "django.core.handlers.asgi", "hive.urls", "hive.celery"):
    importlib.import_module(name)

from hive.celery import app  # noqa: E402 - Django has to be set up first

app.loader.import_default_modules()
app.finalize()
