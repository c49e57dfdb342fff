"""Flower's password: it can stop workers and revoke tasks, so it is never open."""

from __future__ import annotations

from hive import env
from hive.cli.failure import Failure
from hive.home import Home

USER = "hive"
SHORTEST_PASSWORD = 10


def authentication(home: Home) -> dict[str, str]:
    """What Flower must find in its environment: HIVE_FLOWER_AUTH, or a password made at the first call, in `home`."""
    given = env.get("HIVE_FLOWER_AUTH") or f"{USER}:{home.read_flower_password()}"
    name, _, password = given.partition(":")
    if not name or len(password) < SHORTEST_PASSWORD or "," in given:  # Flower takes what a comma separates for two
        raise Failure(
            "HIVE_FLOWER_AUTH is not name:password, without commas and with a password of "
            f"{SHORTEST_PASSWORD} characters or more; Flower can stop workers, so it is not started without."
        )
    return {"FLOWER_BASIC_AUTH": given}
