"""How much an agent may say. What goes beyond is refused before it is looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence

TAGS = 50
TAG = re.compile(r"[a-z0-9][a-z0-9._/-]{0,59}")
NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
CAPABILITIES_BYTES = 8 * 1024
BODY_BYTES = 256 * 1024  # of a request with JSON
LOG_PIECE_BYTES = 4 * 1024 * 1024
SLOTS = 64
LEASES = 256
COMMANDS = 500  # of one order
FILES_AT_ONCE = 200
FILES = 2000
FILE_BYTES = 5 * 1024**3  # what S3 takes in one PUT, for an agent that knows no parts
PART_BYTES = 16 * 1024**2  # a larger file comes in parts of so many: what a broken line costs at most
PARTS_AT_ONCE = 64  # links in one answer


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Sorted, each once. Raises ValueError with a sentence."""
    if len(tags) > TAGS:
        raise ValueError(f"{len(tags)} tags; {TAGS} are possible.")
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise ValueError(f"{tag[:60]!r} is no tag: use up to 60 of a-z, 0-9, `.`, `_`, `/` and `-`.")
    return sorted(set(tags))
