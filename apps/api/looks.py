"""Look at something that may be away or hang, and know after a moment what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

PATIENCE_S = 2.0


@dataclass(frozen=True)
class Part:
    """Something that Hive stands on. Without one that is needed it is not ready."""

    name: str
    look: Callable[[], Any]
    needed: bool = True


@dataclass(frozen=True)
class Seen:
    """`message` is empty where the part answered; `latency_ms` is how long that took, or has taken so far."""

    part: Part
    latency_ms: float
    message: str = ""

    @property
    def ok(self) -> bool:
        return not self.message


@dataclass
class _Look:
    """One look, in a thread of its own: a driver that hangs hangs there."""

    part: Part
    began_at: float = field(default_factory=time.perf_counter)
    done: threading.Event = field(default_factory=threading.Event)
    seen: Seen | None = None

    def run(self) -> None:
        message = ""
        try:
            self.part.look()
        except Exception as error:  # whatever a driver raises, it means that the part is not there
            message = f"{type(error).__name__}: {error}"[:200]
        finally:
            took_ms = self.took_ms()
            connections.close_all()  # this thread's: the next look shows whether one can be made
        self.seen = Seen(self.part, took_ms, message)
        self.done.set()

    def took_ms(self) -> float:
        return round((time.perf_counter() - self.began_at) * 1000, 2)


class Looker:
    """Looks at parts, all at once, and waits no longer than it may.

    Of each part one look is under way at a time; who asks meanwhile waits for that one. So a part that hangs costs one
    thread, however often it is asked about.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = tuple(parts)
        self._under_way: dict[str, _Look] = {}
        self._lock = threading.Lock()

    def look(self, patience_s: float = PATIENCE_S) -> list[Seen]:
        looks = [self._begin(part) for part in self._parts]
        deadline = time.perf_counter() + patience_s
        return [self._wait(look, deadline) for look in looks]

    def _begin(self, part: Part) -> _Look:
        with self._lock:
            look = self._under_way.get(part.name)
            if look is None or look.done.is_set():
                look = self._under_way[part.name] = _Look(part)
                threading.Thread(target=look.run, name=f"hive-look-{part.name}", daemon=True).start()
            return look

    def _wait(self, look: _Look, deadline: float) -> Seen:
        look.done.wait(max(deadline - time.perf_counter(), 0))
        if look.seen is not None:
            return look.seen
        took_ms = look.took_ms()
        return Seen(look.part, took_ms, f"TimeoutError: no answer within {took_ms / 1000:.1f} s; it hangs.")
