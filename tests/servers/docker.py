"""The Docker engine for tests: the one that answers here, with the images that it has; nothing is pulled.

    require_engine()  # skips, and fails under HIVE_REQUIRE, where no engine answers
    with engine() as client:
        client.containers.run(PYTHON_IMAGE, …, labels={LABEL: "1"})

An engine is shared: a test removes what it made, and touches nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

NEEDS = "needs docker: an engine that answers; install docker.io"
PYTHON_IMAGE = "python:3.11-slim-bookworm"
LABEL = "hive.test"


def require_engine() -> None:
    if complaint():
        pytest.skip(complaint())


@functools.cache
def complaint() -> str:
    """Why no test can use the engine; empty where all is well."""
    try:
        with engine() as client:
            client.images.get(PYTHON_IMAGE)
    except ImageNotFound:
        return f"{NEEDS}, and give it the image {PYTHON_IMAGE}"
    except DockerException as error:
        return f"{NEEDS} ({error})"
    return ""


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env(timeout=60)
    try:
        yield client
    finally:
        client.close()
