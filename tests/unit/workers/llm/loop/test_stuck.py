from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.llm.loop.stuck import ERRORS, PAIRS, REPEATS, Stuck, Watch
from workers.llm.port import ToolCall


def see(watch: Watch, *words: str, problem: bool = False) -> list[str]:
    return [watch.saw(ToolCall("1", "say", {"word": word}), f"said {word}", problem=problem) for word in words]


def test_the_same_again_and_again_is_a_circle() -> None:
    assert [bool(nudge) for nudge in see(Watch(), *["a"] * REPEATS)] == [False] * (REPEATS - 1) + [True]


def test_two_things_in_turn_are_a_circle() -> None:
    nudges = see(Watch(), *["a", "b"] * PAIRS)
    assert [bool(nudge) for nudge in nudges] == [False] * (2 * PAIRS - 1) + [True]


def test_failures_in_a_row_are_a_circle() -> None:
    nudges = see(Watch(), *(str(number) for number in range(ERRORS)), problem=True)
    assert "failed" in nudges[-1]


def test_the_same_call_with_another_result_is_none() -> None:
    watch = Watch()
    call = ToolCall("1", "shell", {"command": "make test"})
    assert [watch.saw(call, f"{number} failed", problem=False) for number in range(9, 0, -1)] == [""] * 9


def test_the_second_circle_ends_it() -> None:
    watch = Watch()
    see(watch, *["a"] * REPEATS)
    with pytest.raises(Stuck, match="also after it was told"):
        see(watch, *["b"] * REPEATS)


@given(st.lists(st.integers(), unique=True, max_size=50))
def test_who_does_something_new_each_time_is_never_stuck(numbers: list[int]) -> None:
    assert not any(see(Watch(), *map(str, numbers)))
