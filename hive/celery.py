"""The Celery app. Tasks are found in workers/<role>/tasks.py."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")

app = Celery("hive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks([f"workers.{role}" for role in ("manager", "coding", "testing", "deployment", "monitoring")])
