"""A job's files, brought into a folder: under names that stay in it, and only if they are what Hive says."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from hive.ci.client import CannotAsk, Client

WANTED = ("file", "report")
NEVER = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class BadName(ValueError):
    """A name that would not stay in its folder, or not be what it says on another system."""


def safe_parts(name: str) -> tuple[str, ...]:
    """The folders and the file on the way; a name is somebody else's words. Raises BadName."""
    parts = PurePosixPath(name).parts
    bad = not parts or name.startswith("/") or NEVER.search(name) or ".." in name.split("/")
    if bad or any(RESERVED.fullmatch(part) or part.endswith((".", " ")) for part in parts):
        raise BadName(f"{name[:200]!r} is not a name that is written to this disk.")
    if any(part.lower() == ".git" for part in parts):
        raise BadName(f"{name[:200]!r} would write into a repository.")
    return parts


def fetch_all(client: Client, status: Any, folder: Path) -> Iterator[str]:
    """Each file's name as it is there; of several cells, in a folder per cell. Raises BadName, CannotAsk, OSError."""
    keys = {cell["job"]: cell["key"] for cell in status["cells"]}
    several = len([cell for cell in status["cells"] if cell["key"] != "package"]) > 1
    for artifact in client.pages(f"ci/jobs/{status['id']}/artifacts"):
        if artifact["kind"] in WANTED and artifact["job"] in keys:
            cell = (keys[artifact["job"]],) if several else ()
            parts = (*cell, *safe_parts(artifact["name"]))
            fetch(client, status["id"], artifact, folder, parts)
            yield "/".join(parts)


def fetch(client: Client, run: int, artifact: Any, folder: Path, parts: tuple[str, ...]) -> None:
    place = _place(folder, parts)
    link = client.get(f"runs/{run}/artifacts/{artifact['id']}/download", info="true")["url"]
    fresh = place.with_name(f".{secrets.token_hex(8)}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with fresh.open("xb") as file:
            for piece in client.download(link):
                size += len(piece)
                digest.update(piece)
                file.write(piece)
        if (size, digest.hexdigest()) != (artifact["size_bytes"], artifact["sha256"]):
            raise CannotAsk(f"{artifact['name']} arrived damaged: {size} bytes, which are not those that Hive kept.")
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)


def _place(folder: Path, parts: tuple[str, ...]) -> Path:
    """Where the file goes. A folder on the way that is a link is not followed: it may have been put there."""
    folder.mkdir(parents=True, exist_ok=True)
    at = Path(os.path.realpath(folder))
    for part in parts[:-1]:
        at = at / part
        at.mkdir(exist_ok=True)
        if at.is_symlink():
            raise BadName(f"{at} is a link; what is downloaded does not go through it.")
    return at / parts[-1]
