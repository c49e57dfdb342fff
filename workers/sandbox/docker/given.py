"""What a command is given: its arguments, its folder, and variables built from nothing but the image's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.sandbox import descent, environment
from workers.sandbox.docker.create import HOME, TMP
from workers.sandbox.docker.programs import PLACE
from workers.sandbox.port import WORKSPACE, Programs, SandboxError

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Own:
    """What the sandbox adds."""

    mark: str  # what the command's processes carry as HIVE_SANDBOX
    path: str  # as the image says; empty: the usual one
    port: int | None
    places: tuple[str, ...]  # to look at when the command has ended
    programs: Programs  # of Hive's machine


@dataclass(frozen=True)
class Given:
    """What to run, and how."""

    argv: Sequence[str]
    env: dict[str, str]
    cwd: str
    mark: str
    places: Sequence[str]
    spoken_to: bool = False  # it reads what Hive says to it


def given(argv: Sequence[str], env: Mapping[str, str] | None, cwd: str, own: Own) -> Given:
    """Raises SandboxError for what no process can be given, UnsafePath for a `cwd` outside the workspace."""
    names, path = descent.split(cwd, WORKSPACE), own.path or _PATH
    variables = {
        "PATH": f"{path}:{PLACE}" if own.programs else path,
        "HOME": HOME,
        "TMPDIR": TMP,
        "USER": "job",
        environment.WORKSPACE: WORKSPACE,
        environment.SANDBOX: own.mark,
    }
    if own.port is not None:
        variables["PORT"] = str(own.port)
    variables = environment.build(variables, env)
    arguments = environment.check_arguments(argv)
    if arguments[0] in own.programs:  # whatever the image has of that name
        arguments = [f"{PLACE}/{arguments[0]}", *arguments[1:]]
    try:
        "".join((*arguments, *variables.values())).encode()
    except UnicodeEncodeError:
        message = f"An argument or a variable of {arguments[0]!r} is no text; the Docker engine takes only text."
        raise SandboxError(message, permanent=True) from None
    return Given(arguments, variables, "/".join((WORKSPACE, *names)), own.mark, own.places)
