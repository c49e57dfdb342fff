"""The manager's tools: what only reads, and the one with which it hands in its spec."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from apps.runs.services.active import ActiveJob
from apps.specs.problems import Problem
from apps.specs.schema.reference import TABLES, table
from apps.specs.validate import Checked, check
from workers.llm.loop.trajectory import Turn
from workers.llm.port import Role
from workers.llm.tools.port import Arguments, Instrument, Submitted, ToolFailed
from workers.manager.specify.rules import refused

PROPOSE = "propose_spec"
MOST_PROPOSALS = 8
PROBLEMS_SHOWN = 20
FENCE = "```"


class Help(Arguments):
    part: str = Field(description="Which part of a spec.", json_schema_extra={"enum": list(TABLES)})


class Propose(Arguments):
    spec: str = Field(description="The whole spec as YAML.", min_length=1)


class NeverValid(Exception):
    """The model did not come to a valid spec; the message says what was wrong with the last one."""


def spec_help() -> Instrument:
    def run(asked: Help) -> str:
        if asked.part not in TABLES:
            raise ToolFailed(f"There is no such part. There are: {', '.join(TABLES)}.")
        return table(TABLES[asked.part])

    return Instrument("spec_help", "Every key of one part of a spec, with what it may be and what it means.", Help, run)


class Proposals:
    """Checks what is proposed. `accepted` is the first valid spec; of the invalid ones so many are taken back."""

    def __init__(self, job: ActiveJob) -> None:
        self._job = job
        self._failed = 0
        self.accepted: Checked | None = None

    def recall(self, turns: Sequence[Turn]) -> None:
        """An attempt that was interrupted has proposed too: every answer that it got was a refusal."""
        self._failed = sum(turn.message.role is Role.TOOL and turn.message.name == PROPOSE for turn in turns)

    def tool(self) -> Instrument:
        return Instrument(PROPOSE, "Hand in the spec. The first valid one is taken.", Propose, self._propose)

    def _propose(self, asked: Propose) -> str:
        checked = check(self._job.masked(_unfenced(asked.spec)))
        problems = checked.problems
        if checked.spec is not None:
            problems = refused(checked.spec, unattended=self._job.run.unattended)
        if not problems:
            self.accepted = checked
            raise Submitted(f"Proposed {checked.spec.id}." if checked.spec else "")
        self._failed += 1
        told = _told(problems)
        self._job.print(f"Proposal {self._failed} has {len(problems)} problems:\n{told}")
        if self._failed >= MOST_PROPOSALS:
            raise NeverValid(f"No valid spec in {MOST_PROPOSALS} proposals. The last one: {_told(problems[:3])}")
        raise ToolFailed(f"The spec has problems:\n{told}\nCorrect them and propose the whole spec again.")


def _told(problems: Sequence[Problem]) -> str:
    more = f"\n… and {len(problems) - PROBLEMS_SHOWN} more." if len(problems) > PROBLEMS_SHOWN else ""
    return "\n".join(f"- {problem}" for problem in problems[:PROBLEMS_SHOWN]) + more


def _unfenced(text: str) -> str:
    """Models like to put fences around what they write."""
    lines = text.strip().splitlines()
    if len(lines) > 1 and lines[0].startswith(FENCE) and lines[-1].strip() == FENCE:
        lines = lines[1:-1]
    return "\n".join(lines) + "\n"
