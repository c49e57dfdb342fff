"""Which images a task may name."""

from __future__ import annotations

import pytest

from workers.sandbox.docker.engine import Engine
from workers.sandbox.docker.images import ImageMissing, full_name, is_allowed, obtain

ENGINE = Engine(image="acme/base:3", images=("python:*", "ghcr.io/acme/*:1.*"))


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("python", "python:latest"),
        ("docker.io/library/python:3.11", "python:3.11"),
        ("docker.io/acme/tool", "acme/tool:latest"),
        ("localhost:5000/tool", "localhost:5000/tool:latest"),
        ("tool@sha256:abc", "tool@sha256:abc"),
    ],
)
def test_an_image_has_one_name(image: str, name: str) -> None:
    assert full_name(image) == name


@pytest.mark.parametrize(
    "image", ["python:3.11-slim", "docker.io/library/python", "acme/base:3", "ghcr.io/acme/tool:1.2", "python@sha256:a"]
)
def test_an_image_that_a_pattern_names_is_allowed(image: str) -> None:
    assert is_allowed(ENGINE, image) is ("@" not in image)  # a digest is not what `python:*` says


@pytest.mark.parametrize(
    "image",
    [
        "node:20",
        "evil/python:3",
        "python:5000/evil/image",
        "ghcr.io/acme/sub/tool:1.2",
        "ghcr.io/acme/tool:2",
        "acme/base:4",
    ],
)
def test_an_image_that_no_pattern_names_is_not(image: str) -> None:
    assert not is_allowed(ENGINE, image)


def test_what_is_not_allowed_is_told_before_the_engine_is_asked() -> None:
    with pytest.raises(ImageMissing, match=r"'node:20' is not allowed.*python:\*") as caught:
        obtain(None, ENGINE, "node:20")  # type: ignore[arg-type]
    assert caught.value.permanent
