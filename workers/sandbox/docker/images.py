"""Which image a sandbox is made from, whether it may be, and how it comes to the engine."""

from __future__ import annotations

import fnmatch
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.sandbox.docker.engine import Engine, telling
from workers.sandbox.port import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Image:
    """What a container gets from it: variables, and folders that would become volumes of their own."""

    name: str
    variables: dict[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()


class ImageMissing(SandboxError):
    """The image is not there, or may not be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


def full_name(image: str) -> str:
    """As patterns are written: without Docker's own registry, with a tag."""
    for prefix in ("docker.io/", "index.docker.io/", "library/"):
        image = image.removeprefix(prefix)
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"


def is_allowed(engine: Engine, image: str) -> bool:
    """A `*` in a pattern stands for anything but `/`: `python:*` is no image of a registry called python."""
    name = full_name(image)
    return name == full_name(engine.image) or any(_matches(name, full_name(pattern)) for pattern in engine.images)


def _matches(name: str, pattern: str) -> bool:
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def obtain(client: APIClient, engine: Engine, image: str) -> Image:
    """See to it that the engine has the image. Raises ImageMissing, SandboxError."""
    if not is_allowed(engine, image):
        allowed = ", ".join((engine.image, *engine.images))
        raise ImageMissing(f"The image {image!r} is not allowed; HIVE_DOCKER_IMAGES allows: {allowed}.")
    found = _inspect(client, image)
    if engine.pull == "always" or (found is None and engine.pull != "never"):
        _pull(client, image)
        found = _inspect(client, image)
    if found is None:
        hint = " HIVE_DOCKER_PULL is `never`: pull it by hand." if engine.pull == "never" else ""
        raise ImageMissing(f"The engine has no image {image!r}.{hint}")
    config = found.get("Config") or {}
    variables = dict(variable.partition("=")[::2] for variable in config.get("Env") or [])
    return Image(full_name(image), variables, tuple(config.get("Volumes") or ()))


def _inspect(client: APIClient, image: str) -> dict | None:
    from docker.errors import ImageNotFound

    with telling(f"The image {image!r} cannot be looked at"):
        try:
            return dict(client.inspect_image(full_name(image)))
        except ImageNotFound:
            return None


def _pull(client: APIClient, image: str) -> None:
    """A registry that knows no such image is for good; one that does not answer may do so later."""
    from docker.errors import NotFound

    logger.info("action=image_pull image=%s", image)
    name = full_name(image)
    repository, tag = (name, None) if "@" in name else (name.rpartition(":")[0], name.rpartition(":")[2])
    with telling(f"The image {image!r} cannot be pulled"):
        try:
            for line in client.pull(repository, tag=tag, stream=True, decode=True):
                if "error" in line:
                    raise SandboxError(f"The image {image!r} cannot be pulled: {line['error']}.")
        except NotFound as error:
            raise ImageMissing(f"No registry gives the image {image!r}: {error.explanation}.") from error
