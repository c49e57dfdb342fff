from __future__ import annotations

import json

import pytest

from hive.cli import show


@pytest.mark.parametrize(
    ("duration_s", "shown"),
    [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (350000, "4 d 1 h"), (3600, "1 h 0 min")],
)
def test_a_duration_has_two_figures_at_most(duration_s: float, shown: str) -> None:
    assert show.duration(duration_s) == shown


def test_in_a_pipe_a_row_is_a_line_whatever_its_cells_hold(capsys: pytest.CaptureFixture[str]) -> None:
    show.table(("a", "b"), [("1", "two\nlines"), ("2", "")])
    assert capsys.readouterr().out == "1\ttwo lines\n2\t\n"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show.as_json({"a": [1, 2], "b": "x\ny"})
    assert json.loads(capsys.readouterr().out) == {"a": [1, 2], "b": "x\ny"}
