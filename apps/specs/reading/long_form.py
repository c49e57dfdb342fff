"""Every short form made long, before the schema looks: later code knows one form only.

- a spec without `tasks` is one task made of its own top level
- `constraints`, `engine` and `runs_on` beside `tasks` are the tasks' defaults; a task's `timeout` is its tests' default
- an item of `acceptance` without `url` refines the item before it
- `runs_on` that is only a list, or a tag, is that of `testing`
- a command (of `commands`) that is only text is its `run`; commands without an engine are for the engine `commands`
- a requirement that is only text gets the next of r1, r2 … as its id; so does one without an id
- `should_respond` is `status`, `story` is `description`
- a path that is not absolute starts in the task's home
- acceptance without `deploy` is deployed by its template's defaults; the port is the one of its first address

Works on nodes, so that everything keeps the place at which it was written, and leaves alone what it does not
understand: the schema says what is wrong with that. A node may hang in several places (YAML aliases), so what is
rewritten for one of them is copied first.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from apps.specs.problems import Problems
from apps.specs.reading.nodes import Node
from apps.specs.schema.rules import WORKSPACE, home_of
from apps.specs.schema.spec import SYNONYMS, TASK_KEYS
from apps.specs.schema.values import ID_PATTERN

HOME_PATHS = (
    ("inputs", "path"),
    ("outputs", "path"),
    ("commands", "dir"),
    ("tests", "dir"),
)  # taken from the task's home if relative


def lengthen(spec: Node, problems: Problems) -> None:
    """Rewrite the tree in place. A thing said twice, in its short and its long form, is added to `problems`."""
    if not spec.mapping:
        return
    _rename(spec, "story", problems)
    if "tasks" in spec.mapping:
        _hand_down(spec)
    else:
        _make_only_task(spec)
    tasks = _own_items(spec, "tasks")
    for task in tasks:
        _lengthen_task(task, problems)
    _fold_checks(spec, problems)
    _lengthen_deploy(spec, tasks)


def _make_only_task(spec: Node) -> None:
    task = Node({}, spec.mark, None, "")
    for key in ("id", "title", "description", "engine"):
        if node := spec.get(key):
            task.put(key, node, spec.key_mark(key))
    for key in TASK_KEYS:
        if node := spec.get(key):
            task.put(key, node, spec.key_mark(key))
            del spec.mapping[key]
    spec.put("tasks", Node([task], spec.mark, spec, "tasks"), spec.mark)


def _hand_down(spec: Node) -> None:
    """Give every task what the spec says for all of them, unless it says so itself."""
    constraints = spec.get("constraints")
    if constraints is not None and isinstance(constraints.value, dict):
        del spec.mapping["constraints"]
    for task in _own_items(spec, "tasks"):
        if not isinstance(task.value, dict):
            continue
        if constraints is not None and constraints.mapping:
            _merge_constraints(task, constraints)
        for key in ("engine", "runs_on"):
            if key == "engine" and "commands" in task.mapping:
                continue  # one engine alone runs them
            if (node := spec.get(key)) and key not in task.mapping:
                task.put(key, node, spec.key_mark(key))
    spec.mapping.pop("runs_on", None)


def _merge_constraints(task: Node, defaults: Node) -> None:
    own = task.get("constraints") or Node({}, task.mark, task, "constraints")
    if not isinstance(own.value, dict):
        return
    merged = Node({}, own.mark, own.parent, own.key)
    for source in (defaults, own):
        for key, node in source.mapping.items():
            merged.put(key, node, source.key_mark(key))
    task.put("constraints", merged, task.key_mark("constraints"))


def _lengthen_task(task: Node, problems: Problems) -> None:
    if not isinstance(task.value, dict):
        return
    _rename(task, "story", problems)
    _fold_checks(task, problems)
    _lengthen_requirements(task)
    _lengthen_runs_on(task)
    _lengthen_commands(task)
    sections = [(item, key) for name, key in HOME_PATHS for item in _own_items(task, name)]
    constraints = task.get("constraints")
    timeout = constraints.get("timeout") if constraints else None
    for command in (*_items(task, "commands"), *_items(task, "tests")):
        if timeout and isinstance(command.value, dict):
            command.value.setdefault("timeout", timeout)
    identity = task.get("id")
    if identity is not None and re.fullmatch(ID_PATTERN, identity.text or ""):
        task.value.setdefault("title", identity)
        for item, key in sections:
            _from_home(item, key, home_of(identity.text or ""))


def _lengthen_requirements(task: Node) -> None:
    requirements = task.get("requirements")
    if requirements is None or not isinstance(requirements.value, list):
        return
    items: list[Node] = []
    for number, item in enumerate(requirements.value, 1):
        own = Node(f"r{number}", item.mark)
        long = Node({"text": item}, item.mark) if item.text is not None else item
        if isinstance(long.value, dict) and "id" not in long.value:
            long = Node({"id": own, **long.value}, item.mark, item.parent, item.key, dict(item.key_marks))
        items.append(long)
    task.mapping["requirements"] = Node(items, requirements.mark, requirements.parent, requirements.key)


def _lengthen_commands(task: Node) -> None:
    commands = task.get("commands")
    if commands is None or not isinstance(commands.value, list):
        return
    items = [
        Node({"run": item}, item.mark, commands, number) if item.text is not None else item
        for number, item in enumerate(commands.items)
    ]
    task.mapping["commands"] = Node(items, commands.mark, commands.parent, commands.key)
    if items and "engine" not in task.mapping:
        task.put("engine", Node("commands", commands.mark, task, "engine"), commands.mark)


def _lengthen_runs_on(task: Node) -> None:
    tags = task.get("runs_on")
    if tags is None or not isinstance(tags.value, list | str):
        return
    listed = tags if isinstance(tags.value, list) else Node([Node(tags.value, tags.mark, tags, 0)], tags.mark)
    own = Node({}, tags.mark, task, "runs_on")
    own.put("testing", listed, tags.mark)
    task.mapping["runs_on"] = own


def _from_home(item: Node, key: str, home: str) -> None:
    """Make a relative path absolute. One that climbs out stays as written, so that its problem shows it so."""
    node = item.get(key)
    text = node.text if node else None
    if node and text and not text.startswith("/") and ".." not in text.split("/"):
        item.mapping[key] = Node(f"{home}/{text}", node.mark, node.parent, node.key)


def _fold_checks(owner: Node, problems: Problems) -> None:
    acceptance = owner.get("acceptance")
    if acceptance is None or not isinstance(acceptance.value, list):
        return
    folded: list[Node] = []
    for item in acceptance.value:
        _rename(item, "should_respond", problems)
        before = folded[-1] if folded and isinstance(folded[-1].value, dict) else None
        if before and item.mapping and "url" not in item.mapping:
            _refine(before, item, problems)
        elif isinstance(item.value, dict):
            folded.append(_copy(item))
        else:
            folded.append(item)
    owner.mapping["acceptance"] = Node(folded, acceptance.mark, acceptance.parent, acceptance.key)


def _refine(check: Node, item: Node, problems: Problems) -> None:
    for key, node in item.mapping.items():
        if key in check.mapping:
            _said_twice(key, item, problems)
        else:
            check.put(key, node, item.key_mark(key))


def _rename(node: Node, short: str, problems: Problems) -> None:
    long = SYNONYMS[short]
    if short not in node.mapping:
        return
    if long in node.mapping:
        _said_twice(short, node, problems)
    else:
        node.put(long, node.mapping[short], node.key_mark(short))
    del node.mapping[short]


def _said_twice(key: str, second: Node, problems: Problems) -> None:
    long = SYNONYMS.get(key, key)
    message = f"`{key}` says again what `{long}` said before it." if key != long else f"`{key}` is said twice here."
    where = second.mapping[key].path
    problems.add("duplicate_key", message, "Keep one of them.", mark=second.key_mark(key), path=where)


def _lengthen_deploy(spec: Node, tasks: list[Node]) -> None:
    checks = [check for owner in (spec, *tasks) for check in _items(owner, "acceptance")]
    if not checks and "deploy" not in spec.mapping:
        return
    deploy = spec.get("deploy")
    if deploy is None or (deploy.value is None and checks):
        deploy = Node({}, deploy.mark if deploy else spec.mark, spec, "deploy")
        spec.put("deploy", deploy, spec.key_mark("deploy"))
    if not isinstance(deploy.value, dict):
        return
    if "port" not in deploy.value and (port := _first_port(checks)):
        deploy.value["port"] = Node(port, deploy.mark, deploy, "port")
    folder = deploy.get("dir")
    if folder and folder.text and not folder.text.startswith("/"):
        _from_home(deploy, "dir", WORKSPACE)


def _first_port(checks: list[Node]) -> int | None:
    ports = (port_of(url) for check in checks if (url := check.get("url")))
    return next((port for port in ports if port), None)


def port_of(url: Node) -> int | None:
    """The port that an address names, if it is one and names one."""
    try:
        return urlsplit(url.text or "").port
    except ValueError:
        return None


def _own_items(owner: Node, key: str) -> list[Node]:
    """The items of a list, copied, so that rewriting them here changes nothing that another place shares."""
    section = owner.get(key)
    if section is None or not isinstance(section.value, list):
        return []
    items = [_copy(item) if isinstance(item.value, dict) else item for item in section.value]
    owner.mapping[key] = Node(items, section.mark, section.parent, section.key)
    return items


def _copy(node: Node) -> Node:
    return Node(dict(node.mapping), node.mark, node.parent, node.key, dict(node.key_marks))


def _items(owner: Node, key: str) -> list[Node]:
    section = owner.get(key)
    return section.items if section else []
