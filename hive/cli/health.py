"""`hive health PART`: whether the part that runs beside this command works. For a container's health check.

`python -m hive.cli.health PART` is the same without the command line's imports: 0.1 s instead of 0.4 s, twice a minute.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hive import env
from hive.cli.failure import Failure
from hive.cli.readiness import ask
from hive.home import Home

SILENT_S = 60.0
PATIENCE_S = 5.0


def check(part: str) -> str:
    """What was seen, in a sentence. Raises Failure, with the same, where the part does not work."""
    if part not in PARTS:
        raise Failure(f"There is no part {part!r}; there are {', '.join(PARTS)}.")
    return PARTS[part]()


def _web() -> str:
    seen = ask(f"http://127.0.0.1:{env.get('HIVE_PORT')}", PATIENCE_S)
    bad = ", ".join(part.name for part in seen.parts if not part.ok)
    said = f"/readyz: {seen.message}" + (f"; not well: {bad}" if bad else "")
    return _say(seen.ready, said)


def _flower() -> str:
    return _connect(("127.0.0.1", env.get("HIVE_FLOWER_PORT") or 5555))


def _host() -> str:
    return _connect(str(Home(env.get("HIVE_HOME")).socket("host")))


def _sign_of_life() -> str:
    name = env.get("HIVE_ALIVE_FILE")
    if not name:
        raise Failure("HIVE_ALIVE_FILE is not set, for this command and for what it looks at.")
    try:
        age_s = time.time() - Path(name).stat().st_mtime
    except OSError as error:
        raise Failure(f"No sign of life yet ({name}: {error.strerror}).", 1) from None
    return _say(age_s < SILENT_S, f"The last sign of life was {age_s:.0f} s ago.")


def _connect(address: str | tuple[str, int]) -> str:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            connection.connect(address)
        except OSError as error:
            raise Failure(f"Nobody answers at {address} ({error.strerror or error}).", 1) from None
    return f"Connections to {address} are accepted."


def _say(well: bool, sentence: str) -> str:
    if not well:
        raise Failure(sentence, 1)
    return sentence


PARTS: dict[str, Callable[[], str]] = {
    "web": _web,
    "worker": _sign_of_life,
    "beat": _sign_of_life,
    "host": _host,
    "flower": _flower,
}


def main(arguments: list[str]) -> int:
    try:
        print(check(*arguments[:1] or [""]))
    except (Failure, env.BadSetting) as wrong:
        print(f"hive: {wrong}", file=sys.stderr)
        return 1  # Docker knows 0 and 1 only
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
