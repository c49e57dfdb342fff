"""Text to ComposeFile, or every problem with its line. Variables come from the spec's deploy.env, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from apps.specs.checking.explain import Explainer
from apps.specs.checking.nearest import Nearest
from apps.specs.problems import Problems
from apps.specs.reading import yaml_text
from apps.specs.reading.nodes import Node, plain
from workers.deployment.composefile.dangerous import refuse_dangerous
from workers.deployment.composefile.schema import ComposeFile, ServiceOf

VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?-)([^}]*))?\}|)")


def read(
    text: str, variables: Mapping[str, str], allowed: Callable[[str], bool], problems: Problems
) -> ComposeFile | None:
    """The file, or None and what is wrong with it in `problems`."""
    root = yaml_text.read(text, problems)
    if root is None:
        return None
    _fill(root, variables, problems)
    refuse_dangerous(root, problems)
    try:
        file = ComposeFile.model_validate(plain(root))
    except ValidationError as error:
        explainer = Explainer(root, ComposeFile.model_json_schema(), problems, Nearest())
        for detail in error.errors(include_url=False):
            explainer.explain(detail)
        return None
    _check(file, root, allowed, problems)
    return None if problems else file


def _fill(node: Node, variables: Mapping[str, str], problems: Problems) -> None:
    """Put variables in place of ${NAME}; $$ is a dollar sign."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        if name and (name in variables or found[4]):
            known = variables.get(name, "")
            return found[5] if found[4] and (not known if found[4] == ":-" else name not in variables) else known
        message = f"The variable `{name}` has no value." if name else "A single `$` means nothing."
        problems.add(
            "missing", message, "Set it in the spec's deploy.env; write $$ for `$`.", mark=node.mark, path=node.path
        )
        return ""

    for child in (*node.mapping.values(), *node.items):
        _fill(child, variables, problems)
    if node.text and "$" in node.text:
        node.value = VARIABLE.sub(value, node.text)


def _check(file: ComposeFile, root: Node, allowed: Callable[[str], bool], problems: Problems) -> None:
    """What the parts say of one another."""
    services = root.get("services")
    for name, service in file.services.items():
        node = services.get(name) if services else None
        if node is not None:
            _check_service(name, service, node, file, allowed, problems)
    if not in_order(file):
        message = "These services wait for one another in a circle, so none of them can start."
        at = services or root
        problems.add("cycle", message, "Take out one of `depends_on`.", mark=at.mark, path=at.path)


def _check_service(
    name: str, service: ServiceOf, node: Node, file: ComposeFile, allowed: Callable[[str], bool], problems: Problems
) -> None:
    def add(key: str, code: str, message: str, hint: str) -> None:
        at = node.get(key)
        mark = at.mark if at else node.mark
        problems.add(code, message, hint, mark=mark, path=at.path if at else node.path)

    if bool(service.image) == (service.build is not None):
        add("image", "conflict", f"`{name}` needs an `image` or a `build`, and not both.", "Keep one of them.")
    elif service.image and not allowed(service.image):
        hint = "HIVE_DOCKER_IMAGES lists those that it does; ask who runs it."
        add("image", "refused", f"The image `{service.image[:80]}` is not one that this installation allows.", hint)
    for need, condition in service.depends_on.items():
        if need not in file.services:
            add("depends_on", "unknown_dependency", f"`{need[:40]}` is no service of this file.", "Name one of them.")
        elif condition == "healthy" and not _tested(file.services[need]):
            add("depends_on", "conflict", f"`{need}` has no healthcheck, so it is never healthy.", "Give it one.")
    for mount in service.volumes:
        if mount.source and mount.source not in file.volumes:
            add(
                "volumes",
                "missing",
                f"The volume `{mount.source}` is not declared.",
                "Add it under the file's `volumes`.",
            )


def _tested(service: ServiceOf) -> bool:
    return service.healthcheck is not None and service.healthcheck.test[0] != "NONE"


def in_order(file: ComposeFile) -> list[str]:
    """The services, each after those that it needs; empty where that cannot be."""
    ordered: list[str] = []
    while len(ordered) < len(file.services):
        free = [
            name
            for name, service in file.services.items()
            if name not in ordered and all(need in ordered or need not in file.services for need in service.depends_on)
        ]
        if not free:
            return []
        ordered += free
    return ordered
