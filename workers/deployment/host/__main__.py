"""`python -m workers.deployment.host --home DIR`: one host per home, until TERM or Ctrl-C."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Other modules load these where they can, and manage without. The host speaks no TLS and unpacks plain tars only:
    # a quarter of its memory would be for nothing.
    for _needless in ("ssl", "_hashlib", "_bz2", "_lzma"):
        sys.modules[_needless] = None  # type: ignore[assignment]

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import time
from pathlib import Path

from workers.deployment.containers.launching import StackLauncher
from workers.deployment.host.daemon import Daemon, Places
from workers.deployment.host.kinds import Launchers
from workers.deployment.host.launcher import Launcher
from workers.deployment.host.sandboxed import SandboxLauncher

LOCK_S = 5.0  # the last host may still be stopping its releases
SOCKET_BYTES = 100  # the system allows 107; releases get sockets in a folder beside it, with longer names

log = logging.getLogger("hive.host")


def main(words: list[str] | None = None) -> int:
    """0 after a stop that was asked for, 2 where the host cannot start; the sentence on stderr says why."""
    given = read_arguments(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    run = given.home / "run"
    socket_path = given.socket or run / "host.sock"
    if len(os.fsencode(socket_path)) > SOCKET_BYTES:
        return complain(f"{socket_path} is too long for a unix socket; name a shorter one with --socket.")
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = os.open(run / "host.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return complain(f"{error.filename} cannot be written ({error.strerror}); the host keeps its state there.")
    if not lock_within(lock, LOCK_S):
        return complain(f"Another host runs for {given.home}. One home has one host.")
    sandboxes = SandboxLauncher(given.home / "hosted", socket_path.parent / "r")
    launcher = Launchers({"sandbox": sandboxes, "stack": StackLauncher()})
    asyncio.run(serve(Places(run / "host.json", socket_path, given.bind), launcher))
    return 0


def read_arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers.deployment.host", description=__doc__)
    parser.add_argument("--home", type=lambda text: Path(text).absolute(), required=True, help="HIVE_HOME")
    parser.add_argument("--socket", type=lambda text: Path(text).absolute(), help="default: HOME/run/host.sock")
    parser.add_argument("--bind", default="127.0.0.1", help="address of the public ports (default: %(default)s)")
    return parser.parse_args(words)


def lock_within(descriptor: int, wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


async def serve(places: Places, launcher: Launcher) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    await Daemon(places, launcher).run(ending)


def complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
