"""Which engine, and what an installation lets sandboxes use of it. Engine errors become SandboxError here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.sandbox.port import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

IMAGE = "python:3.11-slim-bookworm"
IMAGES = ("debian:*", "python:*")
PULLS = ("missing", "never", "always")


@dataclass(frozen=True)
class Engine:
    """The rules of an installation for the engine that DOCKER_HOST names, else that of this machine."""

    image: str = IMAGE  # where a task names none; always allowed. It has a python3, which network.py needs
    images: tuple[str, ...] = IMAGES  # patterns of what tasks may name
    pull: str = "missing"
    name_servers: tuple[str, ...] = ()  # empty: those of this machine
    forbidden: tuple[str, ...] = ()  # networks and hosts that no sandbox reaches, besides the private ones
    installation: str = ""  # marks what is ours: several Hives may share an engine


class EngineAway(SandboxError):
    """The engine does not answer."""


def connect(timeout_s: float = 30.0) -> APIClient:
    """Raises EngineAway. The SDK is a large import: it happens when the first sandbox of this kind is opened."""
    from docker import APIClient
    from docker.utils import kwargs_from_env

    with telling("The engine cannot be asked"):
        return APIClient(version="auto", timeout=round(timeout_s), max_pool_size=64, **kwargs_from_env())


@contextlib.contextmanager
def telling(what: str) -> Iterator[None]:
    """`what` went wrong when the engine refuses, or does not answer."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise SandboxError(f"{what}: {error.explanation or error}") from error
    except (DockerException, RequestException, HTTPError) as error:
        where = "Is it running, and may this user talk to it? See `hive doctor`."
        raise EngineAway(f"{what}: the Docker engine does not answer ({shortest(error)}). {where}") from error


def shortest(error: BaseException) -> str:
    """The first cause's words: the SDK wraps `No such file or directory` in three sentences."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return getattr(error, "strerror", None) or str(error).partition("\n")[0][:80] or type(error).__name__
