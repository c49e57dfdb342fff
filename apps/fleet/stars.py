"""Stars: secrets become stars of the same length, so that an agent's offsets stay true.

The agent masks before it sends; this is the other end, for what it was not told: the project's other secrets, and
Hive's own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from django.conf import settings

from apps.events.masking import worth_masking
from apps.projects.models import Project
from apps.projects.secrets import values_to_mask
from apps.providers.configured import keys

HOLDS_S = 5.0  # then the secrets are read again: one may have been added
MOST_KEPT = 200


class Stars:
    def __init__(self, secrets: Iterable[str]) -> None:
        self.hidden = list(secrets)
        self._secrets = worth_masking(self.hidden)
        self._pattern = re.compile(b"|".join(re.escape(secret) for secret in self._secrets)) if self._secrets else None

    def cover(self, data: bytes) -> bytes:
        return self._pattern.sub(lambda found: b"*" * len(found[0]), data) if self._pattern else data

    def open_end(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of a secret whose rest has not come."""
        longest = max((len(secret) for secret in self._secrets), default=1) - 1
        for size in range(min(len(data), longest), 0, -1):
            tail = data[-size:]
            if any(len(secret) > size and secret.startswith(tail) for secret in self._secrets):
                return size
        return 0


_known: dict[int, tuple[float, Stars]] = {}


def stars_for(project_id: int) -> Stars:
    """Of one project; read from the database a few times a minute, not with every piece of output."""
    at, stars = _known.get(project_id, (0.0, None))
    if stars is None or time.monotonic() - at > HOLDS_S:
        project = Project.objects.get(pk=project_id)
        stars = Stars([*values_to_mask(project), *keys(), *settings.OWN_SECRETS])
        if len(_known) >= MOST_KEPT:
            _known.clear()
        _known[project_id] = time.monotonic(), stars
    return stars
