"""Where the tests of a project's tasks run, and their commands, for specs that say nothing."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError

from apps.projects.agent_tags import MAX_TAGS, TAG_PATTERN


def check_runs_on(value: Any) -> None:
    """Raises ValidationError for anything but {}, {"testing": [tags]}, {"coding": [tags]} and both."""
    known = isinstance(value, dict) and set(value) <= {"testing", "coding"}
    lists: list[Any] = list(value.values()) if known else []
    if not known or not all(isinstance(tags, list) and len(tags) <= MAX_TAGS for tags in lists):
        raise ValidationError(f'Write {{"testing": ["gpu"]}}, with up to {MAX_TAGS} tags, or {{}} for none.')
    for tag in (tag for tags in lists for tag in tags):
        if not isinstance(tag, str) or not re.fullmatch(TAG_PATTERN, tag):
            raise ValidationError(f"{str(tag)[:60]!r} is no tag: use up to 40 of a-z, 0-9, `.`, `_` and `-`.")
