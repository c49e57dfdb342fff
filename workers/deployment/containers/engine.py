"""The way to the engine: its client, the names and labels of what is ours, its errors in our words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import APIClient

PATIENCE_S = 60
INSTALLATION, ENVIRONMENT, RELEASE = "hive.installation", "hive.environment", "hive.release"
SERVICE, MARK = "hive.service", "hive.mark"
# The host keeps these out of its process, as it needs none of them for releases that are processes.
_KEPT_OUT = ("ssl", "_hashlib", "_bz2", "_lzma")


class EngineError(Exception):
    """The engine did not do its part. `permanent`: it would refuse the same again."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class EngineAway(EngineError):
    """No engine answers."""


class NotThere(EngineError):
    """The engine does not have it."""


def connect(timeout_s: int = PATIENCE_S) -> APIClient:
    """A client of the engine that DOCKER_HOST names, else of this machine's. Raises EngineAway, also where it is down.

    One client belongs to one thread at a time.
    """
    for name in _KEPT_OUT:
        if sys.modules.get(name, ...) is None:
            del sys.modules[name]
    from docker import APIClient
    from docker.utils import kwargs_from_env

    with engine_errors():
        return APIClient(timeout=timeout_s, version="auto", **kwargs_from_env())


@contextmanager
def engine() -> Iterator[APIClient]:
    """A client for one piece of work; everything that the engine does not do is an EngineError."""
    client = connect()
    try:
        with engine_errors():
            yield client
    finally:
        client.close()


@contextmanager
def engine_errors() -> Iterator[None]:
    """docker's and requests' exceptions as EngineError, EngineAway and NotThere."""
    import docker.errors
    import requests
    import urllib3

    try:
        yield
    except docker.errors.NotFound as error:
        raise NotThere(f"The engine does not have it: {_said(error)}", permanent=True) from error
    except docker.errors.APIError as error:
        permanent = error.response is not None and error.response.status_code < 500
        raise EngineError(f"The engine says: {_said(error)}", permanent=permanent) from error
    except (docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        where = os.environ.get("DOCKER_HOST") or "the usual socket"
        raise EngineAway(
            f"No container engine answers at {where} ({_said(error)}). Start it, or set DOCKER_HOST."
        ) from (error)


def _said(error: Exception) -> str:
    return str(getattr(error, "explanation", "") or error).strip().rstrip(".")[:1000]


def named(installation: str, *parts: str) -> str:
    """The name of a container, network or volume of ours."""
    return "-".join(("hive", installation, *parts))


def tag(installation: str, release: str, service: str) -> str:
    return f"hive-{installation}/{release.lower()}:{service}"


def tagged(image: dict[str, Any], installation: str) -> list[tuple[str, str]]:
    """Its tags that are ours, each with the release that it is of."""
    ours = [name for name in image["RepoTags"] or [] if name.startswith(f"hive-{installation}/")]
    return [(name, name.partition("/")[2].rpartition(":")[0]) for name in ours]


def labels(installation: str, environment: str = "", release: str = "", **more: str) -> dict[str, str]:
    """What marks a thing as ours, so that it can be found again when everybody who knew of it is gone."""
    marks = {INSTALLATION: installation, ENVIRONMENT: environment, RELEASE: release}
    return {key: value for key, value in marks.items() if value} | {f"hive.{key}": more[key] for key in more}


def which(marks: dict[str, str]) -> dict[str, Any]:
    """The filter for things with these labels."""
    return {"label": [f"{key}={value}" for key, value in marks.items()]}
