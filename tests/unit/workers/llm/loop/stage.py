"""A loop around a model that answers from a script, in the sandbox that ships as a fake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from workers.llm.budget import FakeBudget
from workers.llm.fake import FakeModel
from workers.llm.loop.condense import Condenser
from workers.llm.loop.loop import Loop, Surroundings
from workers.llm.loop.trajectory import MemoryTrajectory, Said
from workers.llm.port import Message, Reply, Role
from workers.llm.tools.port import Arguments, Instrument, Submitted, Toolbox, ToolFailed
from workers.llm.tools.submit import submit

OPENING = [Message(Role.SYSTEM, "You are a coder."), Message(Role.USER, "Write it.")]


class Word(Arguments):
    word: str = ""


@dataclass
class Stage:
    """`did` are the words that the tool `say` was called with; `kill_at` makes it die like a worker, at that word."""

    script: Iterable[Reply | Exception]
    trajectory: MemoryTrajectory = field(default_factory=MemoryTrajectory)
    budget: FakeBudget = field(default_factory=FakeBudget)
    kill_at: str = ""
    limit_tokens: int = 100_000
    did: list[str] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    people_say: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = FakeModel(self.script, budget=self.budget)
        around = Surroundings(self._tell, snapshot=lambda: f"after {self.did[-1]}" if self.did else "", said=self._said)
        box = Toolbox([Instrument("say", "Say a word.", Word, self._say, changes=True), submit()])
        self.loop = Loop(self.model, box, self.trajectory, self.budget, around, Condenser(self.limit_tokens))

    def run(self) -> str:
        end: Submitted = self.loop.run(OPENING)
        return str(end)

    def _say(self, asked: Word) -> str:
        if asked.word == self.kill_at:
            raise KeyboardInterrupt
        if asked.word == "bad":
            raise ToolFailed("No such word.")
        self.did.append(asked.word)
        return f"said {asked.word}"

    def _tell(self, type: str, **data: object) -> None:
        self.told.append((type, data))

    def _said(self) -> list[Said]:
        said, self.people_say = self.people_say, []
        return [Said(text) for text in said]

    @property
    def texts(self) -> list[str]:
        return [turn.message.text for turn in self.trajectory.turns]
