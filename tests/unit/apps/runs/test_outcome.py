from __future__ import annotations

import pytest

from apps.runs.outcome import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_things_are_counted_as_people_do(number: int, words: str) -> None:
    assert counted(number, "file") == words
