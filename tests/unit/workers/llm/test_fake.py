"""The scripted model and the budget in memory, as the loop's tests use them."""

from __future__ import annotations

import threading

import pytest

from workers.llm.budget import Ask, BudgetExhausted, FakeBudget
from workers.llm.fake import FakeModel, Hang, calls, says
from workers.llm.port import Delta, Kind, Message, ModelCanceled, ModelError, Role

HELLO = (Message(Role.USER, "Hello"),)


def test_it_answers_turn_by_turn_and_remembers_what_it_was_asked() -> None:
    model = FakeModel([calls("shell", command="ls"), says("Done.")])
    first = model.reply(HELLO)
    second = model.reply([*HELLO, first.message])
    assert (first.tool_calls[0].arguments, second.text) == ({"command": "ls"}, "Done.")
    assert [len(asked.messages) for asked in model.asked] == [1, 2]


def test_a_script_that_ran_out_is_a_permanent_error_and_costs_nothing() -> None:
    budget = FakeBudget(calls=5)
    with pytest.raises(ModelError) as caught:
        FakeModel([], budget=budget).reply(HELLO)
    assert caught.value.permanent
    assert budget.left["calls"] == 5


def test_a_script_may_raise() -> None:
    with pytest.raises(ModelError, match="busy"):
        FakeModel([ModelError("busy", retry_after_s=3)]).reply(HELLO)


def test_its_text_comes_in_pieces() -> None:
    told: list[Delta] = []
    FakeModel([says("one two three four five six")]).reply(HELLO, on_delta=told.append)
    assert len(told) > 1
    assert "".join(delta.text for delta in told if delta.kind is Kind.TEXT) == "one two three four five six"


def test_cancel_ends_a_reply_that_hangs_and_every_later_one() -> None:
    model = FakeModel([Hang(), says("never")])
    threading.Timer(0.05, model.cancel, ["Enough."]).start()
    for _ in range(2):
        with pytest.raises(ModelCanceled, match="Enough"):
            model.reply(HELLO)


def test_a_budget_refuses_what_it_cannot_hold_and_takes_back_what_was_not_used() -> None:
    budget = FakeBudget(tokens=1_500)
    model = FakeModel([says("one"), says("two")], budget=budget)
    model.reply(HELLO)
    assert budget.left["tokens"] == 1_500 - 120
    with pytest.raises(BudgetExhausted, match="tokens") as caught:
        budget.reserve(Ask("any", tokens=1_381, cost_micros=None))
    assert caught.value.limit == "tokens"
