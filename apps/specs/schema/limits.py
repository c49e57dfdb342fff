"""What a command may use, and how long it may take."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from apps.specs.schema.part import Part
from apps.specs.schema.rules import wrong
from apps.specs.schema.values import Bytes, Image, Number, Seconds, Whole

TIMEOUT_S = 600.0


def _network(value: Any) -> Any:
    return {True: "internet", False: "none"}[value] if isinstance(value, bool) else value


Network = Annotated[
    Literal["none", "internet"],
    BeforeValidator(_network),
    WithJsonSchema({"enum": ["none", "internet", False, True]}),
]
SandboxKind = Literal["docker", "bubblewrap", "process"]


class Limits(Part):
    """What a sandbox lets its commands use."""

    memory_bytes: Bytes = Field(2 * 2**30, alias="memory", description="All its processes together, such as 512MB.")
    cpus: Number = Field(2.0, gt=0, le=1024, description="Processors, such as 0.5 or 2.")
    pids: Whole = Field(256, ge=1, le=100_000, description="Processes and threads at a time.")
    disk_bytes: Bytes = Field(2 * 2**30, alias="disk", description="What it may write, such as 1GiB.")
    network: Network = Field("none", description="`none`, or `internet` where a command must download something.")
    sandbox: SandboxKind | None = Field(None, description="Kind of sandbox. Empty: the best kind of the installation.")


class Constraints(Limits):
    """What the jobs of a task may use, and how long they may take."""

    image: Image | None = Field(None, description="Container image, for the sandbox `docker`. Empty: Hive's usual one.")
    timeout_s: Seconds = Field(TIMEOUT_S, alias="timeout", description="Longest time of one job or test command.")
    no_output_s: Seconds = Field(300.0, alias="no_output", description="Longest silence of a command.")
    queue_timeout_s: Seconds = Field(3600.0, alias="queue_timeout", description="Longest wait for a free worker.")

    @model_validator(mode="after")
    def name_an_image_for_containers_only(self) -> Constraints:
        if self.image and self.sandbox not in (None, "docker"):
            message = f"`image` is given, but the sandbox is `{self.sandbox}`."
            raise wrong("conflict", message, "Set `sandbox: docker`, or leave `image` out.")
        return self
