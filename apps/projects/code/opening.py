"""Which implementation is behind the port: named in the settings, as apps know no workers."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from apps.projects.code.port import Code
from apps.projects.models import Project


def code_of(project: Project) -> Code:
    """The project's repository; made where it has none yet."""
    return _opener(settings.CODE)(project)


@cache
def _opener(name: str) -> Any:
    return import_string(name)
