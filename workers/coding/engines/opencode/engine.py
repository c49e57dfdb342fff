"""OpencodeEngine: launch it, follow it, end it, and judge how it ended."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from workers.coding.engines.beginning import begin, settle
from workers.coding.engines.opencode import launch
from workers.coding.engines.opencode.fit import fitting
from workers.coding.engines.opencode.follow import Follower
from workers.coding.engines.opencode.silence import ended_when_silent
from workers.coding.engines.opencode.words import goes_on_with, prompt_for
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template import TemplateEngine
from workers.llm.gateway import Gateway
from workers.llm.gateway.tools import Tools
from workers.llm.loop.ending import reason_of
from workers.llm.loop.stuck import Stuck
from workers.llm.loop.trajectory import Trajectory, Turn
from workers.llm.port import ContextTooLong, Message, Role
from workers.mirror import Mirror
from workers.repo.worktree import Worktree
from workers.sandbox.port import Ended, Result, Sandbox

OnFailure = Callable[[Exception], None]
OVER = "opencode has ended."


@dataclass(frozen=True)
class Means:
    """What the engine needs, from whoever has it. `seconds`: how long it may work in all."""

    trajectory: Trajectory
    open_sandbox: Callable[[], AbstractContextManager[Sandbox]]
    open_gateway: Callable[[socket.socket, OnFailure, Tools | None], AbstractContextManager[Gateway]]
    worktree: Worktree
    snapshots: str
    inputs: TemplateEngine
    seconds: float
    open_tools: Callable[[Sandbox, OnFailure], AbstractContextManager[Tools | None]] = lambda *_: nullcontext()
    decided: Callable[[], str] = str  # what a person has answered to an earlier attempt


class OpencodeEngine:
    """Killed and called again with the same trajectory, a new conversation begins with the files of the last step."""

    name = "opencode"

    def __init__(self, means: Means) -> None:
        self._means = means

    def write_code(self, assignment: Assignment, worktree: Path) -> Written:
        means = self._means
        start = begin(assignment, worktree, means.worktree, means.trajectory, means.inputs)
        with means.open_sandbox() as sandbox:
            mirror = Mirror(sandbox, means.worktree)
            mirror.fill(means.worktree.snapshot(means.snapshots))
            home = settle(sandbox, assignment.task, means.worktree)
            goes_on = goes_on_with(means.decided()) if start.turns else ""
            prompt = prompt_for(assignment, sandbox, home, goes_on)
            try:
                summary = _Launch(means, assignment, sandbox, mirror, home).run(prompt)
            finally:
                sandbox.kill(OVER)  # what it left running writes no more; its own end would leave its children alive
                mirror.sync()
        return Written(summary, start.deploy)


class _Launch:
    """One run of the program."""

    def __init__(self, means: Means, assignment: Assignment, sandbox: Sandbox, mirror: Mirror, home: str) -> None:
        self._means, self._sandbox, self._mirror, self._home = means, sandbox, mirror, home
        self._task = assignment.task
        self._follower = Follower(assignment, means.trajectory, self._snapshot)
        self._failures: list[Exception] = []
        self._endings: list[Exception] = []

    def run(self, prompt: str) -> str:
        """What it says of its work. Raises EngineFailed."""
        self._means.trajectory.append(Turn(Message(Role.USER, prompt)))
        self._sandbox.run(["sh", "-c", launch.PREPARE], timeout_s=self._task.constraints.timeout_s, on_output=_nothing)
        try:
            result, silent = self._converse(self._argument(prompt))
        except Stuck as error:
            raise EngineFailed(str(error), reason_of(error)) from error
        self._judge(result, silent)
        return self._follower.summary or "opencode says that it is done."

    def _converse(self, prompt: str) -> tuple[Result, bool]:
        follower, limits = self._follower, self._task.constraints
        with (
            self._means.open_tools(self._sandbox, self._end) as tools,
            fitting(lambda: self._sandbox.listen(launch.FORWARDER)) as listener,
            self._means.open_gateway(listener, self._fail, tools) as gateway,
            ended_when_silent(
                lambda: follower.heard_at, lambda: gateway.busy, limits.no_output_s, self._sandbox.kill
            ) as silence,
        ):
            result = self._sandbox.run(
                launch.command(prompt),
                timeout_s=self._means.seconds,
                on_output=follower.read,
                env=launch.environment(gateway.address, gateway.key, tools=tools is not None),
                cwd=self._home,
            )
        follower.close()
        return result, silence.fell

    def _argument(self, prompt: str) -> str:
        if not launch.is_long(prompt):
            return prompt
        self._sandbox.write(launch.PROMPT_FILE, prompt.encode(errors="replace"))
        return launch.read_it_from(self._sandbox.workspace)

    def _snapshot(self) -> str:
        return self._means.worktree.snapshot(self._means.snapshots) if self._mirror.sync() else ""

    def _fail(self, error: Exception) -> None:
        """The gateway has no answer, after all that it may try: opencode would only ask again."""
        if not isinstance(error, ContextTooLong):  # that it can help itself
            self._failures.append(error)
            self._sandbox.kill(str(error))

    def _end(self, error: Exception) -> None:
        """A tool's call ends the attempt: it waits for a person."""
        self._endings.append(error)
        self._sandbox.kill(str(error))

    def _judge(self, result: Result, silent: bool) -> None:
        """Exit code 0 and a last step that stopped; else why not."""
        if self._endings:
            raise self._endings[0]
        if self._failures:
            raise EngineFailed(str(self._failures[0]), reason_of(self._failures[0]))
        if silent:
            raise EngineFailed(result.message, "no_output")
        if result.ended is Ended.STOPPED:
            raise EngineFailed(result.message, "canceled_by_user")
        if result.ended is not Ended.EXITED:
            raise EngineFailed(f"opencode: {result.message}", result.ended.value)
        if result.ok and self._follower.ended_with == "stop":
            return
        how = f"its last step ended with {self._follower.ended_with!r}" if self._follower.ended_with else "in mid-step"
        message = f"opencode ended with exit code {result.exit_code} before it was done ({how}). {self._follower.error}"
        raise EngineFailed(message.strip())


def _nothing(_data: bytes) -> None:
    """What the preparation prints is nobody's concern."""
