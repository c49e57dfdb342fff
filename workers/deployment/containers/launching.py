"""StackLauncher: the host's launcher for stacks."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

from workers.deployment.containers.creating import remove_release
from workers.deployment.containers.engine import EngineAway, EngineError, engine
from workers.deployment.containers.running import RunningStack
from workers.deployment.containers.stack import Stack
from workers.deployment.host.errors import HostFailed, LaunchFailed
from workers.deployment.host.launcher import Launched
from workers.deployment.host.plan import Plan


class StackLauncher:
    """Containers outlive the host: what still runs of a release that is launched again is taken over as it is."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def launch(self, plan: Plan) -> Launched:
        stack = _read(plan)
        running = RunningStack(stack, plan.release, self._locks[stack.environment])
        try:
            running.begin()
            Path(plan.log).touch()
        except EngineAway as error:
            # A machine that has just come up may have Hive before its engine. What ran here once comes with it.
            if not Path(plan.log).exists():
                raise LaunchFailed(f"Release {plan.release} cannot be started: {error}") from error
        except (EngineError, OSError) as error:
            raise LaunchFailed(f"Release {plan.release} cannot be started: {error}") from error
        running.watch()
        return running

    def forget(self, plan: Plan) -> None:
        """Remove its containers and its network."""
        try:
            stack = Stack.read(Path(plan.files))
        except (OSError, ValueError, KeyError, TypeError):
            return  # nothing says what it was made of; the janitor finds it by its labels
        try:
            with self._locks[stack.environment], engine() as client:
                remove_release(client, stack, plan.release)
        except EngineError as error:
            raise HostFailed(f"Release {plan.release} is not removed: {error}") from error

    def sweep(self) -> None:
        """Nothing: what a dead host left running is what the next one takes over."""


def _read(plan: Plan) -> Stack:
    try:
        return Stack.read(Path(plan.files))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LaunchFailed(
            f"Release {plan.release} cannot be started: {plan.files} cannot be read ({error})."
        ) from error
