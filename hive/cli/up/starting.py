"""From the first process to ready: when it is over, whom it waits for, and when to give up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from hive.cli.up.loop import Loop
from hive.cli.up.report import Report
from hive.cli.up.watched import ALIVE, SETTLED, State, Watched

START_LIMIT_S = 60.0
PAUSE_S = 0.1


class Starting:
    def __init__(self, watched: Mapping[str, Watched], loop: Loop, report: Report) -> None:
        self._watched, self._loop, self._report = watched, loop, report
        self._began_at = self._limit_from = time.monotonic()

    @property
    def age_s(self) -> float:
        return time.monotonic() - self._began_at

    def is_over(self) -> bool:
        """Every gate is open, and nobody is still on the way; a child that keeps dying holds up nobody but its gate."""
        everyone = self._watched.values()
        gates_open = all(each.state in (State.RUNNING, State.DONE) for each in everyone if each.child.gate)
        return gates_open and all(each.state in SETTLED for each in everyone)

    def watch(self, goes_on: Callable[[], bool], give_up: Callable[[], None]) -> None:
        """Show a person who is awaited; give up where the parts do not come up, saying what each of them said."""
        if not goes_on():
            return
        awaited = [each for each in self._watched.values() if each.state not in (State.RUNNING, State.DONE)]
        if any(each.child.once for each in awaited):
            self._limit_from = time.monotonic()  # migrations take the time that they take
        if time.monotonic() - self._limit_from > START_LIMIT_S:
            self._explain(awaited)
            give_up()
            return
        names = ", ".join(each.child.name for each in awaited)
        self._report.passing(f"  … {names} ({self.age_s:.1f} s)")
        self._loop.after(PAUSE_S, lambda: self.watch(goes_on, give_up))

    def _explain(self, awaited: list[Watched]) -> None:
        for each in awaited:
            said = each.question.last_answer if each.question and each.state in ALIVE else each.ended
            self._report.child(each.child.name, f"{each.state}: {said or 'waits for another part'}", "bad")
            self._report.quote(each.output.tail())
