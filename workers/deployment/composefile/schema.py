"""The keys of a compose file that are known. What stands in none of these tables is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from apps.specs.schema.part import Part
from apps.specs.schema.rules import wrong
from apps.specs.schema.values import Bytes, Number, Seconds, ServiceName, Whole
from workers.deployment.composefile.values import (
    HealthTest,
    InCommit,
    Inside,
    Needs,
    Port,
    User,
    Variables,
    Words,
    as_build,
    as_list,
    as_mount,
)

MOST_SERVICES = 20


class BuildFrom(Part):
    """How a service's image is made, of files of the commit."""

    context: InCommit = "."
    dockerfile: InCommit = "Dockerfile"
    args: Variables = Field(default_factory=dict)
    target: str = ""


class MountOf(Part):
    """A named volume, or (without `source`) a place of the container's own."""

    source: str = ""
    target: Inside
    read_only: bool = False


class HealthOf(Part):
    test: HealthTest
    interval: Seconds = 5.0
    timeout: Seconds = 5.0
    retries: Whole = Field(10, ge=1, le=1000)
    start_period: Seconds | None = None


class ServiceOf(Part):
    image: str = ""
    build: Annotated[BuildFrom | None, as_build] = None
    command: Words | None = None
    entrypoint: Words | None = None
    environment: Variables = Field(default_factory=dict)
    user: User | None = None
    working_dir: Inside | None = None
    depends_on: Needs = Field(default_factory=dict)
    healthcheck: HealthOf | None = None
    ports: tuple[Port, ...] = Field((), max_length=20)
    expose: tuple[Port, ...] = Field((), max_length=20)
    volumes: tuple[Annotated[MountOf, as_mount], ...] = Field((), max_length=20)
    tmpfs: Annotated[tuple[Inside, ...], as_list] = Field((), max_length=20)
    read_only: bool = True
    restart: Literal["no", "always", "unless-stopped", "on-failure"] = "no"
    mem_limit: Bytes | None = None
    cpus: Number | None = Field(None, gt=0, le=1024)
    pids_limit: Whole | None = Field(None, ge=1, le=100_000)
    init: bool = True


def _empty(value: Any) -> Any:
    if value not in (None, {}):
        raise wrong("refused", "a volume takes no options.", "Write its name alone, as in `data:`.")
    return None


Volume = Annotated[Any, AfterValidator(_empty)]


class ComposeFile(Part):
    version: str = ""
    name: str = ""
    services: dict[ServiceName, ServiceOf] = Field(min_length=1, max_length=MOST_SERVICES)
    volumes: dict[ServiceName, Volume] = Field(default_factory=dict)
