"""Starts the children of a table, restarts what dies, stops all in reverse order.

It is in charge of nothing else: which children there are is in children.py, how one is started in spawn.py and warm.py,
how one is seen to be ready in question.py, and who looks after the supervisor in guard.py.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from hive.cli.up import ending
from hive.cli.up.child import Child
from hive.cli.up.loop import Loop
from hive.cli.up.output import Output
from hive.cli.up.question import Question
from hive.cli.up.report import Report
from hive.cli.up.start import Starter
from hive.cli.up.starting import START_LIMIT_S, Starting
from hive.cli.up.stopping import Stopping
from hive.cli.up.watched import State, Watched, timestamp

HELD_AFTER_S = 1.0  # a child that died and says nothing about itself counts as back when it lives this long
GUARD_IS_GONE = signal.SIGUSR1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Listener(Protocol):
    """Whoever wants to know what happens to the whole; see launch.py."""

    def changed(self, phase: str, children: Mapping[str, Watched]) -> None:
        """Something changed that `hive status` shows."""

    def ready(self, results: Mapping[str, str], took_s: float) -> None:
        """Everything runs for the first time. `results`: the output's end of each child that had one thing to do."""


class Supervisor:
    def __init__(
        self,
        children: tuple[Child, ...],
        starter: Starter,
        logs: Path,
        report: Report,
        listener: Listener,
    ) -> None:
        self._starter, self._report, self._listener = starter, report, listener
        self._loop = Loop()
        self._phase = "starting"
        self._failed_with = 0
        self._watched = {child.name: Watched(child, self._output(child.name, logs)) for child in children}
        self._starting = Starting(self._watched, self._loop, report)
        self._stopping = Stopping(self._watched, self._loop, children)

    def run(self) -> int:
        """Until all is stopped; 0, or 1 where a start failed."""
        self._loop.on_signals((*STOP_SIGNALS, signal.SIGQUIT, signal.SIGCHLD, GUARD_IS_GONE), self._on_signal)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # launch.py blocked them until somebody listens
        self._start_due()
        self._starting.watch(lambda: self._phase == "starting", self._give_up)
        self._loop.run(until=lambda: self._phase == "stopping" and self._stopping.done)
        return self._failed_with

    def stop(self, why: str, failed_with: int = 0) -> None:
        """Begin to stop everything; a second call while that goes on kills what is left."""
        self._report.line(why)
        if self._phase == "stopping":
            self._stopping.kill()
            return
        self._phase, self._failed_with = "stopping", failed_with
        self._stopping.begin()
        self._changed()

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif number in (GUARD_IS_GONE, signal.SIGQUIT):
            self.stop("Stopping at once.")
            self._stopping.kill()  # not an orderly stop, also where it is the first to say so
        else:
            self.stop("Killing what is left." if self._phase == "stopping" else "Stopping …")

    # Starting

    def _start_due(self) -> None:
        for watched in self._watched.values():
            if watched.state == State.WAITING and self._has_what_it_needs(watched.child):
                self._start(watched)

    def _has_what_it_needs(self, child: Child) -> bool:
        if any(self._watched[need].state not in (State.RUNNING, State.DONE) for need in child.needs):
            return False
        warm = self._watched.get("warm")
        # Wait for the warm process at its first start only; one that keeps dying must hold nobody up.
        return not (child.warm and warm and warm.state in (State.WAITING, State.STARTING) and not warm.restarts)

    def _start(self, watched: Watched) -> None:
        child = watched.child
        output = watched.output.open()
        try:
            pid = self._starter.start(child, output, self._warm_socket(child))
        except OSError as error:
            self._went_down(watched, f"cannot be started: {error}")
            return
        finally:
            os.close(output)
        watched.began(pid)
        if child.ready:
            watched.question = Question(self._loop, child.ready, lambda: self._is_running(watched))
        elif watched.restarts and not child.once:
            watched.timer = self._loop.after(HELD_AFTER_S, lambda: self._is_running(watched))
        elif not child.once:
            self._is_running(watched)
        self._changed()

    def _warm_socket(self, child: Child) -> str | None:
        warm = self._watched.get("warm")
        if not child.warm or warm is None or warm.state != State.RUNNING or warm.child.ready is None:
            return None
        return str(warm.child.ready.address)

    def _is_running(self, watched: Watched) -> None:
        watched.state = State.RUNNING
        took = f" after {watched.age_s:.2f} s" if watched.child.ready else ""
        verb = "back" if watched.restarts else "ready" if watched.child.ready else "started"
        self._report.child(watched.child.name, f"{verb}{took}, pid {watched.pid}", "ok")
        self._after_a_step()

    def _after_a_step(self) -> None:
        self._start_due()
        if self._phase == "starting" and self._starting.is_over():
            self._phase = "ready"
            self._changed()  # first: whoever hears that it is ready may ask `hive status` at once
            results = {name: each.output.tail() for name, each in self._watched.items() if each.child.once}
            self._listener.ready(results, self._starting.age_s)
        self._changed()

    # Ending

    def _reap(self) -> None:
        left = ending.AT_ONCE
        for pid, status in ending.ended_children():
            left -= 1
            watched = next((each for each in self._watched.values() if each.pid == pid), None)
            if watched:  # all others are orphans that were adopted: nothing to do but to reap them
                ending.kill_session(pid)  # a worker's pool must not go on beside the new worker's
                self._ended(watched, status)
        if not left:
            self._loop.after(0, self._reap)  # no signal may come for the rest

    def _ended(self, watched: Watched, status: int) -> None:
        if self._phase == "stopping":
            watched.ended = ending.in_words(status)
            watched.forget_process()
            watched.state = State.STOPPED
            self._stopping.one_ended()
            self._changed()
        elif watched.child.once:
            self._once_ended(watched, status)
        else:
            self._went_down(watched, f"ended ({ending.in_words(status)})")

    def _give_up(self) -> None:
        self.stop(f"Hive is not ready after {START_LIMIT_S:.0f} s.", 1)

    def _once_ended(self, watched: Watched, status: int) -> None:
        took_s = watched.age_s
        watched.forget_process()
        watched.ended = ending.in_words(status)
        if status == 0:
            watched.state = State.DONE
            self._report.child(watched.child.name, f"done after {took_s:.2f} s", "ok")
            self._after_a_step()
            return
        watched.state = State.STOPPED
        self._report.child(watched.child.name, f"failed ({watched.ended})", "bad")
        self._report.quote(watched.output.tail())
        self.stop(
            f"Hive could not start: {watched.child.name} failed. Its output is above, all of it is in the logs.", 1
        )

    def _went_down(self, watched: Watched, what: str) -> None:
        pause_s = watched.next_pause_s()
        watched.forget_process()
        watched.ended, watched.restarts, watched.state = what, watched.restarts + 1, State.RESTARTING
        watched.again_at = timestamp(pause_s)
        last = watched.output.tail(1)
        self._report.child(
            watched.child.name, f"{what}; again in {pause_s:.1f} s" + (f" · {last}" if last else ""), "bad"
        )
        watched.timer = self._loop.after(pause_s, lambda: self._start(watched))
        self._after_a_step()

    # Telling

    def _output(self, name: str, logs: Path) -> Output:
        show: Callable[[str], None] = lambda line: self._report.child(name, line, "note")  # noqa: E731
        return Output(self._loop, logs / f"{name}.log", show)

    def _changed(self) -> None:
        self._listener.changed(self._phase, self._watched)
