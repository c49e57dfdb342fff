"""Owned: what one installation has on the engine, found by its labels, for whoever clears away."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workers.deployment.containers.creating import remove_network
from workers.deployment.containers.engine import (
    ENVIRONMENT,
    RELEASE,
    EngineError,
    NotThere,
    engine_errors,
    labels,
    tagged,
    which,
)

if TYPE_CHECKING:
    from docker import APIClient


class Owned:
    def __init__(self, client: APIClient, installation: str) -> None:
        self._client = client
        self._installation = installation

    def releases(self) -> set[str]:
        """Every release of which there is a container, a network or an image."""
        found = [*self._containers(), *self._networks()]
        return {release for one in found if (release := _label(one, RELEASE))} | {of for _, of in self._tags()}

    def environments(self) -> set[str]:
        found = [*self._containers(), *self._networks(), *self._volumes()]
        return {environment for one in found if (environment := _label(one, ENVIRONMENT))}

    def remove_release(self, release: str) -> None:
        """All that only this release has."""
        mine = {"release": release}
        self._each(self._containers(**mine), lambda one: self._client.remove_container(one["Id"], v=True, force=True))
        for network in self._networks(**mine):
            remove_network(self._client, network["Id"])
        self.remove_images(release)

    def remove_images(self, release: str) -> None:
        """Its tags; an image goes with its last one."""
        for name, of in self._tags():
            if of == release:
                with suppress(EngineError), engine_errors():
                    self._client.remove_image(name)

    def remove_environment(self, environment: str, *, data: bool) -> None:
        """What its releases shared; with `data` its volumes too."""
        mine = {"environment": environment}
        self._each(self._containers(**mine), lambda one: self._client.remove_container(one["Id"], v=True, force=True))
        for network in self._networks(**mine):
            remove_network(self._client, network["Id"])
        if data:
            self._each(self._volumes(**mine), lambda one: self._client.remove_volume(one["Name"], force=True))

    def prune(self, older_than: str = "24h") -> None:
        """Layers that builds left half done; the labels after each FROM say that they are ours."""
        filters = {"dangling": True, "until": older_than, **which(labels(self._installation))}
        with engine_errors():
            self._client.prune_images(filters=filters)

    def _containers(self, **mine: str) -> list[dict[str, Any]]:
        with engine_errors():
            return self._client.containers(all=True, filters=self._which(**mine))

    def _networks(self, **mine: str) -> list[dict[str, Any]]:
        with engine_errors():
            return self._client.networks(filters=self._which(**mine))

    def _tags(self) -> list[tuple[str, str]]:
        with engine_errors():
            found = self._client.images(filters=self._which())
        return [each for image in found for each in tagged(image, self._installation)]

    def _volumes(self, **mine: str) -> list[dict[str, Any]]:
        with engine_errors():
            return self._client.volumes(filters=self._which(**mine))["Volumes"] or []

    def _which(self, **mine: str) -> dict[str, Any]:
        return which(labels(self._installation, **mine))

    def _each(self, found: Collection[dict[str, Any]], remove: Callable[[dict[str, Any]], object]) -> None:
        """One that is gone meanwhile, or that something still holds, does not keep the others."""
        for one in found:
            with suppress(NotThere, EngineError), engine_errors():
                remove(one)


def _label(one: dict[str, Any], key: str) -> str:
    return (one.get("Labels") or {}).get(key, "")
