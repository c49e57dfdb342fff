"""The numbers that the engine goes by."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from hive import env
from hive.settings.base import SECRET_KEY

ADDRESSES = ("HIVE_DATABASE_URL", "HIVE_BROKER_URL", "HIVE_REDIS_URL", "HIVE_STORE_URL")
GUESSABLE = 8  # a password such as `hive` protects nothing, and masking it would make every log unreadable


def _passwords() -> list[str]:
    """Those that stand in addresses of servers."""
    found = (unquote(urlsplit(env.get(name)).password or "") for name in ADDRESSES)
    return [password for password in found if len(password) > GUESSABLE]


LEASE_S: float = env.get("HIVE_LEASE_S")
SWEEP_S: float = env.get("HIVE_SWEEP_S")
REPUBLISH_S: float = env.get("HIVE_REPUBLISH_S")
QUEUE_TIMEOUT_S: float = env.get("HIVE_QUEUE_TIMEOUT_S")
PROBE_S: float = env.get("HIVE_PROBE_S")
JOB_ATTEMPTS: int = env.get("HIVE_JOB_ATTEMPTS")
REST_S: float = env.get("HIVE_REST_S")
PRUNE_DAYS: int = env.get("HIVE_PRUNE_DAYS")
LOG_LIMIT_BYTES: int = env.get("HIVE_LOG_LIMIT_MB") * 1024 * 1024
WORKSPACE_LIMIT_BYTES: int = env.get("HIVE_WORKSPACE_LIMIT_MB") * 1024 * 1024
CI_PACKAGE_BYTES: int = env.get("HIVE_CI_PACKAGE_MB") * 1024 * 1024
MIN_FREE_BYTES: int = env.get("HIVE_MIN_FREE_MB") * 1024 * 1024
DOCKER_IMAGE: str = env.get("HIVE_DOCKER_IMAGE")
DOCKER_IMAGES: list[str] = env.get("HIVE_DOCKER_IMAGES")
RELEASE_HOST: str = env.get("HIVE_RELEASE_HOST")
MCP_LOOK = "workers.mcp_look.look"  # what is behind apps.projects.mcp_looks
CODE = "workers.code.open_code"  # what is behind apps.projects.code
SANDBOX: str = env.get("HIVE_SANDBOX")
TEMPLATE_SOURCES: list[str] = env.get("HIVE_TEMPLATES")
GIT_HOSTS: list[str] = env.get("HIVE_GIT_HOSTS")
GIT_FOLDERS: list[Path] = [env.path(folder) for folder in env.get("HIVE_GIT_FOLDERS")]
GIT_TIMEOUT_S: float = env.get("HIVE_GIT_TIMEOUT_S")
GIT_LIMIT_BYTES: int = env.get("HIVE_GIT_LIMIT_MB") * 1024 * 1024
MCP_HOSTS: list[str] = env.get("HIVE_MCP_HOSTS")
# Masked in every job's output, should one ever get hold of them.
OWN_SECRETS: list[str] = [value for value in (SECRET_KEY, env.get("HIVE_MODEL_API_KEY"), *_passwords()) if value]
