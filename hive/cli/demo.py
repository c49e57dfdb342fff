"""The verb `hive demo`: start Hive, build the sample blog, show it, and stay until Ctrl-C."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from hive import env
from hive.cli.failure import Failure
from hive.cli.up import ports, state
from hive.home import Home

SPEC = Path(__file__).resolve().parents[2] / "specs" / "create-blog.yaml"
PR_SET_PDEATHSIG = 1
STOP_S = 30


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop everything after the report; exit with 0 if it completed.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the web server.", show_default="a free one")
    ] = None,
) -> None:
    """Start Hive, watch it turn specs/create-blog.yaml into a running site, and stay until Ctrl-C."""
    from hive.cli.remote import watch
    from hive.cli.remote.api import Api

    home = Home(env.get("HIVE_HOME"))
    if state.running(home) is not None:
        raise Failure(f"Hive runs on {home.root} already. Use it: hive run {SPEC.name} --wait; or stop it: hive down.")
    with started(port) as hive:
        typer.echo(f"Hive is up at {hive['url']} after {hive['ready_after_s']:.1f} s. Building {SPEC.name}:\n")
        api = Api()
        run = watch.follow(api, api.post("runs", {"spec": SPEC.read_text()})["id"])
        if once:
            raise typer.Exit(0 if run["status"] == "completed" else 1)
        typer.echo(f"  Sign in    {hive['sign_in']}\n\nEverything stays up. Stop it with Ctrl-C.")
        hive["process"].wait()


@contextmanager
def started(port: int | None) -> Iterator[dict[str, Any]]:
    """`hive up` as a child that does not outlive this process; yields what it says when it is ready, and `process`."""
    options = ["--port", str(ports_for_demo() if port is None else port), "--json"]
    command = [sys.executable, "-P", "-m", "hive.cli.up", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_die_with_parent,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = process.stdout.readline()
        if not line:
            _, complaint = process.communicate()
            raise Failure(f"Hive did not start.\n{complaint.strip()}", exit_code=process.returncode or 1)
        yield {**json.loads(line), "process": process}
    except KeyboardInterrupt:
        typer.echo("\nStopping.")
    finally:
        _stop(process)


def ports_for_demo() -> int:
    """The usual port or one near it: a demo should not fail because something else listens there."""
    return ports.next_free(env.get("HIVE_BIND"), env.get("HIVE_PORT") - 1) or 0


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
