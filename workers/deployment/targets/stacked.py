"""StackTarget: what the targets `docker` and `compose` have in common: images, names in networks, clearing away."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from workers.deployment.containers.creating import container_name, ensure_network, holder_name, join, network_name
from workers.deployment.containers.engine import EngineError, NotThere, engine, engine_errors, labels, named
from workers.deployment.containers.owned import Owned
from workers.deployment.containers.stack import FILE, Stack
from workers.deployment.host.client import HostClient
from workers.deployment.host.plan import Plan
from workers.deployment.targets.building import Stop, stopped
from workers.deployment.targets.folder import ReleaseFolder
from workers.deployment.targets.hosted import HostedTarget
from workers.deployment.targets.making import Making, Rules, StackFolder
from workers.deployment.targets.port import Around, Build, Health, Shown, StaleSwitch, TargetError
from workers.deployment.targets.recipe import Recipe
from workers.sandbox.port import OnOutput, SandboxError, UnsafePath
from workers.sandbox.unpack import TooMuch


class StackTarget(HostedTarget):
    """A subclass says how a stack is made of a commit (_stack)."""

    def __init__(self, releases: Path, host: HostClient, rules: Rules) -> None:
        super().__init__(releases, host)
        self._rules = rules

    def _stack(self, making: Making) -> tuple[Build, Stack | None]:
        """Make its images; how that went, and the stack if it went well."""
        raise NotImplementedError

    def _make(
        self,
        folder: ReleaseFolder,
        checkout: BinaryIO,
        recipe: Recipe,
        on_output: OnOutput,
        stop: Stop,
        around: Around,
    ) -> Build:
        making = Making(
            StackFolder(self._releases, folder.release), checkout, recipe, on_output, stop, around, self._rules
        )
        try:
            build, stack = self._stack(making)
            if stop.why:
                return stopped(stop)
            if stack is not None:
                making.folder.finish(recipe, FILE, stack.as_bytes())
            return build
        except (UnsafePath, TooMuch) as error:
            return Build(False, f"The commit cannot be released: {error}", exit_code=None)
        except (SandboxError, EngineError, OSError) as error:
            if stop.why:
                return stopped(stop)
            message = f"Release {folder.release} cannot be built: {error}"
            raise TargetError(message, permanent=getattr(error, "permanent", False)) from error

    def _plan(self, folder: ReleaseFolder, recipe: Recipe) -> Plan:
        made = folder.path / FILE
        return Plan(
            folder.release, str(made), (), str(folder.log), port=recipe.port, limits=recipe.limits, kind="stack"
        )

    def healthy(self, release: str, within_s: float) -> Health:
        with suppress(OSError, EngineError), engine() as client:
            join(client, network_name(self._folder(release).stack(), release))
        return super().healthy(release, within_s)

    def switch(self, release: str, generation: int) -> Shown:
        """The name first: whoever asks for it in the environment's network finds old and new for a moment."""
        folder = self._folder(release)
        folder.recipe()
        self._name(folder.stack(), release)
        try:
            return super().switch(release, generation)
        except StaleSwitch:
            self._unname(release)
            raise

    def stop(self, release: str) -> None:
        self._unname(release)
        super().stop(release)

    def logs(self, release: str, limit_bytes: int) -> bytes:
        """Of all its services, one after the other; the front's last."""
        folder = self._folder(release)
        if not folder.built:
            return b""
        stack = folder.stack()
        printed = b""
        with suppress(EngineError), engine() as client:
            for service in sorted(stack.services, key=lambda one: one.name == stack.front):
                with suppress(NotThere), engine_errors():
                    name = container_name(stack, release, service)
                    printed += client.logs(name, stdout=True, stderr=True, tail=min(2000, limit_bytes))
        return printed[-limit_bytes:] if limit_bytes else b""

    def _remove(self, release: str) -> bool:
        stack = self._folder(release).stack() if self._folder(release).built else None
        if not super()._remove(release):
            return False
        if stack is not None:
            with suppress(EngineError), engine() as client:  # what is not removed now, the janitor finds
                Owned(client, stack.installation).remove_images(release)
        return True

    def _name(self, stack: Stack, release: str) -> None:
        """From now on it answers to the environment's name in the environment's own network."""
        network = named(stack.installation, stack.environment)
        name = holder_name(stack, release, stack.service(stack.front))
        try:
            with engine() as client:
                ensure_network(client, network, labels(stack.installation, stack.environment), internet=False)
                if network not in client.inspect_container(name)["NetworkSettings"]["Networks"]:
                    client.connect_container_to_network(name, network, aliases=[stack.hostname])
        except NotThere:
            return  # never started: the host refuses to show it, and says why
        except EngineError as error:
            raise TargetError(f"Release {release} gets no name in its network: {error}") from error

    def _unname(self, release: str) -> None:
        """It no longer answers to the environment's name, also when it is started again."""
        with suppress(OSError, ValueError, EngineError), engine() as client:
            stack = self._folder(release).stack()
            name = holder_name(stack, release, stack.service(stack.front))
            client.disconnect_container_from_network(name, named(stack.installation, stack.environment), force=True)

    def _folder(self, release: str) -> StackFolder:
        return StackFolder(self._releases, super()._folder(release).release)
