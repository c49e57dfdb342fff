"""delegate: a sub-task for another model, in a sandbox of its own; its files and what it says come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import Field

from workers.llm.tools.port import Arguments, Instrument, ToolFailed

SHOWN = 50  # changed files that are named


class Delegate(Arguments):
    title: str = Field(description="A few words.", min_length=1, max_length=200)
    task: str = Field(
        description="What is to be done, with everything that it takes to know: the other model has not read this.",
        min_length=1,
        max_length=20_000,
    )


@dataclass(frozen=True)
class Delegated:
    """How a sub-task ended; `changed` are the files that it changed, which are in the workspace by now."""

    run: int
    ok: bool
    said: str
    changed: Sequence[str] = ()


Colleague = Callable[[str, str], Delegated]
"""Does what a title and a task ask. May end the attempt by what it raises: the next one comes here again, and is given
the result of the same sub-task. Raises ToolFailed."""


def delegate(colleague: Colleague) -> Instrument:
    def run(asked: Delegate) -> str:
        result = colleague(asked.title, asked.task)
        if not result.ok:
            raise ToolFailed(f"The sub-task (run {result.run}) did not succeed: {result.said} Its files stay away.")
        names = [*result.changed[:SHOWN], *(["…"] if len(result.changed) > SHOWN else [])]
        files = f"\nChanged, and in your workspace now:\n{chr(10).join(names)}" if names else "\nIt changed no file."
        return f"The sub-task (run {result.run}) is done. It says:\n{result.said}{files}"

    description = (
        "Give a self-contained part of the work to another model with a sandbox of its own. It begins with your"
        " files as they are now; you wait, and get its changes and its report. It spends from the same budget."
    )
    return Instrument("delegate", description, Delegate, run, changes=True)
