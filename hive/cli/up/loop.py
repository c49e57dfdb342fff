"""A small event loop over selectors: files that become ready, timers, and signals.

asyncio would do the same and cost the supervisor 8 MB for as long as Hive runs.
"""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
Action = Callable[[], None]


class Timer:
    """One action at one time; cancel() is all that can be done to it."""

    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    def cancel(self) -> None:
        self.action = None


class Loop:
    """Runs actions, one at a time, in the only thread. An action must not block."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def watch(self, descriptor: int, events: int, action: Action) -> None:
        self._selector.register(descriptor, events, action)

    def unwatch(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def after(self, delay_s: float, action: Action) -> Timer:
        timer = Timer(action)
        heapq.heappush(self._timers, (time.monotonic() + delay_s, next(self._order), timer))
        return timer

    def on_signals(self, numbers: Iterable[int], action: Callable[[int], None]) -> None:
        """Call `action` with the number of each signal that arrives; from the loop, never in the middle of another."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        for number in numbers:
            signal.signal(
                number, lambda *_: None
            )  # a handler of Python's, so that the wake-up descriptor is written to
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

        def arrived() -> None:
            for number in os.read(reader, 4096):
                action(number)

        self.watch(reader, READ, arrived)

    def run(self, until: Callable[[], bool]) -> None:
        """Serve files and timers until the condition holds; it is asked after every round."""
        while not until():
            for key, _ in self._selector.select(self._wait_s()):
                if self._selector.get_map().get(key.fd) is key:  # an earlier action of this round may have let go of it
                    key.data()
            self._run_due()

    def _wait_s(self) -> float | None:
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _run_due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            if timer.action is not None:
                timer.action()
