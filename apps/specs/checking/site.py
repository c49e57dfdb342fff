"""What the deployment and the acceptance checks say of one another: one name, one port, something to serve."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from apps.specs.problems import Problems
from apps.specs.reading.long_form import port_of
from apps.specs.reading.nodes import Node
from apps.specs.schema.delivery import DEFAULT_HOST
from apps.specs.schema.rules import home_of
from apps.specs.schema.values import HOST_PATTERN


def check_site(spec: Node, problems: Problems) -> None:
    deploy = spec.get("deploy")
    tasks = spec.get("tasks")
    owners = [spec, *(tasks.items if tasks else [])]
    if deploy is None or not isinstance(deploy.value, dict):
        return
    for owner in owners:
        acceptance = owner.get("acceptance")
        for check in acceptance.items if acceptance else []:
            if (url := check.get("url")) and url.text:
                _check_host(url, deploy, problems)
                _check_port(url, deploy, problems)
    _check_served(deploy, owners[1:], problems)


def _check_host(url: Node, deploy: Node, problems: Problems) -> None:
    environment = deploy.get("environment")
    name = environment.text if environment else DEFAULT_HOST
    try:
        host = urlsplit(url.text or "").hostname
    except ValueError:
        return  # the schema says so
    if host and name and re.fullmatch(HOST_PATTERN, name) and host != name:
        message = f"`{host[:60]}` is not the release's own name, so this check would not look at the release."
        hint = f"Write http://{name}…, or rename the release with deploy.environment."
        problems.add("foreign_host", message, hint, mark=url.mark, path=url.path)


def _check_port(url: Node, deploy: Node, problems: Problems) -> None:
    port, named = deploy.get("port"), port_of(url)
    if port is None or isinstance(port.value, bool) or not isinstance(port.value, int) or not 0 < port.value < 65536:
        return  # the schema says so
    if named and named != port.value:
        message = f"This check asks port {named}, but the release's port is {port.value}."
        hint = f"Write :{port.value}, or set deploy.port."
        problems.add("foreign_port", message, hint, mark=url.mark, path=url.path)


def _check_served(deploy: Node, tasks: list[Node], problems: Problems) -> None:
    """Without a directory or command of its own, exactly one template must say how it is deployed."""
    if deploy.get("directory") or deploy.get("command") or _by_itself(deploy):
        return
    with_template = [task for task in tasks if _has_template(task)]
    folder = deploy.get("dir")
    if folder and folder.text:
        with_template = [task for task in with_template if _home(task) == folder.text] or with_template
    if len(with_template) == 1:
        return
    if with_template:
        homes = ", ".join(_home(task) for task in with_template[:5])
        message = "Several tasks start from a template, so it is open which one is deployed."
        hint = f"Set deploy.dir to the home of one of them ({homes}), or give deploy.directory or deploy.command."
    else:
        message = "Nothing says what is deployed."
        hint = "Give deploy.directory (files to serve) or deploy.command, or start a task from a template that does."
    mark, path = deploy.mark, deploy.path
    problems.add("nothing_to_deploy", message, hint, mark=mark, path=path)


def _by_itself(deploy: Node) -> bool:
    """A file of the product says what is deployed."""
    target = deploy.get("target")
    return deploy.get("dockerfile") is not None or (target is not None and target.text == "compose")


def _has_template(task: Node) -> bool:
    inputs = task.get("inputs")
    return any(
        (kind := item.get("type")) is not None and kind.value == "template" for item in (inputs.items if inputs else [])
    )


def _home(task: Node) -> str:
    identity = task.get("id")
    return home_of(identity.text) if identity and identity.text else ""
