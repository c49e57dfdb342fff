"""The loop: step() is execute(query()). It ends by an exception that says how.

In charge of: the conversation, its order, and that every turn is kept before the next one begins. Not in charge of:
what tools do, what a call may cost, whether the work is any good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workers.llm.budget import Budget
from workers.llm.loop.condense import Condenser
from workers.llm.loop.stuck import NUDGE, Watch
from workers.llm.loop.trajectory import Said, Trajectory, Turn, unanswered
from workers.llm.port import ContextTooLong, Finish, Message, Model, OnDelta, Reply, Role, ToolCall, ignore
from workers.llm.tools.port import Answer, Submitted, Toolbox

GO_ON = "You did not call a tool. Go on with the task, or call `submit` when it is done."
CUT_OFF = "Your answer was cut off at its length limit. Do it in smaller steps."


class Tell(Protocol):
    """Tell what is going on: an event type and its data."""

    def __call__(self, type: str, **data: object) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    """What the loop needs of whoever runs it. Every call may raise, and the loop ends with that.

    `between` is called before each step, where a person may hold the job: what it raises ends the loop, Submitted as
    if the model had. `snapshot` keeps the files as they are and names them; `said` gives what people wrote to the job
    and was not kept yet.
    """

    tell: Tell
    snapshot: Callable[[], str] = lambda: ""
    said: Callable[[], Sequence[Said]] = tuple
    between: Callable[[], None] = lambda: None
    on_delta: OnDelta = ignore


@dataclass
class Loop:
    """One conversation about one task. Give it the same trajectory again, and it goes on where that one ends."""

    model: Model
    toolbox: Toolbox
    trajectory: Trajectory
    budget: Budget
    around: Surroundings
    condenser: Condenser
    watch: Watch = field(default_factory=Watch)

    def run(self, opening: Sequence[Message]) -> Submitted:
        """Until it submits. Raises Stuck, BudgetExhausted, ModelError, ModelCanceled, SandboxError."""
        try:
            self._begin(opening)
            while True:
                self.step()
        except Submitted as end:
            return end

    def _begin(self, opening: Sequence[Message]) -> None:
        turns = self.trajectory.load()
        self.messages = [turn.message for turn in turns]
        if not turns:
            for message in opening:
                self._keep(message)
            return
        self._recall(turns)
        for call in self._pending(turns):
            self._answer(call)  # its reply is paid for; only what it asked for is missing

    def step(self) -> None:
        self.around.between()
        self.execute(self.query())

    def query(self) -> Reply:
        self.budget.step()
        for one in self.around.said():
            self._keep(Message(Role.USER, one.text), said=one.number)
        reply = self._ask()
        self._keep(reply.message)
        return reply

    def execute(self, reply: Reply) -> None:
        for call in reply.tool_calls:
            self._answer(call)
        if not reply.tool_calls:
            nudge = self.watch.saw_silence()
            self._keep(Message(Role.USER, nudge or (CUT_OFF if reply.finish is Finish.LENGTH else GO_ON)))

    def _ask(self) -> Reply:
        while True:
            try:
                shown = self.condenser.shown(self.messages)
                return self.model.reply(shown, self.toolbox.tools, self.around.on_delta)
            except ContextTooLong:
                if not self.condenser.shrink(self.messages):
                    raise

    def _answer(self, call: ToolCall) -> None:
        self.around.tell("tool_start", tool=call.name, call=call.id, text=self.toolbox.describe(call))
        answer = self.toolbox.run(call)
        if answer.submitted is None:
            self._keep_answer(call, answer)
        seconds = round(answer.seconds, 3)
        self.around.tell("tool_end", tool=call.name, call=call.id, ok=not answer.problem, seconds=seconds)
        if answer.submitted is not None:
            raise answer.submitted  # without an answer: a worker that dies here has a successor that comes here again

    def _keep_answer(self, call: ToolCall, answer: Answer) -> None:
        snapshot = self.around.snapshot() if answer.changed else ""
        nudge = self.watch.saw(call, answer.text, problem=answer.problem)
        text = f"{answer.text}\n\n{nudge}" if nudge else answer.text
        self._keep(Message(Role.TOOL, text, call_id=call.id, name=call.name), snapshot)

    def _keep(self, message: Message, snapshot: str = "", said: int = 0) -> None:
        self.trajectory.append(Turn(message, snapshot, said))
        self.messages.append(message)

    def _recall(self, turns: Sequence[Turn]) -> None:
        """A model that was nudged before its worker died is not nudged a second time."""
        self.watch.nudged = any(NUDGE in turn.message.text for turn in turns if turn.message.role is not Role.ASSISTANT)

    def _pending(self, turns: list[Turn]) -> list[ToolCall]:
        wanted = unanswered(turns)
        calls = {call.id: call for turn in turns for call in turn.message.tool_calls}
        return [calls[id] for id in wanted]
