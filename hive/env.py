"""Every setting that Hive reads from the environment: one name, one default, one line of explanation.

`docs/configuration.md` is checked against this table. A value that cannot be read stops the start with a sentence that
says which variable, what it held and what it may hold.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BadSetting(ValueError):
    """A variable of the environment holds something that Hive cannot read."""


def text(value: str) -> str:
    return value


def number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadSetting("use a whole number") from None


def seconds(value: str) -> float:
    try:
        parsed = float(value)
    except ValueError:
        raise BadSetting("use a number of seconds, such as 30 or 0.5") from None
    if parsed < 0:
        raise BadSetting("use zero or more seconds")
    return parsed


def rate(value: str) -> tuple[int, int]:
    """How often per how many seconds, from `1200/min`."""
    units = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
    count, _, unit = value.partition("/")
    if not count.strip().isdecimal() or unit.strip() not in units:
        raise BadSetting("use a number per second, minute, hour or day, such as 20/s or 1200/min")
    return int(count), units[unit.strip()]


def limit(value: str) -> int | None:
    """How much of something there may be; empty: any amount."""
    if not value.strip():
        return None
    count = number(value)
    if count < 0:
        raise BadSetting("use a whole number, zero or more, or nothing for no limit")
    return count


def dollars(value: str) -> int | None:
    """Millionths of a US dollar, from dollars; empty: any amount."""
    if not value.strip():
        return None
    try:
        amount = float(value.strip().removeprefix("$"))
    except ValueError:
        raise BadSetting("use an amount of US dollars, such as 5 or 0.50, or nothing for no limit") from None
    if not 0 <= amount < 1e9:
        raise BadSetting("use an amount of US dollars, zero or more, or nothing for no limit")
    return round(amount * 1_000_000)


def boolean(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return known[value.strip().lower()]
    except KeyError:
        raise BadSetting("use 1 or 0") from None


def pull(value: str) -> str:
    if value not in ("missing", "never", "always"):
        raise BadSetting("use missing, never or always")
    return value


def words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def path(value: str) -> Path:
    """Absolute and without links: one folder has one name, whoever names it and from wherever."""
    try:
        return Path(value).expanduser().resolve()
    except RuntimeError:
        raise BadSetting("use a folder that exists; this one leads to no user's home, or in a circle") from None


@dataclass(frozen=True)
class Setting:
    """One variable: `read` turns its text into a value, `default` is text too, so that docs can show it."""

    name: str
    default: str
    read: Callable[[str], Any]
    meaning: str


def read(setting: Setting, environ: Mapping[str, str] = os.environ) -> Any:
    """The value of a setting; NAME_FILE names a file that holds it where NAME is empty (for secrets)."""
    raw = environ.get(setting.name)
    source = setting.name
    file_name = environ.get(f"{setting.name}_FILE")
    if not raw and file_name:
        source = f"{setting.name}_FILE={file_name}"
        try:
            raw = Path(file_name).read_text().strip()
        except OSError as error:
            raise BadSetting(f"{source}: cannot be read ({error.strerror}).") from None
    value = setting.default if raw is None else raw
    try:
        return setting.read(value)
    except BadSetting as error:
        shown = "" if source.endswith("_FILE") or "FILE=" in source else f"={value!r}"
        raise BadSetting(f"{source}{shown}: {error} (default: {setting.default or 'empty'}).") from None


_TABLE = [
    Setting("HIVE_HOME", ".hive", path, "Folder that holds all state of an embedded installation."),
    Setting("HIVE_DEBUG", "0", boolean, "Django's debug pages. For developing Hive only."),
    Setting("HIVE_SECRET_KEY", "", text, "Signs sessions and links. Empty: made at the first start, in HIVE_HOME."),
    Setting("HIVE_PORT", "8000", number, "Port of the web server."),
    Setting("HIVE_BIND", "127.0.0.1", text, "Address that the web server listens on."),
    Setting("HIVE_HOSTS", "localhost,127.0.0.1,[::1]", words, "Host names that the web server answers to."),
    Setting("HIVE_TRUSTED_ORIGINS", "", words, "Origins (https://host) behind a proxy that may send forms."),
    Setting("HIVE_PROXY_TLS", "0", boolean, "A proxy in front ends TLS and sets X-Forwarded-Proto."),
    Setting("HIVE_DATABASE_URL", "", text, "postgresql://user:password@host/name. Empty: SQLite in HIVE_HOME."),
    Setting(
        "HIVE_BROKER_URL",
        "",
        text,
        "Celery's broker: redis:// or amqp://. Empty: Valkey in HIVE_HOME.",
    ),
    Setting("HIVE_REDIS_URL", "", text, "Wake-ups, cache and rate limits. Empty: the embedded Valkey."),
    Setting(
        "HIVE_STORE_URL",
        "",
        text,
        "Artifacts: file:///folder, or s3://key:secret@host:port/bucket?secure=0. Empty: a folder in HIVE_HOME.",
    ),
    Setting("HIVE_STORE_PATIENCE_S", "60", seconds, "How long a job goes on trying to keep a file while S3 is away."),
    Setting("HIVE_KEEP_WORKSPACE_DAYS", "7", number, "How long the workspaces of jobs are kept. 0: for ever."),
    Setting("HIVE_KEEP_LOG_DAYS", "90", number, "How long the output of ended jobs is kept. 0: for ever."),
    Setting("HIVE_KEEP_ARTIFACT_DAYS", "0", number, "How long other artifacts of ended runs are kept. 0: for ever."),
    Setting("HIVE_TEMPLATES", "", words, "More template catalogues: folders or git addresses, separated by commas."),
    Setting("HIVE_SANDBOX", "", text, "bubblewrap, docker or process. Empty: the best kind that works here."),
    Setting("HIVE_DOCKER_IMAGE", "python:3.11-slim-bookworm", text, "Image for what brings no Dockerfile of its own."),
    Setting(
        "HIVE_DOCKER_IMAGES",
        "debian:*,python:*",
        words,
        "Images that tasks, Dockerfiles and compose files may name; * stands for anything.",
    ),
    Setting("HIVE_DOCKER_PULL", "missing", pull, "When an image is pulled: missing, never or always."),
    Setting("HIVE_DOCKER_DNS", "", words, "Name servers of sandboxes with network. Empty: those of this machine."),
    Setting(
        "HIVE_DOCKER_DENY", "", words, "Networks (1.2.3.0/24) that no docker sandbox reaches, besides private ones."
    ),
    Setting(
        "HIVE_GIT_HOSTS",
        "",
        words,
        "Hosts (name or name:port) in private networks, or without TLS, that projects may come from.",
    ),
    Setting("HIVE_GIT_FOLDERS", "", words, "Folders below which file:// repositories may lie. Empty: none."),
    Setting("HIVE_GIT_TIMEOUT_S", "600", seconds, "How long one fetch or push of a repository may take."),
    Setting("HIVE_GIT_LIMIT_MB", "1024", number, "How large a fetched or uploaded repository may be, and its files."),
    Setting(
        "HIVE_MCP_HOSTS",
        "",
        words,
        "Hosts (name or name:port) in private networks, or without TLS, on which projects' MCP servers may lie.",
    ),
    Setting("HIVE_LEASE_S", "30", seconds, "How long a job's lease holds without a heartbeat."),
    Setting("HIVE_SWEEP_S", "5", seconds, "How often the sweep looks for expired leases and forgotten runs."),
    Setting(
        "HIVE_REPUBLISH_S", "60", seconds, "A run with due work and nothing in flight is published again after this."
    ),
    Setting("HIVE_QUEUE_TIMEOUT_S", "3600", seconds, "A run whose next job no worker takes for this long is stopped."),
    Setting("HIVE_PROBE_S", "10", seconds, "How often a live release is probed."),
    Setting("HIVE_JOB_ATTEMPTS", "3", number, "How often a job is tried when its worker or its machine fails."),
    Setting("HIVE_REST_S", "10", seconds, "Wait before a job that failed for infrastructure is tried again; doubles."),
    Setting("HIVE_LOG_LIMIT_MB", "64", number, "How much of one job's output is kept (head and tail)."),
    Setting("HIVE_WORKSPACE_LIMIT_MB", "128", number, "How much of each job's workspace is kept. 0: nothing."),
    Setting("HIVE_CI_PACKAGE_MB", "256", number, "How large the package of a CI job may be."),
    Setting("HIVE_PRUNE_DAYS", "0", number, "Runs that ended so many days ago go, all of them, hourly. 0: none go."),
    Setting("HIVE_MIN_FREE_MB", "64", number, "Free disk space below which no new job is started."),
    Setting("HIVE_WORKERS", "2", number, "Processes for coding and testing jobs in `hive up`."),
    Setting("HIVE_RATE", "1200/min", rate, "API requests per person or key. 0/min: no limit."),
    Setting("HIVE_FLOWER_PORT", "0", number, "Port of Flower, which shows the queues. 0: `hive up` starts none."),
    Setting("HIVE_FLOWER_AUTH", "", text, "Flower's name:password. Empty: hive, and a password made in HIVE_HOME."),
    Setting("HIVE_RELEASE_BIND", "127.0.0.1", text, "Address that the public ports of releases listen on."),
    Setting("HIVE_RELEASE_HOST", "127.0.0.1", text, "Name by which Hive's checks reach these ports."),
    Setting("HIVE_ALIVE_FILE", "", text, "File that a worker or beat touches while it works, for `hive health`."),
    Setting(
        "HIVE_FLOWER_URL",
        "",
        text,
        "Where people reach Flower, for a link on the operators' page. Empty: that port here.",
    ),
    Setting("HIVE_URL", "", text, "Hive that the `hive` command talks to. Empty: the one that runs on HIVE_HOME."),
    Setting("HIVE_API_KEY", "", text, "Key for it. Empty: the one that `hive up` wrote into HIVE_HOME."),
    Setting(
        "HIVE_MODEL",
        "",
        words,
        "Model as provider/name; more, separated by commas, are asked when it fails. See models.md.",
    ),
    Setting("HIVE_MODEL_API_KEY", "", text, "Key for the model's provider."),
    Setting("HIVE_MODEL_API_BASE", "", text, "Address of the model's provider, where it is not the usual one."),
    Setting("HIVE_MODEL_MANAGER", "", words, "Models for the manager. Empty: as HIVE_MODEL."),
    Setting("HIVE_MODEL_CODING", "", words, "Models for coding. Empty: as HIVE_MODEL."),
    Setting("HIVE_MODEL_TESTING", "", words, "Models for testing. Empty: as HIVE_MODEL."),
    Setting("HIVE_MODELS", "", text, "File that describes models. Empty: models.yaml in HIVE_HOME, if it is there."),
    Setting("HIVE_OPENCODE", "", text, "Program of the engine opencode. Empty: `opencode` on PATH."),
    Setting("HIVE_BUDGET_USD", "5", dollars, "What one run may spend on models, in US dollars. Empty: any amount."),
    Setting("HIVE_BUDGET_CALLS", "500", limit, "How many calls of models one run may make."),
    Setting("HIVE_BUDGET_TOKENS", "10000000", limit, "How many tokens one run may use, read and written."),
    Setting("HIVE_BUDGET_STEPS", "500", limit, "How many steps the model loops of one run may take."),
    Setting("HIVE_BUDGET_S", "14400", limit, "How long a run that uses models may work, not counting waits at gates."),
    Setting("HIVE_BUDGET_PROJECT_DAY_USD", "", dollars, "What the runs of one project may spend per day (UTC)."),
    Setting("HIVE_BUDGET_PROJECT_DAY_TOKENS", "", limit, "How many tokens they may use per day."),
    Setting("HIVE_BUDGET_USER_DAY_USD", "", dollars, "What the runs that one person starts may spend per day (UTC)."),
    Setting("HIVE_BUDGET_USER_DAY_TOKENS", "", limit, "How many tokens they may use per day."),
]
SETTINGS: dict[str, Setting] = {setting.name: setting for setting in _TABLE}


def get(name: str) -> Any:
    """The value of a known setting."""
    return read(SETTINGS[name])
