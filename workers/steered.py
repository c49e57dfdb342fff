"""Steered: what a job of a model looks at between two of its steps: was something said, is it to stand still?"""

from __future__ import annotations

from collections.abc import Sequence

from apps.runs.services.active import ActiveJob
from apps.runs.services.outage import outlast
from apps.runs.services.put_aside import PutAside
from apps.runs.states import Reason
from apps.runs.steering import Steering, open_steering
from workers.llm.loop.trajectory import Said
from workers.llm.tools.port import Submitted

Kind = Steering.Kind


class Steered:
    """`between` and `said` of a loop's Surroundings, for one job."""

    def __init__(self, job: ActiveJob) -> None:
        self._job = job

    def between(self) -> None:
        """Raises PutAside where a person has paused the job, Submitted where one has handed it on."""
        rows = self._open(Kind.HAND_OFF, Kind.PAUSE)
        for row in (one for one in rows if one.kind == Kind.HAND_OFF):
            raise Submitted(f"Handed to {row.to_role} by {row.who}. {row.text}".strip())
        for row in rows:
            raise PutAside(Reason.PAUSED, f"Paused by {row.who}. Its work is kept, and goes on from here.")

    def said(self) -> Sequence[Said]:
        """The messages that are not in the conversation yet; also what was written too late for the round before."""
        return [
            Said(f"[{row.who}, who watches this run, writes:]\n{row.text}", row.pk) for row in self._open(Kind.MESSAGE)
        ]

    def _open(self, *kinds: Kind) -> list[Steering]:
        row = self._job.row
        found = outlast(lambda: list(open_steering(self._job.task.pk, row.step, *kinds)), "steering")
        return [one for one in found if one.kind == Kind.MESSAGE or one.round == row.round]
