"""What every model does: answer, call tools, stream, count."""

from __future__ import annotations

import threading
import time

import pytest

from tests import busy
from tests.contract.models.conftest import PRICE, Play
from tests.providers import Call, Refuse, Talk, calls, says, stalls
from workers.llm.budget import BudgetExhausted, FakeBudget
from workers.llm.port import Delta, Finish, Kind, Message, ModelCanceled, ModelError, Role, Tool

HELLO = (Message(Role.SYSTEM, "You are terse."), Message(Role.USER, "Hello"))
SHELL = Tool("shell", "Run a command.", {"type": "object", "properties": {"command": {"type": "string"}}})


def test_it_answers_with_text_and_says_what_that_used(play: Play) -> None:
    stage = play([says("Good day.", input_tokens=120, output_tokens=30)])
    reply = stage.model.reply(HELLO)
    assert (reply.text, reply.finish, reply.tool_calls) == ("Good day.", Finish.STOP, ())
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (120, 30)
    assert reply.usage.cost_micros == PRICE.micros(120, 30) == 810
    assert reply.model == stage.model.name


def test_it_calls_a_tool_and_reads_the_answer(play: Play) -> None:
    stage = play([calls("shell", text="Let me look.", command="ls"), says("There is a README.")])
    first = stage.model.reply(HELLO, [SHELL])
    assert first.finish is Finish.TOOL_CALLS
    call = first.tool_calls[0]
    assert (call.name, call.arguments, call.problem) == ("shell", {"command": "ls"}, "")
    answer = Message(Role.TOOL, "README.md", call_id=call.id, name="shell")
    assert stage.model.reply([*HELLO, first.message, answer], [SHELL]).text == "There is a README."


def test_it_calls_several_tools_at_once(play: Play) -> None:
    both = Talk("", (Call("shell", '{"command": "ls"}'), Call("shell", '{"command": "id"}')))
    reply = play([both]).model.reply(HELLO, [SHELL])
    assert [call.arguments["command"] for call in reply.tool_calls] == ["ls", "id"]
    assert len({call.id for call in reply.tool_calls}) == 2


def test_its_text_comes_as_it_is_written(play: Play) -> None:
    told: list[Delta] = []
    text = "A sentence that is longer than one piece of the stream. " * 4
    reply = play([says(text)]).model.reply(HELLO, on_delta=told.append)
    pieces = [delta.text for delta in told if delta.kind is Kind.TEXT]
    assert "".join(pieces) == reply.text == text
    assert len(pieces) > 3


def test_it_says_where_its_output_limit_cut_it_off(play: Play) -> None:
    assert play([Talk("And then", cut_off=True)]).model.reply(HELLO).finish is Finish.LENGTH


def test_it_tells_while_it_waits(play: Play) -> None:
    told: list[Delta] = []
    stage = play([stalls(30)], heartbeat_s=0.1)
    threading.Timer(1, stage.model.cancel, ["Enough."]).start()
    with pytest.raises(ModelCanceled):
        stage.model.reply(HELLO, on_delta=told.append)
    waiting = [delta for delta in told if delta.kind is Kind.WAITING]
    assert waiting
    assert waiting[-1].waited_s > 0


def test_cancel_ends_it_within_a_second_and_later_calls_at_once(play: Play) -> None:
    stage = play([stalls(60), says("never")])
    asked_at: list[float] = []

    def cancel() -> None:
        asked_at.append(time.monotonic())
        stage.model.cancel("A person canceled it.")

    threading.Timer(0.5, cancel).start()
    with pytest.raises(ModelCanceled, match="A person"):
        stage.model.reply(HELLO)
    assert time.monotonic() - asked_at[0] < busy.allowed(1)
    with pytest.raises(ModelCanceled):
        stage.model.reply(HELLO)


def test_what_the_listener_raises_comes_out(play: Play) -> None:
    def refuse(delta: Delta) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play([says("Hello.")]).model.reply(HELLO, on_delta=refuse)


def test_an_error_says_whether_it_will_pass(play: Play) -> None:
    with pytest.raises(ModelError, match="No such thing") as caught:
        play([Refuse(404, "No such thing.")]).model.reply(HELLO)
    assert caught.value.permanent
    with pytest.raises(ModelError, match="Busy") as caught:
        play([Refuse(503, "Busy.")] * 3).model.reply(HELLO)
    assert not caught.value.permanent


def test_a_call_is_reserved_before_and_settled_after(play: Play) -> None:
    stage = play([says("One.", input_tokens=100, output_tokens=20)])
    before = dict(stage.budget.left)
    stage.model.reply(HELLO)
    assert before["tokens"] - stage.budget.left["tokens"] == 120
    assert before["calls"] - stage.budget.left["calls"] == 1
    assert before["money"] - stage.budget.left["money"] == PRICE.micros(100, 20)
    assert stage.budget.asked[0].tokens >= 120


def test_no_call_is_made_that_the_budget_does_not_hold(play: Play) -> None:
    stage = play([says("Never.")], budget=FakeBudget(tokens=100))
    with pytest.raises(BudgetExhausted):
        stage.model.reply(HELLO)
    assert stage.provider is None or stage.provider.seen == []


def test_a_refused_call_costs_nothing(play: Play) -> None:
    stage = play([Refuse(404)], budget=FakeBudget(calls=7))
    with pytest.raises(ModelError):
        stage.model.reply(HELLO)
    assert stage.budget.left["calls"] == 7
    assert stage.budget.settled == []
