from __future__ import annotations

from pathlib import Path

from hive.cli.up.child import Child
from hive.cli.up.loop import Loop
from hive.cli.up.output import Output
from hive.cli.up.watched import STEADY_AFTER_S, Watched


def watched(tmp_path: Path) -> Watched:
    child = Child("web", ("true",))
    return Watched(child, Output(Loop(), tmp_path / "web.log", lambda line: None))


def test_pauses_double_up_to_ten_seconds(tmp_path: Path) -> None:
    web = watched(tmp_path)
    pauses = []
    for pid in range(1, 9):
        web.began(pid)
        pauses.append(web.next_pause_s())
        web.forget_process()
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]


def test_after_it_held_for_a_while_pauses_begin_anew(tmp_path: Path) -> None:
    web = watched(tmp_path)
    for pid in range(1, 6):
        web.began(pid)
        web.next_pause_s()
    web.began(6)
    web.began_at -= STEADY_AFTER_S
    assert web.next_pause_s() == 0.2


def test_one_that_cannot_even_start_does_not_count_as_held(tmp_path: Path) -> None:
    web = watched(tmp_path)
    web.next_pause_s()
    web.began_at -= 1e6
    assert web.next_pause_s() == 0.4


def test_its_state_shows_no_start_while_it_is_down(tmp_path: Path) -> None:
    web = watched(tmp_path)
    web.began(7)
    assert web.as_state()["started_at"] is not None
    web.forget_process()
    assert (web.as_state()["pid"], web.as_state()["started_at"]) == (None, None)
