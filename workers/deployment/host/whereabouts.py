"""Whereabouts: what a public port needs to know about the release that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from workers.probe.address import Address


@dataclass(frozen=True)
class Whereabouts:
    """Where a release listens; without an address, why not (`gone`), or that it may be there soon (`gone` is empty).

    `proven`: it has answered since it was started. Before that, its sandbox may accept a connection in its name and
    close it again because nobody listens inside yet.
    """

    address: Address | None = None
    gone: str = ""
    proven: bool = False


class Finder(NamedTuple):
    """How a front asks, and how it tells that a release has answered."""

    find: Callable[[str], Whereabouts]
    prove: Callable[[str], None]
