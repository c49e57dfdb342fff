"""When the next heartbeat is due."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

from workers.agent import pulse
from workers.agent.pulse import Pulse


def test_a_job_that_begins_brings_the_next_beat_forward_and_one_that_does_not_leaves_it(monkeypatch: Any) -> None:
    monkeypatch.setattr(pulse, "FIRST_S", 0.1)
    here = Pulse(cast(Any, None), cast(Any, None), list, lambda _: None)
    threading.Timer(0.1, here.begun).start()
    began = time.monotonic()
    here._rest(60)
    assert time.monotonic() - began < 30
    began = time.monotonic()
    here._rest(0.3)
    assert time.monotonic() - began >= 0.3


def test_one_that_began_during_the_last_beat_counts_for_the_next(monkeypatch: Any) -> None:
    monkeypatch.setattr(pulse, "FIRST_S", 0.05)
    here = Pulse(cast(Any, None), cast(Any, None), list, lambda _: None)
    here.begun()
    began = time.monotonic()
    here._rest(60)
    assert time.monotonic() - began < 30
