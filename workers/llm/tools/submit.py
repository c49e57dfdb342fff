"""submit: say that the task is done, or why it cannot be."""

from __future__ import annotations

from pydantic import Field

from workers.llm.tools.port import Arguments, Instrument, Submitted


class Submit(Arguments):
    summary: str = Field(description="One to three sentences: what you did, or why it cannot be done.", min_length=1)


def submit() -> Instrument:
    def run(asked: Submit) -> str:
        raise Submitted(asked.summary)

    return Instrument("submit", "End your work on this task. Call it last, when everything is in place.", Submit, run)
