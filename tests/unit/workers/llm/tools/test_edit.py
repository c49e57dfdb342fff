from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.llm.tools.edit import Edit, replaced
from workers.llm.tools.port import ToolFailed

FILE = "def one():\n    if True:\n        return 1\n\n\ndef two():\n    return 2\n"


def edit(old: str, new: str, text: str = FILE, **options: bool) -> str:
    return replaced(text, Edit(path="a.py", old=old, new=new, **options))[0]


def test_a_piece_that_occurs_once_is_replaced() -> None:
    assert "return 3" in edit("return 2", "return 3")


def test_a_piece_that_occurs_twice_is_named_with_its_lines() -> None:
    with pytest.raises(ToolFailed, match=r"2 times in a\.py, at lines 1, 6"):
        edit("def ", "async def ")


def test_every_occurrence_is_replaced_where_asked() -> None:
    assert edit("def ", "async def ", all=True).count("async def") == 2


def test_indentation_that_was_left_out_is_put_back() -> None:
    changed = edit("if True:\n    return 1", "if False:\n    return 1\nreturn 0")
    assert "    if False:\n        return 1\n    return 0\n" in changed


def test_white_space_at_the_end_of_lines_need_not_match() -> None:
    assert edit("def two():  \n    return 2 ", "def two():\n    return 4").endswith("def two():\n    return 4\n")


def test_lines_that_end_as_on_windows_stay_so() -> None:
    assert edit("  a", "b", text="x\r\n a\r\ny\r\n") == "x\r\n b\r\ny\r\n"


def test_what_does_not_occur_is_answered_with_the_nearest_lines() -> None:
    with pytest.raises(ToolFailed, match=r"nearest lines are:\n(.|\n)*    return 2"):
        edit("def two():\n    return 22", "x")


def test_nothing_to_change_is_said() -> None:
    with pytest.raises(ToolFailed, match="the same"):
        edit("return 2", "return 2")


@given(st.lists(st.text("ab \t", max_size=6), min_size=1, max_size=8), st.data())
def test_a_piece_of_the_file_itself_is_always_found(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines) + "\n"
    first = data.draw(st.integers(0, len(text) - 1))
    old = text[first : data.draw(st.integers(first + 1, len(text)))]
    assert replaced(text, Edit(path="x", old=old, new="NEW", all=True))[0] == text.replace(old, "NEW")
