"""What opencode prints becomes events, turns and log lines; recorded from opencode 1.18.33."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.specs.validate import check_data
from workers.coding.engines.opencode.follow import Follower
from workers.coding.engines.port import Assignment
from workers.llm.loop.stuck import Stuck
from workers.llm.loop.trajectory import MemoryTrajectory

STARTED = {"type": "step_start", "timestamp": 1795558855700, "part": {"type": "step-start", "id": "prt_1"}}
TEXT = {"type": "text", "part": {"type": "text", "text": "I look.", "time": {"start": 1, "end": 2}}}
USED = {
    "type": "tool_use",
    "part": {
        "type": "tool",
        "tool": "bash",
        "callID": "call_0",
        "state": {
            "status": "completed",
            "input": {"command": "ls", "description": "List"},
            "output": "app.py\n",
            "metadata": {"exit": 0},
            "time": {"start": 1795558857729, "end": 1795558858037},
        },
    },
}
DENIED = {
    "type": "tool_use",
    "part": {
        "type": "tool",
        "tool": "read",
        "callID": "call_1",
        "state": {"status": "error", "input": {"filePath": "/etc/passwd"}, "error": "A rule prevents this."},
    },
}
NEXT = {"type": "step_finish", "part": {"reason": "tool-calls", "type": "step-finish", "cost": 0}}
STOPPED = {"type": "step_finish", "part": {"reason": "stop", "type": "step-finish", "cost": 0}}


class Heard:
    """A follower, and what came of what it read."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.trajectory = MemoryTrajectory()
        spec = check_data({"id": "a", "title": "A", "tests": [{"run": "true"}]}).spec
        assert spec is not None
        assignment = Assignment(
            spec.tasks[0], 1, "", lambda type, **data: self.events.append({"type": type, **data}), self.lines.append
        )
        self.follower = Follower(assignment, self.trajectory, lambda: "snapshot")

    def read(self, *events: object) -> Heard:
        self.follower.read(b"".join(json.dumps(event).encode() + b"\n" for event in events))
        return self


def test_a_tool_is_told_as_the_model_engine_tells_it() -> None:
    assert Heard().read(STARTED, USED).events == [
        {"type": "tool_start", "tool": "bash", "call": "call_0", "text": "bash ls"},
        {"type": "tool_end", "tool": "bash", "call": "call_0", "ok": True, "seconds": 0.308},
    ]


def test_a_step_is_kept_as_turns_with_the_files_after_it() -> None:
    turns = Heard().read(STARTED, TEXT, USED, DENIED, NEXT).trajectory.turns
    assert [(turn.message.role, turn.message.text, turn.snapshot) for turn in turns] == [
        ("assistant", "I look.", ""),
        ("tool", "app.py\n", "snapshot"),
        ("tool", "A rule prevents this.", "snapshot"),
    ]
    assert [call.name for call in turns[0].message.tool_calls] == ["bash", "read"]


def test_it_has_stopped_only_when_the_last_step_did() -> None:
    heard = Heard().read(STARTED, TEXT, STOPPED)
    assert (heard.follower.ended_with, heard.follower.summary) == ("stop", "I look.")
    assert heard.read(STARTED).follower.ended_with == ""


def test_events_may_come_in_any_pieces() -> None:
    heard = Heard()
    for byte in json.dumps(STARTED).encode() + b"\n" + json.dumps(USED).encode() + b"\n" + json.dumps(STOPPED).encode():
        heard.follower.read(bytes([byte]))
    assert heard.follower.ended_with == ""
    heard.follower.close()
    assert (heard.follower.ended_with, len(heard.events)) == ("stop", 2)


@pytest.mark.parametrize(
    "noise",
    [b"Warning: old kernel", b"{", b'{"type": 3}', b'{"type": "text"}', b'{"type": "new_one", "part": {}}', b"["],
)
def test_what_is_no_event_does_no_harm(noise: bytes) -> None:
    heard = Heard()
    heard.follower.read(noise + b"\n")
    assert heard.read(STARTED, TEXT, STOPPED).follower.ended_with == "stop"
    assert heard.lines in ([], [f"opencode: {noise.decode()}"])


def test_an_error_is_told_in_its_own_words() -> None:
    heard = Heard().read({"type": "error", "error": {"name": "APIError", "data": {"message": "No such model."}}})
    assert heard.follower.error == "No such model."
    assert heard.lines == ["opencode: No such model."]


def test_the_same_call_with_the_same_result_ends_it_the_fourth_time() -> None:
    heard = Heard().read(*[STARTED, USED, NEXT] * 3)
    with pytest.raises(Stuck, match="it called bash 4 times"):
        heard.read(STARTED, USED, NEXT)
    assert len(heard.trajectory.turns) == 8  # what it was stuck in is kept


def test_a_line_without_end_is_forgotten() -> None:
    heard = Heard()
    for _ in range(20):
        heard.follower.read(b"x" * 1024 * 1024)
    assert heard.read("", STARTED, TEXT, STOPPED).follower.ended_with == "stop"
