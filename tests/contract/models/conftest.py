"""Every way to a model, one after the other: the four wire formats over real HTTP, and the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.providers import KEY, Call, Provider, Refuse, Stall, Talk, Turn, scripted
from workers.llm.budget import FakeBudget
from workers.llm.calling import CalledModel, Patience
from workers.llm.endpoint import Endpoint, Price
from workers.llm.fake import FakeModel, Hang
from workers.llm.fake import Turn as FakeTurn
from workers.llm.port import Finish, Model, ModelError, Reply, ToolCall, Usage

MODELS = {
    "openai": "openai/scripted-1",
    "anthropic": "anthropic/scripted-1",
    # A real name: of a Gemini model that litellm does not know, it makes the system message a turn of the user.
    "gemini": "gemini/gemini-2.5-pro",
    "ollama": "ollama/scripted-1",
}
QUICK = Patience(attempts=3, first_wait_s=0.02, longest_retry_after_s=5)
PRICE = Price(input=3, output=15)


@dataclass
class Stage:
    """A model, what it talks to, and the budget that it is held to."""

    format: str
    model: Model
    budget: FakeBudget
    provider: Provider | None


Play = Callable[..., Stage]


@pytest.fixture(params=[*MODELS, "fake"])
def play(request: pytest.FixtureRequest) -> Iterator[Play]:
    """play(turns): a model that will answer so."""
    yield from _playing(request.param)


@pytest.fixture(params=[*MODELS])
def play_real(request: pytest.FixtureRequest) -> Iterator[Play]:
    """The same over HTTP only: for faults of the line, and for what is sent."""
    yield from _playing(request.param)


def _playing(format: str) -> Iterator[Play]:
    with ExitStack() as stack:

        def play(turns: Sequence[Turn], *, budget: FakeBudget | None = None, **more: float) -> Stage:
            held = budget or FakeBudget()
            if format == "fake":
                beat_s = more.get("heartbeat_s", 5)
                model: Model = FakeModel([_faked(turn) for turn in turns], budget=held, heartbeat_s=beat_s)
                return Stage(format, model, held, None)
            provider = stack.enter_context(scripted(turns))
            endpoint = endpoint_of(format, provider, stall_s=more.get("stall_s", 20))
            model = CalledModel([endpoint], held, patience=QUICK, heartbeat_s=more.get("heartbeat_s", 5))
            return Stage(format, model, held, provider)

        yield play


def endpoint_of(format: str, provider: Provider, *, stall_s: float = 20, key: str = KEY) -> Endpoint:
    return Endpoint(MODELS[format], key, provider.address(format), PRICE, 1000, stall_s)


def _faked(turn: Turn) -> FakeTurn:
    match turn:
        case Talk():
            usage = Usage(turn.input_tokens, turn.output_tokens)
            usage = Usage(
                turn.input_tokens, turn.output_tokens, 0, PRICE.micros(usage.input_tokens, usage.output_tokens)
            )
            calls = tuple(_call(index, call) for index, call in enumerate(turn.calls))
            finish = Finish.LENGTH if turn.cut_off else Finish.TOOL_CALLS if calls else Finish.STOP
            return Reply(turn.text, calls, finish, usage)
        case Refuse(status, message):
            return ModelError(message, permanent=status < 500 and status != 429)
        case Stall():
            return Hang()
        case _:
            raise NotImplementedError(turn)


def _call(index: int, call: Call) -> ToolCall:
    return ToolCall(f"call_{index}", call.name, call.arguments, call.raw)
