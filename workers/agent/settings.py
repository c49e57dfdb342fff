"""What the agent is told: by flags, before the environment (HIVE_AGENT_…), before a file (TOML)."""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

PREFIX = "HIVE_AGENT_"
FILES = (Path("~/.config/hive/agent.toml"), Path("/etc/hive/agent.toml"))
MIB = 1024 * 1024


class BadSettings(ValueError):
    """Something that the agent was told cannot be read."""


@dataclass(frozen=True)
class Settings:
    """`home`: credential, output on its way, scratch space, caches. One agent per home."""

    server: str
    token: str = ""
    name: str = ""
    tags: tuple[str, ...] = ()
    slots: int = 1
    home: Path = Path("~/.local/share/hive-agent")
    sandbox: str = ""  # bubblewrap, docker or process; empty: the best that works here
    images: tuple[str, ...] = ("debian:*", "python:*")
    min_free_mb: int = 512
    cache_mb: int = 2048

    @property
    def credential(self) -> Path:
        return self.home / "credential.json"

    @property
    def jobs(self) -> Path:
        return self.home / "jobs"

    @property
    def scratch(self) -> Path:
        return self.home / "work"

    @property
    def caches(self) -> Path:
        return self.home / "caches"

    @property
    def min_free_bytes(self) -> int:
        return self.min_free_mb * MIB


def read_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ, file: Path | None = None
) -> Settings:
    """Flags that are None were not given. Raises BadSettings with a sentence."""
    told = {**_of_file(file), **_of_environment(environ), **{k: v for k, v in flags.items() if v is not None}}
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(set(told) - known):
        raise BadSettings(f"There is no setting {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    try:
        values = {name: READ.get(name, str)(value) for name, value in told.items()}
    except (TypeError, ValueError) as error:
        raise BadSettings(f"A setting cannot be read: {error}.") from None
    server = str(values.get("server", "")).rstrip("/")
    if not server.startswith(("http://", "https://")):
        raise BadSettings("Say where Hive is: --server https://hive.example.org, or HIVE_AGENT_SERVER.")
    if not 1 <= values.get("slots", 1) <= 64:
        raise BadSettings("An agent has 1 to 64 slots.")
    return Settings(**{"name": socket.gethostname(), **values, "server": server, "home": _home(values)})


def _home(values: Mapping[str, Any]) -> Path:
    return Path(values.get("home", Settings.home)).expanduser().resolve()


def _words(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(str(part).strip() for part in parts if str(part).strip())


READ: dict[str, Any] = {
    "tags": _words,
    "images": _words,
    "slots": int,
    "min_free_mb": int,
    "cache_mb": int,
    "home": Path,
}


def _of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = [field.name for field in fields(Settings)]
    found = {name: environ[f"{PREFIX}{name.upper()}"] for name in names if environ.get(f"{PREFIX}{name.upper()}")}
    if not found.get("token") and (source := environ.get(f"{PREFIX}TOKEN_FILE")):
        found["token"] = _text(Path(source)).strip()
    return found


def _of_file(file: Path | None) -> dict[str, Any]:
    for path in [file] if file else [path.expanduser() for path in FILES]:
        if file or path.exists():
            try:
                return tomllib.loads(_text(path))
            except tomllib.TOMLDecodeError as error:
                raise BadSettings(f"{path} is not TOML: {error}.") from None
    return {}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise BadSettings(f"{path} cannot be read: {error.strerror}.") from None
