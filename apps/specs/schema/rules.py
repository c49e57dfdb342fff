"""What a value of a spec must be: durations, sizes, paths, addresses, names.

Every rule raises through wrong(), so that a reader is told what he wrote and what would be right.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

WORKSPACE = "/workspace"
OWN_RULE = "spec."  # marks the error types that carry their own message and hint
DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SIZE_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
SIZE_UNITS |= {"k": 2**10, "m": 2**20, "g": 2**30, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
LONGEST_S = 30 * 86400.0


def wrong(code: str, message: str, hint: str) -> PydanticCustomError:
    """An error of one of our own rules: what was written, and what would be right."""
    return PydanticCustomError(OWN_RULE + code, "{message}", {"message": message, "hint": hint})


def home_of(task_id: str) -> str:
    """The folder in which a task's templates land and its commands start, where the commit has it."""
    return f"{WORKSPACE}/tasks/{task_id}"


def duration(value: Any) -> float:
    example = 'Write seconds (90) or a duration such as "90s", "10m" or "1h30m".'
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong("wrong_type", "this is not a duration.", example)
    if isinstance(value, str):
        short = len(value) <= 100  # the pattern takes quadratic time on a long row of digits
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value) if short else []
        if not parts or "".join(number + unit for number, unit in parts) != value.replace(" ", ""):
            raise wrong("wrong_type", f"`{value[:40]}` is not a duration.", example)
        value = sum(float(number) * DURATION_UNITS[unit] for number, unit in parts)
    if not 0 < value <= LONGEST_S:
        raise wrong("out_of_range", "a duration is more than zero and at most 30 days.", example)
    return float(value)


def size(value: Any) -> int:
    example = 'Write bytes (1048576) or a size such as "512MB" or "2GiB".'
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong("wrong_type", "this is not a size.", example)
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)", value.lower())
        if not match or match[2] not in SIZE_UNITS:
            raise wrong("wrong_type", f"`{value[:40]}` is not a size.", example)
        value = int(float(match[1]) * SIZE_UNITS[match[2]])
    if not 2**20 <= value <= 2**50:
        raise wrong("out_of_range", "a size is at least 1 MiB and at most 1 PiB.", example)
    return int(value)


def number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong("wrong_type", "this is not a number.", "Write a number without quotes.")
    return value


def whole(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong("wrong_type", "this is not a whole number.", "Write a whole number without quotes.")
    return value


def each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if values.count(value) > 1:
            raise wrong("duplicate", f"`{value}` is listed twice.", "Keep one of them.")
    return values


def not_blank(value: str) -> str:
    if not value.strip():
        raise wrong("empty", "this is empty.", "Write some text, or leave the key out.")
    return value


def path_parts(path: str) -> tuple[str, ...]:
    """The path's parts, if it is one that can be joined to a root without leaving it."""
    if len(path) > 1000:
        raise wrong("bad_path", "this path is longer than 1,000 characters.", "Shorten it.")
    if ".." in path.split("/"):
        raise wrong("path_escape", f"`{path}` climbs out with `..`.", f"Name the place itself, below {WORKSPACE}.")
    if any(ord(char) < 32 or ord(char) == 127 for char in path) or "\\" in path:
        raise wrong("bad_path", "this path holds a control character or a backslash.", "Use `/` between names.")
    if any(part.lower() == ".git" for part in path.split("/")):
        raise wrong("bad_path", f"`{path}` points into `.git`, which belongs to Hive.", "Name a file of the product.")
    return PurePosixPath(path).parts


def in_workspace(path: str) -> str:
    parts = path_parts(path)
    if parts[:2] != ("/", "workspace"):
        hint = f"Write a path below {WORKSPACE}, or one relative to the task's home {WORKSPACE}/tasks/<id>."
        raise wrong("outside_workspace", f"`{path}` is outside {WORKSPACE}.", hint)
    return str(PurePosixPath(*parts))


def below_workspace(path: str) -> str:
    path = in_workspace(path)
    if path == WORKSPACE:
        message = f"{WORKSPACE} itself is always there and would prove nothing."
        raise wrong("bad_path", message, f"Name a file or folder below {WORKSPACE}.")
    return path


def relative(path: str) -> str:
    parts = path_parts(path)
    if parts[:1] == ("/",):
        raise wrong("path_escape", f"`{path}` is absolute.", "Write a path relative to where the command starts.")
    return str(PurePosixPath(*parts))


def url_path(path: str) -> str:
    if not path.startswith("/") or re.search(r"[\s#\x00-\x1f\x7f]", path):
        raise wrong("bad_url", f"`{path[:60]}` is not a path on the site.", "Write a path such as /health.")
    return path


def url(url: str) -> str:
    example = "Write an address such as http://devsite:8080/path."
    try:
        parts = urlsplit(url)
        known = parts.scheme == "http" and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise wrong("bad_url", f"`{url[:60]}` is not an address ({error}).", example) from None
    if not known or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise wrong("bad_url", f"`{url[:60]}` is not an http:// address.", example)
    if parts.username is not None or parts.fragment:
        raise wrong("bad_url", "an address here holds no user name, password or #fragment.", example)
    return url


def matches(pattern: str, what: str, hint: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong("bad_name", f"`{value[:80]}` is not {what}.", hint)
        return value

    return AfterValidator(check)
