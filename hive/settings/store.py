"""Where artifacts lie."""

from __future__ import annotations

from hive import env
from hive.home import Home

STORE_URL: str = env.get("HIVE_STORE_URL") or Home(env.get("HIVE_HOME")).artifacts.as_uri()
STORE_LINKS = "/api/v1/store/"  # a store without a web server of its own has its signed links served here
STORE_LINK_S = 15 * 60.0
AGENT_LINK_S = 3600.0  # for an agent's package and uploads, which may have to wait for a slow line
KEEP_WORKSPACE_DAYS: int = env.get("HIVE_KEEP_WORKSPACE_DAYS")
KEEP_LOG_DAYS: int = env.get("HIVE_KEEP_LOG_DAYS")
KEEP_ARTIFACT_DAYS: int = env.get("HIVE_KEEP_ARTIFACT_DAYS")
STORE_PATIENCE_S: float = env.get("HIVE_STORE_PATIENCE_S")
