"""Where artifacts lie."""

from __future__ import annotations

from hive import env
from hive.home import Home

STORE_URL: str = env.get("HIVE_STORE_URL") or Home(env.get("HIVE_HOME")).artifacts.as_uri()
