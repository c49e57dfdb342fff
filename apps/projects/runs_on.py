"""Where the tests of a project's tasks run, for specs that say nothing."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError

from apps.projects.agent_tags import MAX_TAGS, TAG_PATTERN


def check_runs_on(value: Any) -> None:
    """Raises ValidationError for anything but {} and {"testing": [tags]}."""
    tags = value.get("testing", []) if isinstance(value, dict) and set(value) <= {"testing"} else None
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        raise ValidationError(f'Write {{"testing": ["gpu"]}}, with up to {MAX_TAGS} tags, or {{}} for none.')
    for tag in tags:
        if not isinstance(tag, str) or not re.fullmatch(TAG_PATTERN, tag):
            raise ValidationError(f"{str(tag)[:60]!r} is no tag: use up to 40 of a-z, 0-9, `.`, `_` and `-`.")
