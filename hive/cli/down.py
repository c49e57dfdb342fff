"""The verb `hive down`."""

from __future__ import annotations

import signal
import time
from typing import Annotated

import typer

from hive import env
from hive.cli import processes, show
from hive.cli.failure import Failure
from hive.cli.up import ending, lock, state
from hive.home import Home

PATIENCE_S = 30.0  # the longest orderly stop: each child's grace, one wave after the other
LAST_PATIENCE_S = 10.0
PAUSE_S = 0.05


def down(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Stop the Hive that runs on this home.

    Everything that it started is stopped too. Exits with 0 also when none runs.
    """
    home = Home(env.get("HIVE_HOME"))
    began_at = time.monotonic()
    was_running = lock.is_held(state.lock_file(home))
    how = _stop(home) if was_running else "not running"
    strays = ending.kill_strays(home)
    took_s = round(time.monotonic() - began_at, 2)
    if as_json:
        show.as_json({"stopped": was_running, "how": how, "strays": strays, "took_s": took_s, "home": str(home.root)})
        return
    typer.echo(
        f"Hive on {home.root} is stopped ({how}, {took_s} s)." if was_running else f"No Hive runs on {home.root}."
    )
    if strays:
        typer.echo(f"Ended {strays} processes that an earlier one had left behind.")


def _stop(home: Home) -> str:
    """Ask, wait, and where that does not help end the tree; says which it was. Raises Failure if something is left."""
    guard = _guard(home)
    if guard is None:
        return "stopped by itself"
    ending.tell(guard, signal.SIGTERM)
    if _is_free(home, PATIENCE_S):
        return "in order"
    doomed = [guard, *(process.pid for process in processes.descendants(guard))]
    for pid in doomed:
        ending.tell(pid, signal.SIGKILL)
    if _is_free(home, LAST_PATIENCE_S):
        return "by force"
    raise Failure(f"Processes {', '.join(map(str, doomed))} cannot be ended; see `ps -fp {doomed[0]}`.", 1)


def _guard(home: Home) -> int | None:
    """The process to signal. One that is only just starting has not written its state yet."""
    deadline = time.monotonic() + LAST_PATIENCE_S
    while lock.is_held(state.lock_file(home)):
        found = state.read(home)
        if found and processes.same(found["pid"], found["started_ticks"]):
            return found["pid"]
        if found and processes.same(found["supervisor"], found["supervisor_ticks"]):
            return found["supervisor"]  # its guard was killed
        if time.monotonic() > deadline:
            raise Failure(f"A process holds {state.lock_file(home)} and has not said which it is; end it by hand.", 1)
        time.sleep(PAUSE_S)
    return None


def _is_free(home: Home, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while lock.is_held(state.lock_file(home)):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True
