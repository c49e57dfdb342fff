"""The agent's credential: a file that nobody else reads, written as a whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Credential:
    server: str
    agent_id: int
    credential: str


def load(path: Path, server: str) -> Credential | None:
    """None where there is none for this server. A file that others may read is made private first."""
    try:
        path.chmod(0o600)
        kept = Credential(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return kept if kept.server == server else None


def save(path: Path, kept: Credential) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(kept), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
