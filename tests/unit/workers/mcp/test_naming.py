"""The names under which a model calls servers' tools."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from workers.mcp.naming import LONGEST, called


def test_a_plain_name_says_whose_it_is() -> None:
    assert called("time", "get_current_time") == "mcp__time__get_current_time"


def test_names_that_had_to_be_changed_stay_apart() -> None:
    assert called("x", "a.b") != called("x", "a/b")
    assert called("x", "a" * 100) != called("x", "a" * 101)


@given(st.text(min_size=1, max_size=300))
def test_every_provider_takes_every_name(tool: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", called("server-of-20-letters", tool))
    assert len(called("server-of-20-letters", tool)) <= LONGEST
