"""Under which name a model calls a server's tool: one that says whose it is, and that every provider takes."""

from __future__ import annotations

import hashlib
import re

LONGEST = 64
PREFIX = "mcp__"


def called(server: str, tool: str) -> str:
    """mcp__server__tool; what had to be changed or cut ends in a mark of its own, so that no two are the same."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", tool)
    name = f"{PREFIX}{server}__{plain}"
    if plain == tool and len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 7]}_{hashlib.sha256(tool.encode(errors='replace')).hexdigest()[:6]}"
