"""Tell a job's events what its model is doing: often enough to be believed, seldom enough to be stored."""

from __future__ import annotations

import time

from apps.events.masking import Masker
from apps.events.models import EventType
from apps.runs.services.active import ActiveJob
from workers.llm.port import Delta, Kind

EVERY_S = 1.0  # between two events with text
SHOWN = 4000  # characters of text in one of them: the end, where there is more


class Telling:
    """An on_delta. Text is gathered, masked as one stream (a secret may come in two pieces), and told once a second.

    A wait is told as it comes: at least every 5 s. `close()` tells the rest; use it as a context manager.
    """

    def __init__(self, job: ActiveJob, every_s: float = EVERY_S) -> None:
        self._job = job
        self._every_s = every_s
        self._told_at = time.monotonic()
        self._begin(Kind.TEXT)

    def __call__(self, delta: Delta) -> None:
        if delta.kind in (Kind.WAITING, Kind.AGAIN):
            self.close()
            self._tell(delta.kind.value, delta.text, waited_s=round(delta.waited_s, 1))
            return
        if delta.kind is not self._kind:
            self.close()
            self._begin(delta.kind)
        self._waiting += self._masker.feed(delta.text.encode(errors="replace"))
        if time.monotonic() - self._told_at >= self._every_s:
            self._flush()

    def close(self) -> None:
        """Tell what was held back."""
        self._waiting += self._masker.rest()
        self._flush()

    def __enter__(self) -> Telling:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()

    def _begin(self, kind: Kind) -> None:
        self._kind = kind
        self._masker = Masker(self._job.secrets)
        self._waiting = b""

    def _flush(self) -> None:
        text, self._waiting = self._waiting.decode(errors="replace"), b""
        if text:
            left_out = max(len(text) - SHOWN, 0)
            self._tell(f"writes_{self._kind.value}", text[-SHOWN:], left_out=left_out)

    def _tell(self, state: str, text: str, **data: object) -> None:
        self._told_at = time.monotonic()
        self._job.emit(EventType.MODEL, state=state, text=text, **data)
