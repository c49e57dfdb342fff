"""The verbs for single processes: one container or systemd unit each. `hive up` starts the same programs together.

Each turns into its program, so that signals and exit codes are the program's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from hive import alive, env
from hive.cli import flower as flower_auth
from hive.cli import programs
from hive.cli.failure import Failure
from hive.cli.up import checks, ports
from hive.cli.up.ending import MARK
from hive.cli.up.installation import Installation
from hive.home import Home

# What processes that are started one by one must agree on; `hive up` makes these for its own.
AGREED = ("HIVE_SECRET_KEY", "HIVE_DATABASE_URL", "HIVE_BROKER_URL", "HIVE_REDIS_URL")
DRAIN_S = 10  # below the 10 s after which Docker kills, and systemd's 90 s


class Role(StrEnum):
    MANAGER = "manager"
    CODING = "coding"
    TESTING = "testing"
    DEPLOYMENT = "deployment"
    MONITORING = "monitoring"


def web() -> None:
    """Run the web server alone, on HIVE_BIND and HIVE_PORT."""
    home = _ready("web")
    bind, port = env.get("HIVE_BIND"), env.get("HIVE_PORT")
    listener, port = ports.listen(bind, port)
    os.set_inheritable(listener, True)
    _become(programs.web(listener, drain_s=DRAIN_S - 2), Installation(home, bind, port, listener))


def run_worker(
    role: Annotated[Role, typer.Argument(help="Whose queue it serves.", show_default=False)],
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Jobs at the same time.", show_default="HIVE_WORKERS, or 2")
    ] = None,
) -> None:
    """Run one worker, for the jobs of one role. Start as many as you like, on as many machines as you like."""
    home = _ready("worker run")
    argv = programs.worker(role, role, concurrency or env.get("HIVE_WORKERS"))
    _become(argv, _installation(home), {alive.KIND: "worker"})


def beat() -> None:
    """Run the clock: it sends what is due on a schedule. One is enough; two do no harm."""
    home = _ready("beat")
    _become(programs.beat(), _installation(home), {alive.KIND: "beat"})


def host() -> None:
    """Run the release host: it owns the processes of live releases and the ports before them. One per HIVE_HOME."""
    home = Home(env.get("HIVE_HOME"))
    checks.make_home(home)
    _become(programs.host(home), _installation(home))


def flower() -> None:
    """Run Flower, which shows the queues, on HIVE_BIND and HIVE_FLOWER_PORT, behind HIVE_FLOWER_AUTH."""
    home = _ready("flower")
    argv = programs.flower(env.get("HIVE_BIND"), env.get("HIVE_FLOWER_PORT") or 5555)
    _become(argv, _installation(home), flower_auth.authentication(home))


def migrate() -> None:
    """Make the records ready: migrations, the first person, the key of the `hive` command. Safe to repeat."""
    home = _ready("migrate")
    _become(programs.prepare(), _installation(home))


def _ready(verb: str) -> Home:
    """Raises Failure with a sentence where something is missing that the others could not agree with."""
    checks.check_settings()
    missing = [name for name in AGREED if not env.get(name)]
    if missing:
        raise Failure(
            f"`hive {verb}` runs beside processes that must agree with it on {', '.join(missing)}: set them, or "
            f"{missing[0]}_FILE and so on to files that hold them. `hive up` starts all of Hive, and needs none of it."
        )
    home = Home(env.get("HIVE_HOME"))
    checks.make_home(home)
    return home


def _installation(home: Home) -> Installation:
    return Installation(home, env.get("HIVE_BIND"), env.get("HIVE_PORT"), -1)


def _become(argv: tuple[str, ...], installation: Installation, more: Mapping[str, str] | None = None) -> None:
    """Never returns."""
    environment = {**installation.environment(), **(more or {})}
    environment.pop(MARK)  # nobody's child: a `hive up` or `hive down` on this home must not end it as a stray
    os.chdir(installation.folder)
    sys.stdout.flush()
    os.execve(argv[0], argv, environment)  # noqa: S606 - the program of one of Hive's own parts
