"""KeptTrajectory: a conversation in the database, each turn written under the job's lease, secrets masked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apps.events import clock
from apps.runs.services.active import ActiveJob
from apps.runs.steering import Steering
from apps.runs.turns import Turn as Row
from apps.runs.turns import turns_of, turns_of_run
from workers.llm.loop.trajectory import Turn
from workers.llm.port import Message, Role, ToolCall


class KeptTrajectory:
    """See trajectory.Trajectory: of the job's task, or of the run where the job belongs to the whole of it.

    One worker at a time appends: append raises LeaseLost for any other.
    `count` is how many turns there are: at a call of a tool the same, whichever attempt carries it out.
    """

    def __init__(self, job: ActiveJob, round: int | None = None) -> None:
        self._job = job
        self._round = job.row.round if round is None else round
        self.count = 0

    def load(self) -> list[Turn]:
        row = self._job.row
        rows = turns_of_run(row.run_id, self._round) if row.task_id is None else turns_of(row.task_id, self._round)
        self.count = len(rows)
        return [Turn(message_of(row["message"]), row["snapshot"]) for row in rows]

    def append(self, turn: Turn) -> None:
        row = self._job.row
        with self._job.held():
            Row.objects.create(
                task_id=row.task_id,
                run_id=row.run_id if row.task_id is None else None,
                round=self._round,
                number=self.count + 1,
                job_id=row.pk,
                message=self._job.masked(data_of(turn.message)),
                snapshot=turn.snapshot,
            )
            if turn.said:
                Steering.objects.filter(pk=turn.said).update(done_at=clock.now(), turn=self.count + 1)
        self.count += 1


def data_of(message: Message) -> dict[str, Any]:
    """As JSON, without what is empty."""
    return {name: value for name, value in asdict(message).items() if value}


def message_of(data: dict[str, Any]) -> Message:
    calls = tuple(ToolCall(**call) for call in data.get("tool_calls", ()))
    return Message(Role(data["role"]), data.get("text", ""), calls, data.get("call_id", ""), data.get("name", ""))
