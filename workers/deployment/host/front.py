"""One environment's public port: held open for good, and whatever release it shows."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine

from workers.deployment.host.pair import Pair
from workers.deployment.host.whereabouts import Finder, Whereabouts

BACKLOG = 1024
HOLD_S = 5.0  # how long a visitor waits for a release that is starting
RETRY_S = 0.05
PROOF_S = 0.05  # how long a connection must stay open before a release that never answered is believed
REST_S = 2.0  # after a switch, a connection to the old release is closed when it was silent for this long,
DRAIN_S = 30.0  # and cut after this long
DRAIN_STEP_S = 0.25


class Front:
    """`show` is the switch: every connection from then on goes to that release, none is refused meanwhile."""

    def __init__(self, finder: Finder, full: Callable[[], bool]) -> None:
        self._finder = finder
        self._full = full
        self._pairs: set[Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._shown_at = 0.0
        self.release: str | None = None
        self.port = 0

    async def open(self, bind: str, port: int) -> None:
        """Listen on `port`, 0 for any free one. Raises OSError where it is taken or not allowed."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Pair(self._arrived, self._finder.prove, self._pairs.discard).visitor, bind, port, backlog=BACKLOG
        )
        listening = self._server.sockets[0]
        # Connections inherit it: a visitor who vanished without a word is noticed some day.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.port = listening.getsockname()[1]

    def show(self, release: str | None) -> None:
        if release != self.release:
            self.release = release
            self._shown_at = asyncio.get_running_loop().time()
            self._run(self._drain())

    def connections(self, release: str) -> int:
        return sum(1 for pair in self._pairs if pair.release == release and not pair.over)

    @property
    def all_connections(self) -> int:
        return len(self._pairs)

    def close(self) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        for pair in list(self._pairs):
            pair.cut()

    def _arrived(self, pair: Pair) -> None:
        self._pairs.add(pair)
        if self._full():
            pair.refuse("too many connections are open")
        else:
            self._run(self._connect(pair))

    async def _connect(self, pair: Pair) -> None:
        """Reach the release that is shown now; one that is starting, or that another replaces, is waited for."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HOLD_S
        while not pair.over:
            release = self.release
            place = self._finder.find(release) if release else Whereabouts(gone="no release is shown here")
            if place.gone:
                return pair.refuse(place.gone)
            if release and await _reach(place, pair):
                pair.connected(release)
                if release != self.release:  # switched while we reached the old one
                    self._run(self._drain())
                return None
            if loop.time() > deadline:
                return pair.refuse("its release does not accept connections")
            await asyncio.sleep(RETRY_S)
        return None

    async def _drain(self) -> None:
        """Close what still goes to releases that are no longer shown: first what is at rest, in the end all of it."""
        shown_at, loop = self._shown_at, asyncio.get_running_loop()
        while shown_at == self._shown_at:
            old = [pair for pair in self._pairs if pair.release not in ("", self.release)]
            if not old:
                return
            for pair in old:
                if loop.time() - shown_at > DRAIN_S:
                    pair.cut()
                elif pair.at_rest(REST_S):
                    pair.finish()
            await asyncio.sleep(DRAIN_STEP_S)

    def _run(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)


async def _reach(place: Whereabouts, pair: Pair) -> bool:
    loop, address = asyncio.get_running_loop(), place.address
    try:
        if address is None:
            return False
        if address[0] == "unix":
            await loop.create_unix_connection(lambda: pair.inner, address[1])
        else:
            await loop.create_connection(lambda: pair.inner, address[1], address[2])
    except OSError:
        return False
    if not place.proven:
        await asyncio.sleep(PROOF_S)
    return pair.inner.transport is not None
