"""What sandboxes on the Docker engine may use of it."""

from __future__ import annotations

import hashlib
import hmac

from hive import env
from hive.settings.base import SECRET_KEY

DOCKER_PULL: str = env.get("HIVE_DOCKER_PULL")
DOCKER_DNS: list[str] = env.get("HIVE_DOCKER_DNS")
DOCKER_DENY: list[str] = env.get("HIVE_DOCKER_DENY")
# Marks what this Hive made on an engine that others use too: the same on all of its machines, and nobody else's.
INSTALLATION: str = hmac.new(SECRET_KEY.encode(), b"installation", hashlib.sha256).hexdigest()[:16]
# Whom no sandbox may reach, wherever they are.
OWN_SERVERS: list[str] = [
    url for name in ("DATABASE", "BROKER", "REDIS", "STORE") if (url := env.get(f"HIVE_{name}_URL"))
]
