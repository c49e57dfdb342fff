"""One child while it is watched: its process, its state, its output, and when it comes back."""

from __future__ import annotations

import datetime
import enum
import time
from dataclasses import dataclass

from hive.cli.up.child import Child
from hive.cli.up.loop import Timer
from hive.cli.up.output import Output
from hive.cli.up.question import Question
from hive.cli.up.state import ChildState

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0


class State(enum.StrEnum):
    WAITING = "waiting"  # for what it needs
    STARTING = "starting"  # its process runs, it has not answered yet
    RUNNING = "running"
    DONE = "done"  # it had one thing to do, and did it
    RESTARTING = "restarting"  # it died and comes back after a pause
    STOPPING = "stopping"
    STOPPED = "stopped"


ALIVE = frozenset({State.STARTING, State.RUNNING, State.STOPPING})
SETTLED = frozenset({State.RUNNING, State.DONE, State.RESTARTING})


@dataclass
class Watched:
    """Changed by the supervisor only."""

    child: Child
    output: Output
    state: State = State.WAITING
    pid: int | None = None
    restarts: int = 0
    ended: str = ""
    began_at: float = 0.0
    started_at: str | None = None
    again_at: str | None = None
    pause_s: float = FIRST_PAUSE_S
    question: Question | None = None
    timer: Timer | None = None

    def began(self, pid: int) -> None:
        self.pid, self.began_at, self.started_at = pid, time.monotonic(), timestamp()
        self.state, self.again_at = State.STARTING, None

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.began_at

    def forget_process(self) -> None:
        """Its process is gone: what asked it, waited for it or read from it goes too."""
        self.pid = None
        self.stop_asking()
        self.output.close()
        if self.timer:
            self.timer.cancel()

    def stop_asking(self) -> None:
        if self.question:
            self.question.close()

    def next_pause_s(self) -> float:
        """How long to wait before the next start: doubling, from the beginning again after it held for a while."""
        if self.pid is not None and self.age_s >= STEADY_AFTER_S:
            self.pause_s = FIRST_PAUSE_S
        pause_s, self.pause_s = self.pause_s, min(self.pause_s * 2, LONGEST_PAUSE_S)
        return pause_s

    def as_state(self) -> ChildState:
        return {
            "pid": self.pid,
            "state": self.state.value,
            "restarts": self.restarts,
            "started_at": self.started_at if self.pid else None,
            "ended": self.ended,
            "again_at": self.again_at,
        }


def timestamp(in_s: float = 0.0) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=in_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
