"""RunningStack: a release in containers while it lives.

Brings its services up in the order in which they need one another, watches the engine's events, and says how it ended.
Where the engine itself went away and came back, everything that died with it is started again: that was not the
release's doing. What died by itself stays dead; monitoring decides, as for any release.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workers.deployment.containers.creating import (
    container_name,
    ensure_container,
    ensure_networks,
    holder_name,
    network_name,
)
from workers.deployment.containers.engine import EngineAway, EngineError, NotThere, engine, engine_errors, labels, which
from workers.deployment.containers.stack import Service, Stack
from workers.deployment.containers.way import open_way
from workers.probe.address import Address
from workers.sandbox.port import Ended, Result

if TYPE_CHECKING:
    from docker import APIClient

AWAY_STEP_S = 0.5
RESTART_S = 1.0
CANNOT_EXECUTE = 127

log = logging.getLogger("hive.host")


class RunningStack:
    """A Launched. `lock` is held while containers of its environment are changed; releases share some of them."""

    kind = "docker"

    def __init__(self, stack: Stack, release: str, lock: threading.Lock) -> None:
        self.stack = stack
        self.release = release
        self.pid = 0
        self.address: Address | None = None
        self._lock = lock
        self._due: set[str] = {service.name for service in stack.services}
        self._ended: Result | None = None
        self._over = threading.Event()
        self._began = time.monotonic()
        self._events: Any = None

    def poll(self) -> Result | None:
        return self._ended

    def begin(self) -> None:
        """Make what is missing and start what can be started. Raises EngineError where the engine is to blame."""
        with self._lock, engine() as client:
            self._make(client, fresh=True)
            self._settle(client)

    def watch(self) -> None:
        threading.Thread(target=self._watch, name=f"stack-{self.release}", daemon=True).start()

    def stop(self, grace_s: float) -> None:
        """TERM to all, at most `grace_s` of waiting, KILL. The containers stay, to be looked at or started again."""
        self._over.set()
        if self._events is not None:
            with suppress(Exception):  # it may be gone, or going
                self._events.close()
        try:
            with self._lock, engine() as client:
                self._end(client, grace_s)
        except EngineError as error:
            log.warning("release %s: %s What still runs of it is stopped by the janitor.", self.release, error)
        self._ended = self._ended or self._result(143, Ended.STOPPED, "It was stopped.")

    def _make(self, client: APIClient, *, fresh: bool = False) -> None:
        ensure_networks(client, self.stack, self.release)
        for service in self.stack.services:
            ensure_container(client, self.stack, self.release, service, fresh=fresh)

    def _settle(self, client: APIClient) -> None:
        """Look at every container once: start what is due and may start, note what has ended."""
        seen = {service.name: self._inspect(client, service) for service in self.stack.services}
        for service in self.stack.services:
            state = seen[service.name]["State"]
            if state["Running"]:
                self._due.discard(service.name)
            elif service.name in self._due:
                if self._may_start(service, seen) and self._start(client, service):
                    seen[service.name] = self._inspect(client, service)
            elif service.restart and self.stack.way_of(service):
                self._over.wait(RESTART_S)
                self._start(client, service)
            elif not self._expected(service, state):
                self._note(service, state)
        front = seen[self.stack.front]
        self.pid = front["State"]["Pid"]
        self.address = self._address(client, front)

    def _start(self, client: APIClient, service: Service) -> bool:
        name, way = container_name(self.stack, self.release, service), self.stack.way_of(service)
        if way:
            marks = labels(self.stack.installation, self.stack.environment, self.release)
            open_way(client, way, holder_name(self.stack, self.release, service), marks)
        try:
            with engine_errors():
                client.start(name)
        except EngineAway:
            raise
        except EngineError as error:
            # Almost always a command that is not there: the product's doing, to be seen as how it ended.
            message = f"{self._called(service)} cannot be started: {error}"
            self._ended = self._ended or self._result(CANNOT_EXECUTE, Ended.EXITED, message)
            return False
        self._due.discard(service.name)
        return True

    def _may_start(self, service: Service, seen: dict[str, Any]) -> bool:
        return all(self._holds(need, condition, seen[need]["State"]) for need, condition in service.needs.items())

    def _holds(self, need: str, condition: str, state: dict[str, Any]) -> bool:
        if need in self._due:
            return False
        if condition == "completed":
            return not state["Running"] and state["ExitCode"] == 0
        if condition == "healthy":
            return state["Running"] and state.get("Health", {}).get("Status") == "healthy"
        return bool(state["Running"])

    def _expected(self, service: Service, state: dict[str, Any]) -> bool:
        """It does not run, and that is no end of the release."""
        if service.shared or service.restart:
            return state["Restarting"] or service.name != self.stack.front
        once = any(one.needs.get(service.name) == "completed" for one in self.stack.services)
        return once and state["ExitCode"] == 0

    def _note(self, service: Service, state: dict[str, Any]) -> None:
        code = state["ExitCode"]
        who = "It" if len(self.stack.services) == 1 else self._called(service)
        if state["OOMKilled"]:
            how = self._result(None, Ended.OUT_OF_MEMORY, f"{who} needed more memory than its limit.")
        else:
            how = self._result(code, Ended.EXITED, f"{who} exited with {code}.")
        self._ended = self._ended or how

    def _watch(self) -> None:
        """Until the release is over: look at each event; where the engine goes away, wait for it."""
        while not self._over.is_set() and self._ended is None:
            try:
                with engine() as client:
                    self._follow(client)
            except NotThere as error:
                self._ended = self._ended or self._result(None, Ended.EXITED, f"A container is gone. {error}")
            except EngineError as error:
                log.warning("release %s waits for its engine: %s", self.release, error)
            if not self._over.is_set() and self._ended is None:
                self.address = None
                self._over.wait(AWAY_STEP_S)
                self._due = {service.name for service in self.stack.services}  # what runs is seen to run

    def _follow(self, client: APIClient) -> None:
        marks = labels(self.stack.installation, self.stack.environment)
        # Subscribed to before it looks: what happens in between is not missed.
        self._events = client.events(filters={"type": ["container"], **which(marks)}, decode=True)
        self._look(client, make=True)
        for _event in self._events:
            self._look(client)
            if self._over.is_set() or self._ended:
                return

    def _look(self, client: APIClient, *, make: bool = False) -> None:
        with self._lock:
            if self._over.is_set():
                return
            if make:
                self._make(client)
            self._settle(client)

    def _end(self, client: APIClient, grace_s: float) -> None:
        own = [service for service in reversed(self.stack.services) if not service.shared]
        deadline = time.monotonic() + grace_s
        for service in own:
            with suppress(EngineError), engine_errors():  # not running is an error to the engine
                client.kill(container_name(self.stack, self.release, service), signal="SIGTERM")
        for service in own:
            left_s = max(0, round(deadline - time.monotonic()))
            with suppress(NotThere), engine_errors():
                client.stop(container_name(self.stack, self.release, service), timeout=left_s)
                if self.stack.way:
                    client.stop(holder_name(self.stack, self.release, service), timeout=1)
        for service in self.stack.services:
            if service.shared:
                self._leave(client, service)

    def _leave(self, client: APIClient, service: Service) -> None:
        """Take the release's network off what is shared; the last one to leave stops it."""
        name = container_name(self.stack, self.release, service)
        with suppress(EngineError), engine_errors():
            client.disconnect_container_from_network(name, network_name(self.stack, self.release), force=True)
        with suppress(NotThere), engine_errors():
            if not client.inspect_container(name)["NetworkSettings"]["Networks"]:
                client.stop(name, timeout=10)

    def _inspect(self, client: APIClient, service: Service) -> dict[str, Any]:
        with engine_errors():
            return client.inspect_container(container_name(self.stack, self.release, service))

    def _address(self, client: APIClient, front: dict[str, Any]) -> Address | None:
        holder = front
        if self.stack.way:
            with engine_errors():
                holder = client.inspect_container(
                    holder_name(self.stack, self.release, self.stack.service(self.stack.front))
                )
        network = holder["NetworkSettings"]["Networks"].get(network_name(self.stack, self.release)) or {}
        ip = network.get("IPAddress")
        return ("tcp", ip, self.stack.port) if ip and front["State"]["Running"] else None

    def _called(self, service: Service) -> str:
        return f"Service {service.name}"

    def _result(self, code: int | None, ended: Ended, message: str) -> Result:
        return Result(code, ended, time.monotonic() - self._began, 0, 0, message)
