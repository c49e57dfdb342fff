"""Making: one build of a release in containers on its way, and how an image of the product comes to be."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from apps.specs.problems import Problem, Problems
from workers.deployment.containers import dockerfile
from workers.deployment.containers.commit import Commit, NotAFile, kept
from workers.deployment.containers.engine import INSTALLATION, engine, labels, named, tag
from workers.deployment.containers.images import Images, Order
from workers.deployment.containers.stack import FILE, Stack, Way
from workers.deployment.containers.way import way_of
from workers.deployment.targets.building import Stop
from workers.deployment.targets.folder import ReleaseFolder
from workers.deployment.targets.port import Around, Build
from workers.deployment.targets.recipe import Recipe
from workers.sandbox.docker.engine import Engine
from workers.sandbox.docker.images import ImageMissing, is_allowed, obtain
from workers.sandbox.docker.network import name_servers
from workers.sandbox.port import WORKSPACE, OnOutput

OWN = ".hive.Dockerfile"


@dataclass(frozen=True)
class Rules:
    """What marks this installation's own, and what it lets sandboxes and releases use of the engine."""

    installation: str
    engine: Engine

    @property
    def image(self) -> str:
        """Of Hive's own Dockerfile."""
        return self.engine.image

    def way(self) -> Way:
        return way_of(self.engine.image, self.engine.forbidden, name_servers(self.engine))

    def allows(self, image: str) -> bool:
        return is_allowed(self.engine, image)


class StackFolder(ReleaseFolder):
    """A release in containers is there once stack.json is; its images lie with the engine."""

    @property
    def result(self) -> Path:
        return self.path / FILE

    def stack(self) -> Stack:
        return Stack.read(self.result)


@dataclass(frozen=True)
class Making:
    """What goes in, where things lie, who listens."""

    folder: StackFolder
    checkout: BinaryIO
    recipe: Recipe
    on_output: OnOutput
    stop: Stop
    around: Around
    rules: Rules

    @property
    def below(self) -> str:
        """Where build and command start, relative to the commit's root; empty for the root itself."""
        found = posixpath.relpath(self.recipe.cwd, WORKSPACE)
        return "" if found == "." else found

    @property
    def marks(self) -> dict[str, str]:
        return labels(self.rules.installation, self.recipe.environment, self.folder.release)

    @cached_property
    def images(self) -> Images:
        """The time for building is one for all images of a release."""
        return Images(self.recipe, self.on_output, self.stop)

    @property
    def way(self) -> Way | None:
        """Of the running release, where its limits let it out."""
        return self.rules.way() if self.recipe.limits.network else None

    def tag(self, service: str) -> str:
        return tag(self.rules.installation, self.folder.release, service)

    @contextmanager
    def commit(self, files: BinaryIO | None = None) -> Iterator[Commit]:
        """The commit's files, or those of another tar."""
        path, limit = self.folder.path / "files.tmp", self.recipe.build_limits.disk_bytes
        with kept(files or self.checkout, path, limit, lambda: bool(self.stop.why)) as commit:
            yield commit

    def make(self, commit: Commit, service: str, below: str, text: bytes, **more: str | Mapping[str, str]) -> Build:
        """The image of a service, of the files below a folder and a Dockerfile that was checked, or is Hive's own."""
        path = self.folder.path / "context.tmp"
        try:
            with path.open("wb") as file:
                commit.context(below, file, {OWN: text}, prefix=str(more.get("prefix", "")))
            arguments = more.get("arguments", {})
            if self.recipe.build_limits.network and (missing := self.fetched([self.rules.image])):
                return missing
            order = Order(
                path,
                OWN,
                self.tag(service),
                self.marks,
                dict(arguments) if isinstance(arguments, Mapping) else {},
                str(more.get("target", "")),
                self.rules.way() if self.recipe.build_limits.network else None,
                named(self.rules.installation, self.folder.release, "build"),
            )
            return self.images.make(order)
        finally:
            path.unlink(missing_ok=True)

    def checked(self, commit: Commit, name: str) -> bytes | Build:
        """The product's own Dockerfile as the engine may see it, or why it may not."""
        problems = Problems()
        try:
            text = commit.text(name)
        except NotAFile as error:
            return Build(False, str(error), exit_code=None)
        found = dockerfile.check(text, self.rules.allows, problems)
        if problems:
            return refused(name, problems.sorted())
        missing = self.fetched(image for _, image in dockerfile.sources(found))
        return missing or dockerfile.written(text, found, f'{INSTALLATION}="{self.rules.installation}"')

    def fetched(self, images: Iterable[str]) -> Build | None:
        """See to it that the engine has them, as HIVE_DOCKER_PULL allows; how it failed, where one is not to be had."""
        with engine() as client:
            for image in dict.fromkeys(images):
                try:
                    obtain(client, self.rules.engine, image)
                except ImageMissing as error:
                    return Build(False, str(error), exit_code=None)
        return None


def refused(name: str, problems: list[Problem]) -> Build:
    """A file of the product says what it may not."""
    listed = "\n".join(f"{name}:{problem}" for problem in problems)
    return Build(False, f"{name} cannot be used as it is.\n{listed}", exit_code=None, output=listed)
