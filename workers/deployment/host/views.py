"""What the host knows about its releases and routes, as frozen values that travel as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from workers.probe.address import Address, read_address


class ReleaseState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"  # it was asked to
    EXITED = "exited"  # by itself, or killed by a limit: `exit` tells
    BROKEN = "broken"  # it could not be started: `exit` tells


@dataclass(frozen=True)
class Exit:
    """How a release ended: `ended` is the sandbox's word for it (exited, out_of_memory, disk_limit …).

    `code` is 128 + signal where one ended it, None where a limit did or it never `ran`. `at` is ISO 8601, UTC.
    """

    code: int | None
    ended: str
    at: str
    message: str
    ran: bool = True


@dataclass(frozen=True)
class ReleaseView:
    """One release as the host sees it now.

    `address` is where it really listens; None while it does not run. `launches` counts how often it was started: it
    names the incarnation for restart(). `connections` are those that go through a public port.
    """

    release: str
    state: ReleaseState
    launches: int = 0
    pid: int | None = None
    address: Address | None = None
    sandbox: str = ""
    started_at: str = ""
    exit: Exit | None = None
    connections: int = 0

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> ReleaseView:
        address, ended = value.get("address"), value.get("exit")
        return cls(
            **{
                **value,
                "state": ReleaseState(value["state"]),
                "address": read_address(address) if address else None,
                "exit": Exit(**ended) if ended else None,
            }
        )


@dataclass(frozen=True)
class RouteView:
    """One environment: its public port and the release behind it (None: nobody, people see a 503 page)."""

    environment: str
    release: str | None
    generation: int
    port: int
    url: str


@dataclass(frozen=True)
class HostView:
    pid: int
    releases: tuple[ReleaseView, ...]
    routes: tuple[RouteView, ...]

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> HostView:
        return cls(
            value["pid"],
            tuple(ReleaseView.read(item) for item in value["releases"]),
            tuple(RouteView(**item) for item in value["routes"]),
        )

    def release(self, name: str) -> ReleaseView | None:
        return next((view for view in self.releases if view.release == name), None)

    def route(self, environment: str) -> RouteView | None:
        return next((view for view in self.routes if view.environment == environment), None)


def as_json(view: ReleaseView | RouteView | HostView) -> dict[str, Any]:
    return asdict(view)
