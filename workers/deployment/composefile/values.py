"""The values of a compose file: short forms become long ones, and each says what it may be.

Every rule raises through wrong(), so that a reader is told what he wrote and what would be right.
"""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from apps.specs.schema import rules
from apps.specs.schema.rules import wrong

ALONE = re.compile(r"(\d{1,5})(/tcp)?")
USER = re.compile(r"[1-9]\d{0,8}(:[1-9]\d{0,8})?")
VOLUME = r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?"
CONDITIONS = {
    "service_started": "started",
    "service_healthy": "healthy",
    "service_completed_successfully": "completed",
}


def _words(value: Any) -> Any:
    """A command: a list of words, or one line that is split as compose splits it, with no shell."""
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError as error:
            raise wrong("wrong_type", f"this line cannot be split into words ({error}).", "Write a list.") from None
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise wrong("wrong_type", "this is no command.", 'Write a line, or a list of words: ["sh", "-c", "…"].')
    return tuple(value)


def _variables(value: Any) -> Any:
    if isinstance(value, list):
        if not all(isinstance(item, str) and "=" in item for item in value):
            hint = "Write NAME=value. What stands in Hive's own environment is never passed on; use deploy.env."
            raise wrong("wrong_type", "a variable without a value.", hint)
        value = dict(item.split("=", 1) for item in value)
    if not isinstance(value, dict) or any(one is None for one in value.values()):
        raise wrong("wrong_type", "this is no list of variables.", "Write `NAME: value`, each with its value.")
    return {key: str(one).lower() if isinstance(one, bool) else str(one) for key, one in value.items()}


def _needs(value: Any) -> Any:
    if isinstance(value, list):
        return {name: "started" for name in value if isinstance(name, str)}
    if not isinstance(value, dict):
        raise wrong("wrong_type", "this is no list of services.", "Write a list of names, or a name with a condition.")
    return {name: _condition(one) for name, one in value.items()}


def _condition(value: Any) -> str:
    said = value.get("condition", "service_started") if isinstance(value, dict) else None
    if said not in CONDITIONS or set(value) - {"condition", "required", "restart"}:
        raise wrong("unknown_value", "this condition is not known.", f"Use one of: {', '.join(CONDITIONS)}.")
    return CONDITIONS[said]


def _port(value: Any) -> int:
    """The port inside. Nothing of a stack is published: the environment's own port leads to its front service."""
    hint = "Write the container's port alone (\"8080\"). People reach it at the environment's port (deploy.port)."
    if isinstance(value, dict):
        if set(value) - {"target", "protocol", "mode", "name", "app_protocol"} or value.get("protocol", "tcp") != "tcp":
            raise wrong("refused", "a port of the machine, or of another protocol than tcp, is not allowed.", hint)
        value = str(value.get("target"))
    found = ALONE.fullmatch(str(value))
    if isinstance(value, bool) or not found or not 0 < int(found[1]) < 65536:
        raise wrong("refused", f"`{str(value)[:60]}` would publish a port of the machine.", hint)
    return int(found[1])


def _mount(value: Any) -> Any:
    hint = "Name a volume: `data:/var/lib/data`, with `data:` under the file's own `volumes`."
    if isinstance(value, str):
        source, colon, rest = value.partition(":")
        path, _, mode = rest.partition(":")
        if not colon:
            source, path = "", value
        if mode not in ("", "ro", "rw"):
            raise wrong("refused", f"the mode `{mode[:20]}` is not allowed.", "Use ro, rw or none.")
        value = {"source": source, "target": path, "read_only": mode == "ro"}
    elif isinstance(value, dict):
        if value.get("type", "volume") != "volume":
            raise wrong("refused", f"a mount of the type `{str(value['type'])[:20]}` is not allowed.", hint)
        value = {key: one for key, one in value.items() if key != "type"}
    else:
        raise wrong("wrong_type", "this is no mount.", hint)
    source = str(value.get("source") or "")
    if source and not re.fullmatch(VOLUME, source):
        raise wrong("refused", f"`{source[:60]}` is a path of the machine, or no name of a volume.", hint)
    return value


def _inside(path: str) -> str:
    """A path in a container where something may be mounted."""
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path or ":" in path:
        raise wrong("bad_path", f"`{path[:60]}` is no absolute path.", "Write a path of the container, such as /data.")
    if path.rstrip("/") in ("", "/proc", "/sys", "/dev") or path.startswith(("/proc/", "/sys/", "/dev/")):
        raise wrong("refused", f"`{path[:60]}` belongs to the system.", "Mount it elsewhere.")
    if path.rstrip("/").endswith("docker.sock"):
        raise wrong("refused", "the engine's socket is never given away.", "Leave it out.")
    return path


def _user(value: Any) -> str:
    if not USER.fullmatch(str(value)):
        hint = 'Write numbers, "1000" or "1000:1000", and not 0: a name proves nothing, and root is never allowed.'
        raise wrong("refused", f"`{str(value)[:40]}` is no user that a service may run as.", hint)
    return str(value) if ":" in str(value) else f"{value}:{value}"


def _in_commit(path: str) -> str:
    if path in (".", "./"):
        return "."
    return rules.relative(path)


def _build(value: Any) -> Any:
    return {"context": value} if isinstance(value, str) else value


def _test(value: Any) -> Any:
    if isinstance(value, str):
        return ("CMD-SHELL", value)
    if isinstance(value, list) and value and value[0] in ("NONE", "CMD", "CMD-SHELL"):
        return tuple(value)
    raise wrong("wrong_type", "this is no test.", 'Write a line for the shell, or ["CMD", "program", "word"].')


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Variables = Annotated[dict[str, str], BeforeValidator(_variables)]
Needs = Annotated[dict[str, str], BeforeValidator(_needs)]
Port = Annotated[int, BeforeValidator(_port)]
Inside = Annotated[str, AfterValidator(_inside)]
User = Annotated[str, BeforeValidator(_user)]
InCommit = Annotated[str, AfterValidator(_in_commit)]
as_build = BeforeValidator(_build)
as_mount = BeforeValidator(_mount)
as_list = BeforeValidator(_list)
HealthTest = Annotated[tuple[str, ...], BeforeValidator(_test)]
