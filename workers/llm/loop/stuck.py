"""Notice a model that goes in circles: one nudge, and if that does not help, the end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from workers.llm.port import ToolCall

REPEATS = 4  # the same action with the same result
PAIRS = 3  # two actions in turn, this often each
ERRORS = 6  # failed actions in a row
SILENT = 3  # replies without any action in a row
NUDGE = "You are going in circles"


class Stuck(Exception):
    """The model went in circles, and goes on doing it where it was told so. The message says what was seen."""


@dataclass
class Watch:
    """Sees every action and its result. A first circle earns a nudge (a sentence for the model), a second ends it.

    `warns` is False where nobody can pass a nudge on: then the first one ends it.
    """

    nudged: bool = False
    warns: bool = True
    _seen: list[str] = field(default_factory=list)
    _errors: int = 0
    _silent: int = 0

    def saw(self, call: ToolCall, answer: str, *, problem: bool) -> str:
        """The nudge that is due now, or nothing. Raises Stuck."""
        self._silent = 0
        self._errors = self._errors + 1 if problem else 0
        self._seen = [*self._seen[-2 * PAIRS :], _digest(call, answer)]
        return self._judge(self._circle(call))

    def saw_silence(self) -> str:
        """A reply without any action."""
        self._silent += 1
        return self._judge(f"you answered {SILENT} times without calling a tool" if self._silent >= SILENT else "")

    def _circle(self, call: ToolCall) -> str:
        seen = self._seen
        if len(seen) >= REPEATS and len(set(seen[-REPEATS:])) == 1:
            return f"you called {call.name} {REPEATS} times with the same arguments and got the same result each time"
        pair = seen[-2 * PAIRS :]
        if len(pair) == 2 * PAIRS and pair[:2] * PAIRS == pair and pair[0] != pair[1]:
            return f"you did the same two things in turn, {PAIRS} times each, with the same results"
        if self._errors >= ERRORS:
            return f"{ERRORS} calls in a row failed"
        return ""

    def _judge(self, circle: str) -> str:
        if not circle:
            return ""
        if not self.warns:
            raise Stuck(f"The model went in circles: {circle.replace('you ', 'it ', 1)}.")
        if self.nudged:
            raise Stuck(f"The model went in circles ({circle.replace('you ', 'it ', 1)}), also after it was told.")
        self.nudged = True
        self._seen, self._errors, self._silent = [], 0, 0
        return (
            f"{NUDGE}: {circle}. Stop and think about what this tells you, then do something else. "
            "If the task cannot be done, say why with `submit`."
        )


def _digest(call: ToolCall, answer: str) -> str:
    text = json.dumps(
        [call.name, dict(call.arguments), call.raw if call.problem else "", answer], default=str, sort_keys=True
    )
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
