"""Plan: everything that it takes to start a release, also after a crash, without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workers.deployment.host.errors import BadRequest
from workers.sandbox.port import WORKSPACE, Limits

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Plan:
    """How one release runs. A release id stands for one plan for good.

    files    absolute path of a tar: what lies in /workspace when it starts, fresh at each start
    argv     the command, run in `cwd`
    env      its variables, next to those that the sandbox sets (PORT among them)
    port     the port it should listen on, on 127.0.0.1; the sandbox may choose another and say so in PORT
    limits   memory, processes, disk …, held by the sandbox
    log      absolute path of its log
    sandbox  kind of sandbox; empty: the best that works here
    kind     "sandbox", or "stack": containers; then `files` is the stack.json that says all the rest
    """

    release: str
    files: str
    argv: tuple[str, ...]
    log: str
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = 8080
    limits: Limits = field(default_factory=Limits)
    sandbox: str = ""
    cwd: str = WORKSPACE
    kind: str = "sandbox"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Plan:
        """A plan from JSON. Raises BadRequest, naming what is wrong."""
        try:
            limits = Limits(**value.get("limits", {}))
            require(isinstance(value["argv"], list | tuple), "argv is not a list of words")
            plan = cls(**{**value, "argv": tuple(value["argv"]), "limits": limits})
        except (TypeError, KeyError, ValueError) as error:
            raise BadRequest(f"start: {error}. It needs release, files, argv and log.") from None
        plan._check()
        return plan

    def _check(self) -> None:
        require(isinstance(self.release, str) and NAME.fullmatch(self.release), f"{self.release!r} is not a release id")
        require(
            (self.argv or self.kind == "stack")
            and all(isinstance(word, str) and "\0" not in word for word in self.argv),
            "argv is not a list of words",
        )
        for name, path in (("files", self.files), ("log", self.log)):
            require(isinstance(path, str) and path.startswith("/"), f"{name} is not an absolute path")
        require(type(self.port) is int and 0 < self.port < 65536, f"{self.port!r} is not a port")
        require(
            isinstance(self.env, Mapping) and all(isinstance(word, str) for item in self.env.items() for word in item),
            "env does not map text to text",
        )


def require(holds: object, complaint: str) -> None:
    if not holds:
        raise BadRequest(f"{complaint}.")
