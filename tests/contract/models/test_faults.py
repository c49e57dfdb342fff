"""What providers do to their callers, in every wire format, and what becomes of it."""

from __future__ import annotations

import time

import pytest

from tests.contract.models.conftest import MODELS, QUICK, Play, endpoint_of
from tests.contract.models.test_talking import HELLO, SHELL
from tests.providers import Call, Cut, Garbage, Refuse, Talk, overloaded, says, scripted, stalls
from workers.llm.budget import FakeBudget
from workers.llm.calling import CalledModel
from workers.llm.port import ContextTooLong, Delta, Kind, ModelError


def test_it_waits_as_long_as_the_provider_says(play_real: Play) -> None:
    stage = play_real([overloaded(1), says("Now.")])
    began = time.monotonic()
    assert stage.model.reply(HELLO).text == "Now."
    assert time.monotonic() - began >= 1


def test_it_gives_up_where_the_provider_wants_too_long_a_wait(play_real: Play) -> None:
    stage = play_real([overloaded(3600), says("Never.")])
    with pytest.raises(ModelError, match="it wants 3600 s of waiting") as caught:
        stage.model.reply(HELLO)
    assert (caught.value.permanent, caught.value.retry_after_s) == (False, 3600)
    assert stage.provider is not None
    assert len(stage.provider.seen) == 1


@pytest.mark.parametrize("status", [500, 503, 529])
def test_it_asks_again_when_the_provider_fails(play_real: Play, status: int) -> None:
    stage = play_real([Refuse(status), Refuse(status), says("Here I am.")])
    assert stage.model.reply(HELLO).text == "Here I am."


def test_it_gives_up_after_its_attempts_and_says_why(play_real: Play) -> None:
    stage = play_real([Refuse(500, "Out of order.")] * 9)
    with pytest.raises(ModelError, match=r"answered 500: Out of order\. \(given up after 3 attempts\)"):
        stage.model.reply(HELLO)
    assert stage.provider is not None
    assert len(stage.provider.seen) == QUICK.attempts


@pytest.mark.parametrize("broken", [Cut(), stalls(30)])
def test_a_reply_that_breaks_off_is_asked_again_and_what_was_told_is_void(play_real: Play, broken: Cut) -> None:
    told: list[Delta] = []
    stage = play_real([broken, says("All of it.")], stall_s=0.8)
    assert stage.model.reply(HELLO, on_delta=told.append).text == "All of it."
    void = next(n for n, delta in enumerate(told) if delta.kind is Kind.AGAIN)
    assert "".join(delta.text for delta in told[void:] if delta.kind is Kind.TEXT) == "All of it."


def test_a_reply_that_breaks_off_is_paid_for_as_far_as_it_came(play_real: Play) -> None:
    stage = play_real([Cut(), says("All of it.")])
    stage.model.reply(HELLO)
    broken, whole = stage.budget.settled
    assert broken.estimated
    assert broken.output_tokens > 0
    assert not whole.estimated


def test_a_body_that_nobody_can_read_is_an_error(play_real: Play) -> None:
    with pytest.raises(ModelError, match=r"nothing that can be read|cannot be reached|answered"):
        play_real([Garbage()] * 3).model.reply(HELLO)


def test_a_wrong_key_is_refused_once_and_never_shown(play_real: Play) -> None:
    stage = play_real([Refuse(401, "Your key scripted-key-3f9a1c is wrong."), says("Never.")])
    with pytest.raises(ModelError, match="Is the key right") as caught:
        stage.model.reply(HELLO)
    assert caught.value.permanent
    assert "3f9a1c" not in str(caught.value)


def test_a_conversation_that_is_too_long_says_so(play_real: Play) -> None:
    stage = play_real([Refuse(400, "prompt is too long: 210000 tokens > 200000 maximum"), says("Never.")])
    with pytest.raises(ContextTooLong):
        stage.model.reply(HELLO)
    assert stage.provider is not None
    assert len(stage.provider.seen) == 1


def test_a_reply_of_two_megabytes_comes_whole(play_real: Play) -> None:
    text = "0123456789abcdef" * (2 * 1024 * 1024 // 16)
    assert play_real([says(text)]).model.reply(HELLO).text == text


@pytest.mark.parametrize("format", ["openai", "anthropic"])  # the others have no way to send such a thing
@pytest.mark.parametrize("raw", ['{"command": "ls', "[1, 2]", "ls -l"])
def test_a_malformed_tool_call_is_told_not_raised(format: str, raw: str) -> None:
    with scripted([Talk("", (Call("shell", raw),))]) as provider:
        model = CalledModel([endpoint_of(format, provider)], FakeBudget(), patience=QUICK)
        call = model.reply(HELLO, [SHELL]).tool_calls[0]
    assert call.problem.startswith("The arguments are not")
    assert (call.arguments, call.raw) == ({}, raw)


def test_it_sends_what_it_was_given(play_real: Play) -> None:
    stage = play_real([says("Yes.")])
    stage.model.reply(HELLO, [SHELL])
    assert stage.provider is not None
    seen = stage.provider.seen[0]
    assert seen.messages == (("system", "You are terse."), ("user", "Hello"))
    assert (seen.tools, seen.stream) == (("shell",), True)
    assert seen.model == stage.model.name.partition("/")[2]
    assert stage.provider.lost == []


@pytest.mark.parametrize("second", MODELS)
def test_the_next_in_the_list_is_asked_when_one_fails_for_good(second: str) -> None:
    with scripted([Refuse(404)]) as gone, scripted([says("I can.")]) as other:
        endpoints = [endpoint_of("openai", gone), endpoint_of(second, other)]
        reply = CalledModel(endpoints, FakeBudget(), patience=QUICK).reply(HELLO)
    assert (reply.text, reply.model) == ("I can.", MODELS[second])


def test_when_all_fail_the_error_tells_of_each() -> None:
    with scripted([Refuse(404, "Gone.")]) as gone, scripted([overloaded(99)]) as busy:
        endpoints = [endpoint_of("openai", gone), endpoint_of("anthropic", busy)]
        with pytest.raises(ModelError, match=r"Gone\..*it wants 99 s") as caught:
            CalledModel(endpoints, FakeBudget(), patience=QUICK).reply(HELLO)
    assert (caught.value.permanent, caught.value.retry_after_s) == (False, 99)


def test_a_provider_that_is_not_there_says_so() -> None:
    with scripted([]) as provider:
        endpoint = endpoint_of("openai", provider)
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        CalledModel([endpoint], FakeBudget(), patience=QUICK).reply(HELLO)
    assert not caught.value.permanent
