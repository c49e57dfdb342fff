"""ask: up to five questions to a person. The job ends until they are answered, and goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import Field

from workers.llm.tools.port import Arguments, Instrument

MOST = 5


class Wondered(Arguments):
    text: str = Field(description="The question, so that it can be understood by itself.", min_length=1)
    choices: list[str] = Field(
        default_factory=list, description="Answers to choose from: 2 to 10, or none for free text."
    )
    required: bool = Field(True, description="Whether it must be answered.")


class Ask(Arguments):
    questions: list[Wondered] = Field(description="All that is unclear, at once.", min_length=1, max_length=MOST)


def ask(put: Callable[[Sequence[Wondered]], str]) -> Instrument:
    """`put` gives the answers, as text for the model; while there are none it raises what ends the loop."""

    def run(asked: Ask) -> str:
        return put(asked.questions)

    description = (
        "Ask a person what only they can know. It may take hours until they answer; decide small things yourself."
    )
    return Instrument("ask", description, Ask, run)
