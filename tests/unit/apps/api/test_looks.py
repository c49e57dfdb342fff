"""A look waits no longer than it may, whatever hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from apps.api.looks import Looker, Part
from tests import busy


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """Hangs until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_what_answers_is_told_with_its_time() -> None:
    (seen,) = Looker([Part("slow", lambda: time.sleep(0.05))]).look()
    assert seen.ok
    assert 50 <= seen.latency_ms < 2000


def test_what_raises_is_told_with_what_was_said() -> None:
    def fail() -> None:
        raise ConnectionError("Connection refused")

    (seen,) = Looker([Part("broker", fail)]).look()
    assert (seen.ok, seen.message) == (False, "ConnectionError: Connection refused")


def test_what_hangs_is_not_waited_for_and_hides_nothing_else(stuck: threading.Event) -> None:
    began_at = time.monotonic()
    hangs, answers = Looker([Part("hangs", stuck.wait), Part("answers", lambda: None)]).look(patience_s=0.3)
    assert time.monotonic() - began_at < busy.allowed(2)
    assert (hangs.ok, answers.ok) == (False, True)
    assert "no answer within 0.3 s" in hangs.message
    assert hangs.latency_ms >= 300


def test_what_hangs_costs_one_thread_however_often_it_is_asked(stuck: threading.Event) -> None:
    looker = Looker([Part("stuck", stuck.wait)])
    for _ in range(5):
        looker.look(patience_s=0.01)
    assert [thread.name for thread in threading.enumerate()].count("hive-look-stuck") == 1


def test_after_it_hung_it_is_looked_at_anew(stuck: threading.Event) -> None:
    looker = Looker([Part("hangs", stuck.wait)])
    assert not looker.look(patience_s=0.01)[0].ok
    stuck.set()
    looker.look(patience_s=5)
    assert looker.look(patience_s=5)[0].ok
