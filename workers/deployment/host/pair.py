"""One visitor's connection through a public port: two sockets, and the bytes that go from each to the other.

Bytes only: HTTP of any version, web sockets and streams all pass. The one thing that the host says by itself is a
503 page, to a visitor whose release gave no answer at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workers.deployment.host.page import unavailable

LINGER_S = 2.0  # for a visitor to take the end in before the socket is closed under what he still sends,
STUCK_S = 60.0  # and then for him to read what is left
EARLY_S = 1.0
SILENT = "its release closed the connection without an answer"


class Side(asyncio.Protocol):
    """One end of a Pair."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment] # a stream, as that is what was asked for

    def send(self, data: bytes) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.write(data)

    def end(self) -> None:
        """Say that nothing more comes, after what is still to be sent."""
        if self.transport and not self.transport.is_closing():
            try:
                self.transport.write_eof()
            except OSError:  # reset by the other side, and we have not heard of it yet
                self.transport.abort()

    def close(self) -> None:
        if self.transport:
            self.transport.close()

    def abort(self) -> None:
        if self.transport:
            self.transport.abort()


class Visitor(Side):
    """The end at the public port."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.pair.began()

    def data_received(self, data: bytes) -> None:
        self.pair.asked(data)

    def eof_received(self) -> bool:
        self.pair.asked_all()
        return not self.pair.over  # half a close: the answer may still be on its way

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self.pair.left()

    def pause_writing(self) -> None:
        if self.pair.inner.transport:
            self.pair.inner.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.pair.inner.transport:
            self.pair.inner.transport.resume_reading()


class Inner(Side):
    """The end at the release."""

    def data_received(self, data: bytes) -> None:
        self.pair.answered(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self.pair.ended()

    def pause_writing(self) -> None:
        if self.pair.visitor.transport:
            self.pair.visitor.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.pair.visitor.transport:
            self.pair.visitor.transport.resume_reading()


class Pair:
    """Both ends, and what the front wants to know: which release, and whether an answer is under way."""

    def __init__(
        self, began: Callable[[Pair], None], proved: Callable[[str], None], left: Callable[[Pair], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._began, self._proved, self._left = began, proved, left
        self.visitor, self.inner = Visitor(self), Inner(self)
        self.release = ""
        self.over = False
        self._early = b""  # what the visitor said before the release was reached
        self._waiting = False  # the visitor spoke last
        self._answers = False
        self._connected_at = self._last_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def began(self) -> None:
        self._began(self)

    def left(self) -> None:
        """The visitor is gone."""
        self.over = True
        if self._timer:
            self._timer.cancel()
        self.inner.close()
        self._left(self)

    def connected(self, release: str) -> None:
        """The release is reached: let the bytes flow."""
        self.release = release
        self._connected_at = self._last_at = self._loop.time()
        if self.over or not self.visitor.transport:
            self.inner.close()
            return
        if self._early:
            self.inner.send(self._early)
            self._early = b""
        self.visitor.transport.resume_reading()

    def asked(self, data: bytes) -> None:
        if self.over:
            return
        self._waiting, self._last_at = True, self._loop.time()
        if self.release:
            self.inner.send(data)
            return
        self._early += data
        # Not in connection_made, where it would do: Python 3.11.2 (Debian 12) forgets a pause that is made there.
        if self.visitor.transport:
            self.visitor.transport.pause_reading()

    def asked_all(self) -> None:
        """The visitor closed his half; what he said before the release was reached would have paused him."""
        if self.release:
            self.inner.end()
        else:
            self.finish()

    def answered(self, data: bytes) -> None:
        if not self._answers:
            self._answers = True
            self._proved(self.release)
        self._waiting, self._last_at = False, self._loop.time()
        self.visitor.send(data)

    def ended(self) -> None:
        """The release closed its end. One that was never asked may do so after a while, but not at once."""
        if not self.release:
            return  # not believed yet: the front will try again
        early = self._loop.time() - self._connected_at < EARLY_S
        if not self._answers and (self._waiting or early):
            self.refuse(SILENT)
        else:
            self.finish()

    def at_rest(self, for_s: float) -> bool:
        """No answer is under way, and nothing was said for so long."""
        return not self._waiting and self._loop.time() - self._last_at >= for_s

    def refuse(self, why: str) -> None:
        if not self.over:
            self.visitor.send(unavailable(why))
            self.finish()

    def finish(self) -> None:
        """Close gently: a close while the visitor still sends would take back what it has not read yet."""
        if self.over:
            return
        self.over = True
        self.inner.close()
        self.visitor.end()
        if self.visitor.transport:
            self.visitor.transport.resume_reading()
            self._timer = self._loop.call_later(LINGER_S, self._close)

    def _close(self) -> None:
        self.visitor.close()
        if self.visitor.transport:
            self._timer = self._loop.call_later(STUCK_S, self.visitor.abort)

    def cut(self) -> None:
        self.over = True
        self.visitor.abort()
        self.inner.abort()
