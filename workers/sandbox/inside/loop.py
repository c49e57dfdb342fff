"""Waits for many descriptors at once, and calls whoever waits for one of them. `selectors` is a large import."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is a large import, and a sandbox starts for every job
    from collections.abc import Callable

    from _typeshed import FileDescriptorLike

READ, WRITE = select.POLLIN, select.POLLOUT
_UNASKED = select.POLLERR | select.POLLHUP  # told in any case: reading and writing say what it is


class Loop:
    """Each call gets those of its events that are there. It may watch and forget, itself too."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._calls: dict[int, tuple[int, Callable[[int], object]]] = {}

    def watch(self, what: FileDescriptorLike, events: int, call: Callable[[int], object]) -> None:
        """From now on for these events, whatever it was watched for before."""
        self._poll.register(what, events)
        self._calls[_number(what)] = events, call

    def forget(self, what: FileDescriptorLike) -> None:
        """Before it is closed. Of one that is not watched, nothing."""
        if self._calls.pop(_number(what), None):
            self._poll.unregister(what)

    def wait(self, for_s: float | None) -> None:
        for fd, events in self._poll.poll(None if for_s is None else for_s * 1000):
            if known := self._calls.get(fd):  # else it was forgotten within this round, by another one's call
                asked, call = known
                call(asked if events & _UNASKED else events & asked)


def _number(what: FileDescriptorLike) -> int:
    return what if isinstance(what, int) else what.fileno()
