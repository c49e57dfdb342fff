"""Where Hive is, and the key that opens it: from the environment, or from the Hive that runs on this home."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hive import env
from hive.cli.failure import Failure
from hive.cli.up import state
from hive.home import Home


@dataclass(frozen=True)
class Address:
    url: str
    key: str


def find() -> Address:
    """HIVE_URL and HIVE_API_KEY where they are set, else this home's own. Raises Failure when there is no Hive."""
    home = Home(env.get("HIVE_HOME"))
    url = env.get("HIVE_URL")
    if not url:
        running = state.running(home)
        if running is None:
            raise Failure(f"No Hive runs on {home.root}. Start it with `hive up`, or name another with HIVE_URL.")
        url = str(running["url"])
    return Address(url.rstrip("/"), env.get("HIVE_API_KEY") or _own_key(home))


def _own_key(home: Home) -> str:
    try:
        return str(json.loads(home.cli.read_text())["key"])
    except FileNotFoundError:
        raise Failure(
            f"There is no API key: set HIVE_API_KEY, or start Hive here once, so that it writes {home.cli}."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{home.cli} cannot be read ({error}). Delete it; the next `hive up` writes a new one.") from None
