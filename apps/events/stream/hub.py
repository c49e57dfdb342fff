"""Hub: the feeds of this process, one per channel that anybody reads, and what wakes them."""

from __future__ import annotations

import asyncio

from django.conf import settings

from apps.events.stream.feed import Feed, Load
from apps.events.stream.pool import Pool, read_pool
from apps.events.stream.subscription import Subscription

MOST_READERS = 2000


class TooManyReaders(Exception):
    """This server holds as many open streams as it can. Try again in a moment."""


class Hub:
    """Belongs to one event loop."""

    def __init__(self, pool: Pool, redis_url: str) -> None:
        self.pool = pool
        self.readers = 0
        self.feeds: dict[str, Feed] = {}
        self.subscription = Subscription(redis_url, self._wake, self._wake_all)

    def join(self, channel: str, load: Load) -> Feed:
        """The channel's feed, with one reader more. Who joins must leave(). Raises TooManyReaders."""
        if self.readers >= MOST_READERS:
            raise TooManyReaders(TooManyReaders.__doc__)
        if channel not in self.feeds:
            self.feeds[channel] = Feed(load, self.pool)
            self.subscription.add(channel)
        feed = self.feeds[channel]
        feed.readers += 1
        self.readers += 1
        return feed

    def leave(self, channel: str, feed: Feed) -> None:
        """One reader less; with the last one the feed ends."""
        self.readers -= 1
        feed.readers -= 1
        if feed.readers == 0:
            feed.stop()
            del self.feeds[channel]
            self.subscription.remove(channel)

    def _wake(self, channel: str) -> None:
        if feed := self.feeds.get(channel):
            feed.wake()

    def _wake_all(self) -> None:
        """After a connection was made: whatever was said while there was none."""
        for feed in self.feeds.values():
            feed.wake()


_newest: tuple[asyncio.AbstractEventLoop, Hub] | None = None


def current_hub() -> Hub:
    """The hub of the running event loop. A web server has one loop; a test has another each time."""
    global _newest
    loop = asyncio.get_running_loop()
    if _newest is None or _newest[0] is not loop:
        _newest = loop, Hub(read_pool, settings.REDIS_URL)
    return _newest[1]


def require_room() -> None:
    """Raises TooManyReaders where one more would be refused: to be asked before an answer has begun."""
    if readers_now() >= MOST_READERS:
        raise TooManyReaders(TooManyReaders.__doc__)


def readers_now() -> int:
    """How many streams this process holds open. May be asked from any thread."""
    return _newest[1].readers if _newest else 0
