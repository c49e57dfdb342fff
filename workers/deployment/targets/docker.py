"""DockerTarget: one container per release, of the product's own Dockerfile or of one that Hive writes."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from pathlib import Path

from workers.deployment.containers.engine import INSTALLATION, engine
from workers.deployment.containers.inspecting import NOBODY, Image
from workers.deployment.containers.stack import Mount, Service, Stack
from workers.deployment.host.client import HostClient
from workers.deployment.targets.building import Builder, argv, cwd
from workers.deployment.targets.making import Making, Rules
from workers.deployment.targets.port import Build
from workers.deployment.targets.stacked import StackTarget
from workers.sandbox.port import WORKSPACE

FRONT = "web"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside its container, where only its own networks lead


class DockerTarget(StackTarget):
    """`builder` runs the build command of a product without a Dockerfile, in a sandbox, as for the target `process`."""

    kind = "docker"

    def __init__(self, releases: Path, builder: Builder, host: HostClient, rules: Rules) -> None:
        super().__init__(releases, host, rules)
        self._builder = builder

    def _stack(self, making: Making) -> tuple[Build, Stack | None]:
        build = self._of_dockerfile(making) if making.recipe.dockerfile else self._of_template(making)
        return build, _stack_of(making) if build.ok else None

    def _of_dockerfile(self, making: Making) -> Build:
        with making.commit() as commit:
            name = posixpath.normpath(posixpath.join(making.below, making.recipe.dockerfile))
            text = making.checked(commit, name)
            return text if isinstance(text, Build) else making.make(commit, FRONT, making.below, text)

    def _of_template(self, making: Making) -> Build:
        """What the build made in its sandbox, on the installation's image, by a Dockerfile that only copies it."""
        recipe, folder = making.recipe, making.folder
        build = self._builder.build(folder, making.checkout, recipe, making.on_output, making.stop, making.around)
        if not build.ok:
            return build
        if missing := making.fetched([making.rules.image]):
            return missing
        lines = (
            f"FROM {making.rules.image}",
            f'LABEL {INSTALLATION}="{making.rules.installation}"',
            f"COPY --chown={NOBODY} files/ {WORKSPACE}/",
        )
        with folder.files.open("rb") as files, making.commit(files) as made:
            text = "\n".join(lines).encode() + b"\n"
            image = making.make(made, FRONT, "", text, prefix="files/")
        folder.files.unlink(missing_ok=True)
        return replace(image, notes=build.notes)


def _stack_of(making: Making) -> Stack:
    recipe, rules = making.recipe, making.rules
    with engine() as client:
        image = Image(client, making.tag(FRONT), making.marks)
        user = image.user() if recipe.dockerfile else NOBODY
    port = recipe.listens or image.port or recipe.port
    own = bool(recipe.dockerfile)
    front = Service(
        name=FRONT,
        image=image.id,
        user=user,
        command=None if own else argv(recipe),
        entrypoint=None if own else (),
        cwd="" if own else cwd(recipe),
        env={"BIND": EVERYWHERE, **recipe.env, "PORT": str(port)},
        mounts=(Mount(WORKSPACE),) if recipe.command else (),
        memory_bytes=recipe.limits.memory_bytes,
        cpus=recipe.limits.cpus,
        pids=recipe.limits.processes,
    )
    return Stack(
        installation=rules.installation,
        environment=recipe.environment,
        hostname=recipe.hostname,
        front=FRONT,
        port=port,
        services=(front,),
        way=making.way,
    )
