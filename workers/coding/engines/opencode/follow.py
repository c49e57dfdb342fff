"""Follower: reads what opencode prints, and makes of it the same events and turns as the model engine has."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workers.coding.engines.port import Assignment
from workers.llm.loop.stuck import Watch
from workers.llm.loop.trajectory import Trajectory, Turn
from workers.llm.port import Message, Role, ToolCall
from workers.llm.tools.bounded import Bounds
from workers.llm.tools.port import describe

LONGEST_LINE_BYTES = 16 * 1024 * 1024  # what is longer is no event
SHOWN = 2_000  # characters of a line that is no event

Data = dict[str, Any]


@dataclass
class Step:
    """What opencode has told of the step that it is in."""

    texts: list[str] = field(default_factory=list)
    answers: list[tuple[ToolCall, str, bool]] = field(default_factory=list)  # what came of each call; whether it failed


class Follower:
    """`read` is given the output as it comes, in one thread, and raises what ends the work: Stuck, LeaseLost …

    Every step is kept when it has ended, with the files as they are then. Nothing here is believed: a job could print
    such lines itself, and gain no more than that Hive looks at its commit.
    """

    def __init__(self, assignment: Assignment, trajectory: Trajectory, snapshot: Callable[[], str]) -> None:
        self.ended_with = ""  # the reason of the last step_finish; empty while a step is going on
        self.error = ""
        self.summary = ""  # the text of the last step
        self.steps = 0
        self.heard_at = time.monotonic()
        self._assignment, self._trajectory, self._snapshot = assignment, trajectory, snapshot
        self._watch = Watch(warns=False)
        self._bounds = Bounds()
        self._line = bytearray()
        self._step = Step()

    def read(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        self._line += data
        *lines, self._line = self._line.split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._line) > LONGEST_LINE_BYTES:
            self._line.clear()

    def close(self) -> None:
        """The output has ended."""
        self._take(self._line)
        self._line = bytearray()

    def _take(self, line: bytearray) -> None:
        event = _event(line)
        if event is not None:
            if hear := _EVENTS.get(event["type"]):
                hear(self, event)
        elif text := line.decode(errors="replace").strip():
            self._assignment.put(f"opencode: {text[:SHOWN]}")

    def _began(self, _event: Data) -> None:
        self.ended_with = ""

    def _said(self, event: Data) -> None:
        self._step.texts.append(str(event["part"].get("text", "")))

    def _used(self, event: Data) -> None:
        """A tool has answered."""
        part, state = event["part"], _object(event["part"].get("state"))
        call = ToolCall(str(part.get("callID", "")), str(part.get("tool", "")), _object(state.get("input")))
        failed = state.get("status") == "error"
        self._step.answers.append((call, str(state.get("error" if failed else "output") or ""), failed))
        seconds = _seconds(_object(state.get("time")))
        emit = self._assignment.emit
        emit("tool_start", tool=call.name, call=call.id, text=describe(call))
        emit("tool_end", tool=call.name, call=call.id, ok=not failed, seconds=seconds)

    def _finished(self, event: Data) -> None:
        """Keep the step, then see whether it goes in circles."""
        step, self._step = self._step, Step()
        self.steps += 1
        self.ended_with = str(event["part"].get("reason", ""))
        text = "\n".join(step.texts)
        self.summary = text or self.summary
        self._trajectory.append(Turn(Message(Role.ASSISTANT, text, tuple(call for call, _, _ in step.answers))))
        snapshot = self._snapshot() if step.answers else ""
        for call, answer, _ in step.answers:
            shown = self._bounds.cut(answer, call.id)
            self._trajectory.append(Turn(Message(Role.TOOL, shown, call_id=call.id, name=call.name), snapshot))
        for call, answer, failed in step.answers:
            self._watch.saw(call, answer, problem=failed)

    def _failed(self, event: Data) -> None:
        error = _object(event.get("error"))
        said = _object(error.get("data")).get("message") or error.get("message") or error.get("name")
        self.error = str(said or "It gives no reason.")[:SHOWN]
        self._assignment.put(f"opencode: {self.error}")


_EVENTS: dict[str, Callable[[Follower, Data], None]] = {
    "step_start": Follower._began,
    "text": Follower._said,
    "tool_use": Follower._used,
    "step_finish": Follower._finished,
    "error": Follower._failed,
}


def _seconds(time_ms: Data) -> float:
    start, end = time_ms.get("start"), time_ms.get("end")
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return 0.0
    return round(max(end - start, 0) / 1000, 3)


def _object(found: Any) -> Data:
    return found if isinstance(found, dict) else {}


def _event(line: bytes | bytearray) -> Data | None:
    """An event, or None for anything else."""
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    sort = found.get("type") if isinstance(found, dict) else None
    if not isinstance(sort, str) or (sort != "error" and not isinstance(found.get("part"), dict)):
        return None
    return found
