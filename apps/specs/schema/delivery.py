"""After the tests: how the product is deployed, what its running site must answer, who decides, who repairs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from apps.specs.schema.limits import Limits
from apps.specs.schema.part import Part
from apps.specs.schema.rules import each_once, wrong
from apps.specs.schema.values import (
    Command,
    Content,
    Folder,
    HostName,
    Needle,
    RelativePath,
    Seconds,
    ServiceName,
    Url,
    UrlPath,
    Variable,
    Whole,
)

DEFAULT_HOST = "devsite"
DEFAULT_PORT = 8080
HEALTH = "/"
COMPOSE_FILE = "compose.yaml"
SAYS = {"dockerfile": "the Dockerfile", "compose": "the compose file"}

Target = Literal["process", "docker", "compose"]
Gate = Literal["after_plan", "before_deploy"]
Gates = Annotated[tuple[Gate, ...], Field(max_length=2), AfterValidator(each_once)]
Policy = Literal["restart", "rollback", "repair", "escalate"]


class Check(Part):
    """A request that the running site must answer."""

    url: Url = Field(description="Address under the release's own name, such as http://devsite:8080/feed.xml.")
    status: Whole = Field(200, ge=100, le=599, description="Status that it answers with. Also: `should_respond`.")
    contains: Needle | None = Field(None, description="Text that the body must contain.")
    within_s: Seconds = Field(10.0, alias="within", description="How soon after the deployment it must pass.")


class DeployDefaults(Part):
    """What a template's template.yaml says of deploying what it makes. Paths and commands start in the task's home."""

    build: Command | None = Field(None, description="Command that builds what is deployed.")
    directory: RelativePath | None = Field(None, description="Folder of files to serve.")
    command: Command | None = Field(None, description="Command that serves; it listens on $PORT.")
    health: UrlPath | None = Field(None, description="Path that answers 200 once it is up.")

    @model_validator(mode="after")
    def serve_one_way(self) -> DeployDefaults:
        if self.directory and self.command:
            hint = "Keep `directory` to have files served, or `command` to serve by yourself."
            raise wrong("conflict", "both `directory` and `command` are given.", hint)
        return self


class Deploy(DeployDefaults):
    """Where and how the product runs. What stays empty here comes from the template that made it."""

    target: Target = Field("process", description="What runs it. `docker` and `compose` need an engine.")
    environment: HostName = Field(DEFAULT_HOST, description="The release's own name, and the host of its addresses.")
    port: Whole = Field(
        DEFAULT_PORT, ge=1, le=65535, description="Preferred port. Empty: the port of the first acceptance address."
    )
    dockerfile: RelativePath | None = Field(
        None,
        description="For `docker`: the Dockerfile, seen from `dir`, which is the build's context. Empty: Hive's own.",
    )
    compose: RelativePath | None = Field(None, description="For `compose`: the compose file, seen from `dir`.")
    service: ServiceName | None = Field(
        None, description="For `compose`: the service that visitors see. Empty: the only one with `ports`."
    )
    listens: Whole | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port inside the container. Empty: what image or compose file says, else `port`.",
    )
    dir: Folder | None = Field(
        None, description="Where build and command start. Empty: the template's home, the only task's, else /workspace."
    )
    env: dict[Variable, Content] = Field(default_factory=dict, max_length=200, description="Variables of the command.")
    within_s: Seconds = Field(30.0, alias="within", description="How soon it must be healthy.")
    limits: Limits = Field(default_factory=Limits, description="What the running release may use.")

    @model_validator(mode="after")
    def say_what_its_target_understands(self) -> Deploy:
        for key, target in (("dockerfile", "docker"), ("compose", "compose"), ("service", "compose")):
            if getattr(self, key) and self.target != target:
                message = f"`{key}` is given, but the target is `{self.target}`."
                raise wrong("conflict", message, f"Set `target: {target}`, or leave `{key}` out.")
        if self.listens and self.target == "process":
            raise wrong("conflict", "`listens` is given, but a process listens on $PORT.", "Leave `listens` out.")
        own = "dockerfile" if self.dockerfile else "compose" if self.target == "compose" else ""
        for key in ("build", "directory", "command") if own else ():
            if getattr(self, key):
                message = f"`{key}` is given, but {SAYS[own]} says how the product is built and run."
                raise wrong("conflict", message, f"Leave `{key}` out, or choose another target.")
        return self

    @property
    def by_itself(self) -> bool:
        """A file of the product says how it is built and run; no template's defaults apply."""
        return bool(self.dockerfile) or self.target == "compose"

    def filled(self, defaults: DeployDefaults) -> Deploy:
        """This section with what it leaves open taken from a template; health is `/` where neither names one."""
        if self.by_itself:
            compose = (self.compose or COMPOSE_FILE) if self.target == "compose" else None
            return self.model_copy(update={"health": self.health or HEALTH, "compose": compose})
        serves = bool(self.directory or self.command)
        return self.model_copy(
            update={
                "build": self.build or defaults.build,
                "directory": self.directory if serves else defaults.directory,
                "command": self.command if serves else defaults.command,
                "health": self.health or defaults.health or HEALTH,
            }
        )


class Repair(Part):
    """What happens when tests are red, and when a live release stops answering."""

    rounds: Whole = Field(1, ge=0, le=10, description="How often a task with red tests goes back to coding.")
    policy: Policy = Field("restart", description="What is done about an incident of the release.")
    restarts: Whole = Field(3, ge=0, le=100, description="Restarts per release before the incident is escalated.")
