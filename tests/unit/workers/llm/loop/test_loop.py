from __future__ import annotations

import pytest

from tests.unit.workers.llm.loop.stage import OPENING, Stage
from workers.llm.budget import BudgetExhausted, FakeBudget
from workers.llm.fake import calls, says
from workers.llm.loop.loop import CUT_OFF, GO_ON
from workers.llm.loop.stuck import Stuck
from workers.llm.loop.trajectory import MemoryTrajectory, Turn
from workers.llm.port import ContextTooLong, Finish, Message, Reply, Role, ToolCall

DONE = calls("submit", id="end", summary="It works.")


def say(word: str, id: str = "") -> Reply:
    return calls("say", id=id or f"say-{word}", word=word)


def test_it_works_until_the_model_submits() -> None:
    stage = Stage([say("one"), say("two"), DONE])
    assert stage.run() == "It works."
    assert stage.did == ["one", "two"]
    assert [type for type, _ in stage.told] == ["tool_start", "tool_end"] * 3


def test_every_turn_is_kept_with_what_the_files_were_after_it() -> None:
    stage = Stage([say("one"), DONE])
    stage.run()
    roles = [turn.message.role for turn in stage.trajectory.turns]
    assert roles == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT]
    assert [turn.snapshot for turn in stage.trajectory.turns] == ["", "", "", "after one", ""]


def test_a_killed_worker_s_successor_does_what_was_asked_and_pays_for_nothing_again() -> None:
    first = Stage([say("one"), say("two")], kill_at="two")
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second = Stage([DONE], trajectory=first.trajectory)
    assert second.run() == "It works."
    assert second.did == ["two"]
    assert len(second.model.asked) == 1
    assert [message.text for message in second.model.asked[0].messages[-2:]] == ["", "said two"]


def test_of_two_calls_in_one_reply_only_the_one_without_an_answer_is_done_again() -> None:
    both = Reply("", (ToolCall("a", "say", {"word": "one"}), ToolCall("b", "say", {"word": "two"})), Finish.TOOL_CALLS)
    first = Stage([both], kill_at="two")
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second = Stage([DONE], trajectory=first.trajectory)
    second.run()
    assert second.did == ["two"]


def test_a_run_that_had_submitted_ends_without_asking_anybody() -> None:
    before = [*map(Turn, OPENING), Turn(DONE.message)]
    stage = Stage([], trajectory=MemoryTrajectory(before))
    assert stage.run() == "It works."
    assert stage.model.asked == []


def test_limits_are_looked_at_before_a_call_is_paid() -> None:
    stage = Stage([say("one"), say("two"), DONE], budget=FakeBudget(steps=2))
    with pytest.raises(BudgetExhausted):
        stage.run()
    assert (stage.did, len(stage.model.asked)) == (["one", "two"], 2)


def test_who_calls_no_tool_is_asked_to_go_on_and_is_stuck_in_the_end() -> None:
    stage = Stage([says("Thinking."), Reply("Too lo", finish=Finish.LENGTH), *[says("Hm.")] * 9])
    with pytest.raises(Stuck):
        stage.run()
    assert GO_ON in stage.texts
    assert CUT_OFF in stage.texts


def test_who_repeats_himself_gets_one_nudge_and_then_it_is_over() -> None:
    stage = Stage([say("same")] * 20)
    with pytest.raises(Stuck, match="4 times"):
        stage.run()
    nudges = [text for text in stage.texts if "going in circles" in text]
    assert (len(nudges), len(stage.did)) == (1, 8)


def test_a_nudge_is_remembered_by_the_worker_that_follows() -> None:
    first = Stage([say("same")] * 4 + [say("dead")], kill_at="dead")
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second = Stage([say("again")] * 20, trajectory=first.trajectory)
    with pytest.raises(Stuck):
        second.run()
    assert len(second.did) == 5


def test_what_people_say_meanwhile_is_heard_before_the_next_question() -> None:
    stage = Stage([say("one"), DONE], people_say=["Use French."])
    stage.run()
    assert stage.model.asked[0].messages[-1] == Message(Role.USER, "Use French.")


def test_a_conversation_that_is_too_long_is_condensed_and_asked_again() -> None:
    words = [say(f"{number}-{'x' * 1500}", id=f"w{number}") for number in range(20)]
    stage = Stage([*words, ContextTooLong("too long"), DONE])
    assert stage.run() == "It works."
    assert len(stage.model.asked[-1].messages) < len(stage.model.asked[-2].messages)


def test_a_call_that_is_wrong_is_explained_to_the_model() -> None:
    wrong = Reply("", (ToolCall("a", "say", {"wort": "x"}),), Finish.TOOL_CALLS)
    broken = Reply("", (ToolCall("b", "say", raw="{", problem="The arguments are no JSON."),), Finish.TOOL_CALLS)
    stage = Stage([wrong, broken, calls("fly", id="c"), say("bad"), DONE])
    stage.run()
    answers = [turn.message.text for turn in stage.trajectory.turns if turn.message.role is Role.TOOL]
    assert "wort" in answers[0]
    assert answers[1] == "The arguments are no JSON."
    assert "There are: say, submit" in answers[2]
    assert answers[3] == "No such word."
