"""The verb `hive doctor`: all checks at once, each in a thread, none of them for longer than a few seconds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import typer

from hive import env
from hive.cli.doctor.finding import Check, Finding, Level, fail, warn
from hive.home import Home

PATIENCE_S = 4.5
ENGINE_PATIENCE_S = 7.0  # a container is started, and tries to take too much of four things
LONG_PATIENCE_S = 30.0  # where jobs run on the engine, a slow one is worth waiting for
MARKS = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red")}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Look at every part that Hive needs; say what to do.

    Exits with 1 when a needed part fails.
    """
    from hive.cli import show
    from hive.cli.doctor import disk, programs, sandboxes, surroundings
    from hive.cli.doctor.valkey_server import Trial

    home = Home(env.get("HIVE_HOME"))
    with Trial() as trial:
        checks: dict[str, Check] = {
            "settings": surroundings.check_settings,
            "python": programs.check_python,
            "git": programs.check_git,
            "sandbox": sandboxes.check_sandboxes,
            "valkey": trial.check,
            "disk room": partial(disk.check_room, home),
            "disk writing": partial(disk.check_writing, home),
            "database": partial(disk.check_wal, home),
            "port": partial(surroundings.check_port, home),
            "limits": surroundings.check_limits,
            "docker": sandboxes.check_engine,
            "opencode": programs.check_opencode,
            "model": surroundings.check_model,
        }
        wanted = env.get("HIVE_SANDBOX") == "docker"
        findings = look(checks, patiently={"docker": LONG_PATIENCE_S if wanted else ENGINE_PATIENCE_S})
    failed = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        show.as_json({"ok": not failed, "home": str(home.root), "findings": [vars(finding) for finding in findings]})
    elif sys.stdout.isatty():
        _draw(findings)
    else:
        show.table((), [(each.level.value, each.part, each.seen, each.to_do) for each in findings])
    raise typer.Exit(1 if failed else 0)


def _draw(findings: Sequence[Finding]) -> None:
    """For a person: a mark and what was seen, and below it what to do."""
    width = max(len(finding.part) for finding in findings) + 2
    for finding in findings:
        mark, colour = MARKS[finding.level]
        typer.echo(f"{typer.style(mark, fg=colour)} {finding.part:<{width}}{finding.seen}")
        if finding.to_do:
            typer.echo(typer.style(f"  {'':<{width}}→ {finding.to_do}", dim=True))


def look(
    checks: dict[str, Check], patience_s: float = PATIENCE_S, patiently: Mapping[str, float] | None = None
) -> Sequence[Finding]:
    """All findings, in the order of the checks. One that does not come back in time is reported and left behind.

    `patiently`: how long, in seconds, the checks that need longer may take.
    """
    allowed_s = dict.fromkeys(checks, patience_s) | dict(patiently or {})
    found: dict[str, list[Finding]] = {}

    def run(part: str, check: Check) -> None:
        try:
            found[part] = check()
        except Exception as error:
            found[part] = fail(
                part,
                f"the check itself failed: {type(error).__name__}: {error}",
                "Report this; see also `hive --help`.",
            )

    threads = {part: threading.Thread(target=run, args=(part, check), daemon=True) for part, check in checks.items()}
    for thread in threads.values():
        thread.start()
    began_at = time.monotonic()
    for part, thread in threads.items():
        thread.join(max(0.0, began_at + allowed_s[part] - time.monotonic()))
    late = "Something that it asks does not answer; try again."
    return [
        finding
        for part in checks
        for finding in found.get(part) or warn(part, f"no answer within {allowed_s[part]:.0f} s", late)
    ]
