from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.llm.loop.condense import Condenser, tokens
from workers.llm.port import Message, Role, ToolCall

OPENING = [Message(Role.SYSTEM, "system"), Message(Role.USER, "task")]


def conversation(sizes: list[int]) -> list[Message]:
    messages = list(OPENING)
    for number, size in enumerate(sizes):
        messages.append(Message(Role.ASSISTANT, "", (ToolCall(str(number), "read", {"path": f"f{number}"}),)))
        messages.append(Message(Role.TOOL, "x" * size, call_id=str(number), name="read"))
    return messages


def test_what_fits_is_shown_as_it_is() -> None:
    messages = conversation([100] * 5)
    assert Condenser(100_000).shown(messages) == messages


def test_old_observations_shrink_first_and_the_newest_stay() -> None:
    messages = conversation([4_000] * 12)
    shown = Condenser(10_000).shown(messages)
    assert len(shown) == len(messages)
    assert shown[-8:] == messages[-8:]
    assert all("left out" in message.text for message in shown[3:-8:2])


def test_what_was_condensed_once_stays_so_that_the_providers_cache_holds() -> None:
    condenser = Condenser(10_000)
    messages = conversation([4_000] * 12)
    before = condenser.shown(messages)
    after = condenser.shown([*messages, *conversation([100])[2:]])
    assert after[: len(before)] == before


@given(st.lists(st.integers(0, 8_000), max_size=60))
def test_it_fits_and_no_answer_loses_its_call(sizes: list[int]) -> None:
    shown = Condenser(20_000).shown(conversation(sizes))
    assert shown[:2] == OPENING
    assert tokens(shown) <= 20_000
    asked = {call.id for message in shown for call in message.tool_calls}
    assert {message.call_id for message in shown if message.role is Role.TOOL} == asked
