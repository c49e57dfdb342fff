"""What happens to the whole, for those who wait for it: the state file, the last lines on the terminal, the JSON."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from urllib.parse import urljoin

from hive.cli import processes
from hive.cli.up import state
from hive.cli.up.installation import Installation
from hive.cli.up.report import BOLD, PLAIN, Report
from hive.cli.up.watched import Watched, timestamp


class Announcer:
    """The supervisor's listener. `on_ready` is called once, after everything has been said."""

    def __init__(
        self,
        installation: Installation,
        report: Report,
        json_to: int | None,
        detached: bool,
        on_ready: Callable[[], None],
    ) -> None:
        self._installation, self._report = installation, report
        self._json_to, self._detached, self._on_ready = json_to, detached, on_ready
        self._guard = os.getppid()
        self._started_at = timestamp()

    def changed(self, phase: str, children: Mapping[str, Watched]) -> None:
        current: state.UpState = {
            "pid": self._guard,
            "started_ticks": processes.started_ticks(self._guard),
            "supervisor": os.getpid(),
            "supervisor_ticks": processes.started_ticks(os.getpid()),
            "state": phase,
            "port": self._installation.port,
            "url": self._installation.url,
            "started_at": self._started_at,
            "children": {name: each.as_state() for name, each in children.items()},
        }
        state.write(self._installation.home, current)

    def ready(self, results: Mapping[str, str], took_s: float) -> None:
        said = _told(results)
        url = self._installation.url
        sign_in = urljoin(url, said.pop("sign_in")) if said.get("sign_in") else None
        self._report.line(f"Ready after {took_s:.1f} s.")
        self._report.line(f"  Dashboard  {BOLD}{url}{PLAIN}")
        if sign_in:
            self._report.line(f"  Sign in    {BOLD}{sign_in}{PLAIN}", secret=True)
        self._report.line(f"  Stop       {'hive down' if self._detached else 'Ctrl-C'}")
        if self._json_to is not None:
            known = {"url": url, "pid": self._guard, "port": self._installation.port}
            places = {"home": str(self._installation.home.root), "logs": str(self._installation.home.logs)}
            answer = {**known, **places, "sign_in": sign_in, "ready_after_s": round(took_s, 3), **said}
            with contextlib.suppress(OSError):  # nobody reads it any more
                os.write(self._json_to, json.dumps(answer).encode() + b"\n")
        self._on_ready()


def _told(results: Mapping[str, str]) -> dict[str, str]:
    """What the children that ran once said: each may print one JSON object on its last line."""
    said: dict[str, str] = {}
    for output in results.values():
        last = output.rpartition("\n")[2]
        try:
            loaded = json.loads(last)
        except ValueError:
            continue
        if isinstance(loaded, dict):
            said |= loaded
    return said
