"""Order: everything that a runner needs to do a job, as a plain value. It knows nothing of Hive's records.

Both ends read this module: the server, which writes orders, and the agent, which has neither Django nor a database.
Nothing may be imported here that is not in Python itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

VERSION = 3  # the newest that this program reads; an order says the oldest that is enough for it
WORKSPACE = "/workspace"
MIB = 1024 * 1024
TREE_NAME = "tree.tar.gz"
KINDS = (str, int, float, bool)


class BadOrder(ValueError):
    """This is not an order, or one of a later version."""


@dataclass(frozen=True)
class Command:
    """`run` is a list of arguments, or a line for `sh -c`. One that is `always` runs after a failed one too.

    Since version 2: one that is `fresh` begins in a sandbox that nobody has used, with the package; `reports` is a
    glob, seen from `cwd`, and what it wrote there is kept as `reports-N.tar`, N being its number among the commands.
    """

    run: tuple[str, ...] | str
    name: str = ""
    timeout_s: float = 600.0
    no_output_s: float = 300.0
    cwd: str = WORKSPACE
    always: bool = False
    fresh: bool = False
    reports: str = ""

    @property
    def argv(self) -> list[str]:
        return ["sh", "-c", self.run] if isinstance(self.run, str) else list(self.run)

    @property
    def shown(self) -> str:
        """What the log says is run."""
        return self.name or (self.run if isinstance(self.run, str) else " ".join(self.run))


@dataclass(frozen=True)
class Package:
    """The files that the workspace begins with: a tar, plain or compressed.

    On the server `source` is a key of the artifact store; what is handed out to an agent has a signed link there.
    """

    source: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Cache:
    """Folders of the workspace that are kept from one job to the next with the same key, on the same machine."""

    key: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Bounds:
    """What the job may use, and how much of what it makes is kept."""

    cpus: int = 2
    memory_bytes: int = 2048 * MIB
    processes: int = 256
    disk_bytes: int = 2048 * MIB
    timeout_s: float = 3600.0
    log_bytes: int = 64 * MIB
    artifacts: int = 1000
    artifact_bytes: int = 1024 * MIB


@dataclass(frozen=True)
class Order:
    """`secrets` are values by name: empty until the order is handed out. `image`: needs a container.

    `artifacts` and `junit` are globs in the workspace of the first sandbox; what matches `junit` is kept as a report.
    Since version 3: `tree` asks for all of that workspace, as TREE_NAME of the kind `tree`.
    """

    commands: tuple[Command, ...]
    image: str = ""
    sandbox: str = ""  # kind; empty: the best that the machine has
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    package: Package | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    junit: tuple[str, ...] = ()
    bounds: Bounds = Bounds()
    network: bool = False
    caches: tuple[Cache, ...] = ()
    tree: bool = False
    version: int = 1

    def stretches(self) -> list[list[tuple[int, Command]]]:
        """The commands with their numbers: those of one sandbox, those of the next …"""
        found: list[list[tuple[int, Command]]] = [[]]
        for number, command in enumerate(self.commands, 1):
            if command.fresh and found[-1]:
                found.append([])
            found[-1].append((number, command))
        return found

    def as_json(self) -> dict[str, Any]:
        """A value of JSON's own types."""
        value = asdict(self)
        return {**value, **{name: _listed(value[name]) for name in ("commands", "artifacts", "junit", "caches")}}


def _listed(values: tuple[Any, ...]) -> list[Any]:
    return [
        {key: list(item) if isinstance(item, tuple) else item for key, item in value.items()}
        if isinstance(value, dict)
        else value
        for value in values
    ]


def reports_name(number: int) -> str:
    """What the reports of this command are kept as: a tar. Commands are counted from 1."""
    return f"reports-{number}.tar"


def read_order(value: Any) -> Order:
    """The order in this JSON value. What a later server added is passed over. Raises BadOrder."""
    try:
        if value["version"] not in range(1, VERSION + 1):
            raise BadOrder(f"This order has version {value['version']}; this runner reads up to version {VERSION}.")
        package = value.get("package")
        return Order(
            commands=tuple(_command(one) for one in value["commands"]),
            image=_text(value.get("image", "")),
            sandbox=_text(value.get("sandbox", "")),
            env=_texts(value.get("env", {})),
            secrets=_texts(value.get("secrets", {})),
            package=_known(Package, package) if package else None,
            files=_texts(value.get("files", {})),
            artifacts=_words(value.get("artifacts", [])),
            junit=_words(value.get("junit", [])),
            bounds=_known(Bounds, value.get("bounds", {})),
            network=bool(value.get("network", False)),
            caches=tuple(Cache(_text(one["key"]), _words(one["paths"])) for one in value.get("caches", [])),
            tree=bool(value.get("tree", False)),
            version=value["version"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BadOrder(f"This is not an order: {type(error).__name__} {error}.") from None


def _command(value: Mapping[str, Any]) -> Command:
    run = value["run"] if isinstance(value["run"], str) else _words(value["run"])
    return _known(Command, {**value, "run": run})


def _known(kind: Any, value: Mapping[str, Any]) -> Any:
    """The fields that this version knows."""
    found = {name: value[name] for name in kind.__dataclass_fields__ if name in value}
    for name, item in found.items():
        if not isinstance(item, (*KINDS, tuple)):
            raise TypeError(f"{kind.__name__}.{name} is {type(item).__name__}")
    return kind(**found)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is not a list")
    return tuple(_text(item) for item in value)


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {_text(name): _text(item) for name, item in value.items()}
