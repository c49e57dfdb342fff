"""The programs that a Hive is made of, as command lines: `hive up` starts all of them, `hive web` and its like one.

It imports nothing heavy: the supervisor of `hive up` carries it for days.
"""

from __future__ import annotations

import sys

from hive import env
from hive.home import Home

PYTHON = (sys.executable, "-P", "-m")
CELERY = (*PYTHON, "celery", "--quiet", "--skip-checks", "-A", "hive.celery")

Argv = tuple[str, ...]


def prepare() -> Argv:
    """Migrations, the first person, the command's key; ends when that is done."""
    return (*PYTHON, "django", "hive_prepare", "--skip-checks")


def web(listener: int, *, drain_s: int) -> Argv:
    """`listener`: descriptor of a socket that listens already. `drain_s`: how long answers may take after TERM."""
    proxy = "--proxy-headers" if env.get("HIVE_PROXY_TLS") else "--no-proxy-headers"
    quick = ("--loop", "uvloop", "--http", "httptools")  # both in C: half of what asyncio and h11 take per request
    options = (
        "--fd",
        str(listener),
        *quick,
        "--lifespan",
        "off",
        "--ws",
        "none",
        "--log-level",
        "warning",
        "--no-access-log",
    )
    argv = (*PYTHON, "uvicorn", "hive.asgi:application", *options, "--no-server-header", proxy)
    return (*argv, "--timeout-graceful-shutdown", str(drain_s))


def worker(name: str, queues: str, processes: int) -> Argv:
    """Heartbeats stay on: they cost nothing, and Flower and health checks need them."""
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "WARNING")
    return (*CELERY, "worker", "-P", "prefork", "-Q", queues, "-c", str(processes), "-n", f"{name}@%h", *quiet)


def beat() -> Argv:
    return (*CELERY, "beat", "--loglevel", "WARNING")


def host(home: Home) -> Argv:
    argv = (*PYTHON, "workers.deployment.host", "--home", str(home.root), "--socket", str(home.socket("host")))
    return (*argv, "--bind", env.get("HIVE_RELEASE_BIND"))


def flower(bind: str, port: int) -> Argv:
    """Its password is not among these words, which everyone on the machine can read; see flower.py."""
    return (*CELERY, "flower", f"--address={bind}", f"--port={port}")
