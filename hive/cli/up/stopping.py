"""Stops the children wave by wave: TERM, a grace, KILL; whoever is needed by another child goes after it."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from hive.cli.up import ending
from hive.cli.up.child import Child, waves
from hive.cli.up.loop import Loop
from hive.cli.up.watched import State, Watched


class Stopping:
    def __init__(self, watched: Mapping[str, Watched], loop: Loop, children: tuple[Child, ...]) -> None:
        self._watched, self._loop = watched, loop
        self._waves = [[watched[name] for name in wave] for wave in waves(children)]
        self._told: set[str] = set()

    @property
    def done(self) -> bool:
        return all(each.pid is None for each in self._watched.values())

    def begin(self) -> None:
        for each in self._watched.values():
            each.stop_asking()
            if each.timer:
                each.timer.cancel()
            if each.pid is None:
                each.state = State.STOPPED
        self.one_ended()

    def one_ended(self) -> None:
        """Tell the first wave in which somebody lives; the next ones wait for it."""
        for wave in self._waves:
            alive = [each for each in wave if each.pid is not None]
            if alive:
                for each in alive:
                    self._tell(each)
                return

    def kill(self) -> None:
        """All of them, at once."""
        for each in self._watched.values():
            if each.pid is not None:
                ending.kill_session(each.pid)

    def _tell(self, watched: Watched) -> None:
        if watched.child.name in self._told or watched.pid is None:
            return
        self._told.add(watched.child.name)
        watched.state = State.STOPPING
        pid = watched.pid
        ending.tell(pid, signal.SIGTERM)
        ending.tell(pid, signal.SIGCONT)  # somebody may have paused it; only then does it hear the other one
        watched.timer = self._loop.after(watched.child.grace_s, lambda: ending.kill_session(pid))
