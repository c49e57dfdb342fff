"""Recipe: how a release is made from a commit, and how it runs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workers.sandbox.port import WORKSPACE, Limits


@dataclass(frozen=True)
class Recipe:
    """The spec's deploy part with every default filled in. Raises ValueError for one that cannot work.

    environment   key of the environment, unique on this installation
    hostname      the release's own name, and the host of its addresses (http://devsite:8080)
    port          the wished public port, and what the command sees as PORT where the sandbox can give it
    cwd           where build and command start: /workspace or a folder below it
    build         command that makes what is deployed; empty: nothing to make
    directory     folder of files to serve, seen from cwd, or
    command       command that serves; it listens on 127.0.0.1 at $PORT, or
    dockerfile    the product's own Dockerfile, seen from cwd, which is its context, or
    compose       the product's own compose file, seen from cwd
    service       of the compose file: what visitors see; empty: the only one with ports
    listens       port inside the container; 0: as image or compose file say, else `port`
    health_path   answers 2xx once the release is up
    env           variables of the command, not of the build
    limits        of the running release; build_limits: of the build
    sandbox       kind; empty: the best that works here
    """

    environment: str
    hostname: str = "devsite"
    port: int = 8080
    cwd: str = WORKSPACE
    build: tuple[str, ...] = ()
    directory: str = ""
    command: tuple[str, ...] = ()
    dockerfile: str = ""
    compose: str = ""
    service: str = ""
    listens: int = 0
    health_path: str = "/"
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    build_limits: Limits = field(default_factory=Limits)
    build_timeout_s: float = 600.0
    build_no_output_s: float | None = 300.0
    sandbox: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.directory, self.command, self.dockerfile, self.compose))) != 1:
            raise ValueError(
                "A release needs a directory to serve or a command that serves, and not both; "
                "or a Dockerfile or compose file in their place."
            )
        if not inside(self.cwd) or (self.directory and not inside(self.served)):
            raise ValueError(f"{self.directory or self.cwd!r} leads out of {WORKSPACE}.")
        if not self.health_path.startswith("/"):
            raise ValueError(f"health_path {self.health_path!r} does not begin with a slash.")

    @property
    def served(self) -> str:
        """The served folder as the build sees it."""
        return posixpath.normpath(posixpath.join(self.cwd, self.directory))

    @property
    def health_url(self) -> str:
        return f"http://{self.hostname}:{self.port}{self.health_path}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Recipe:
        """A recipe from as_json(), also after a trip through JSON."""
        return cls(
            **{
                **value,
                "build": tuple(value["build"]),
                "command": tuple(value["command"]),
                "limits": Limits(**value["limits"]),
                "build_limits": Limits(**value["build_limits"]),
            }
        )


def inside(path: str) -> bool:
    return (posixpath.normpath(path) + "/").startswith(WORKSPACE + "/")
