"""End opencode when it does nothing: it prints only what is finished, so its questions to the model count too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_S = 1.0


class Silence:
    """`fell` once it was too long."""

    fell = False


@contextmanager
def ended_when_silent(
    heard_at: Callable[[], float], is_asking: Callable[[], bool], longest_s: float, end: Callable[[str], None]
) -> Iterator[Silence]:
    """Call `end` with a sentence where for so long nothing was printed and no model was being asked."""
    silence, over = Silence(), threading.Event()

    def watch() -> None:
        since = time.monotonic()
        while not over.wait(min(LOOK_S, longest_s / 4)):
            since = time.monotonic() if is_asking() else max(since, heard_at())
            if time.monotonic() - since > longest_s:
                silence.fell = True
                end(f"opencode printed nothing and asked no model for {longest_s:g} s.")
                return

    thread = threading.Thread(target=watch, name="opencode-silence", daemon=True)
    thread.start()
    try:
        yield silence
    finally:
        over.set()
        thread.join(5)
