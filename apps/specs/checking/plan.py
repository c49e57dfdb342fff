"""The plan that the tasks make: ids that differ, dependencies that exist, no cycle; and the order to go in."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from apps.specs.checking.nearest import Nearest
from apps.specs.problems import Problems
from apps.specs.reading.nodes import Node

SHOWN_OF_CYCLE = 20


@dataclass(frozen=True)
class _Vertex:
    position: int
    node: Node
    needs: dict[str, Node]  # the id that is named, and where


def check_plan(spec: Node, problems: Problems, nearest: Nearest) -> None:
    """Add what is wrong with the plan; if nothing is, put the tasks in topological order (as written, where free)."""
    tasks = spec.get("tasks")
    if tasks is None or not tasks.items:
        return
    before = len(problems.found)
    vertices = _vertices(tasks, problems)
    _check_dependencies(vertices, problems, nearest)
    order = _order(vertices)
    for cycle in _cycles({key: vertices[key] for key in vertices.keys() - set(order)}):
        _report_cycle(cycle, vertices, problems)
    if len(problems.found) == before and len(order) == len(tasks.items):
        tasks.value = [vertices[key].node for key in order]


def _vertices(tasks: Node, problems: Problems) -> dict[str, _Vertex]:
    vertices: dict[str, _Vertex] = {}
    taken: dict[str, Node] = {}  # by id in lower case: `A` and `a` are one folder on some machines
    for position, task in enumerate(tasks.items):
        identity = task.get("id")
        if identity is None or not identity.text:
            continue
        key = identity.text
        if first := taken.get(key.lower()):
            where = f"in line {first.mark[0]}" if first.mark[0] else f"at {first.path}"
            message, hint = f"The id `{key}` is used twice.", f"It is already used {where}; choose another."
            problems.add("duplicate_id", message, hint, mark=identity.mark, path=identity.path)
            continue
        taken[key.lower()] = identity
        depends_on = task.get("depends_on")
        needs = {need.text: need for need in (depends_on.items if depends_on else []) if need.text}
        vertices[key] = _Vertex(position, task, needs)
    return vertices


def _check_dependencies(vertices: dict[str, _Vertex], problems: Problems, nearest: Nearest) -> None:
    for key, vertex in vertices.items():
        for need, node in vertex.needs.items():
            if need not in vertices:
                hint = nearest.hint(need, vertices.keys()) or "Name the id of another task."
                message = f"`{key}` depends on `{need[:80]}`, which is no task of this spec."
                problems.add("unknown_dependency", message, hint, mark=node.mark, path=node.path)


def _order(vertices: dict[str, _Vertex]) -> list[str]:
    """Ids in topological order, earliest written first; those in a cycle, or behind one, are left out."""
    waiting = {key: {need for need in vertex.needs if need in vertices} for key, vertex in vertices.items()}
    dependents: dict[str, list[str]] = {key: [] for key in vertices}
    for key, needs in waiting.items():
        for need in needs:
            dependents[need].append(key)
    ready = [(vertices[key].position, key) for key, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    order = []
    while ready:
        _, key = heapq.heappop(ready)
        order.append(key)
        for dependent in dependents[key]:
            waiting[dependent].discard(key)
            if not waiting[dependent]:
                heapq.heappush(ready, (vertices[dependent].position, dependent))
    return order


def _cycles(stuck: dict[str, _Vertex]) -> list[list[str]]:
    """Cycles that have no task in common. Every stuck task needs a stuck one, so a walk along needs must close."""
    cycles: list[list[str]] = []
    settled: set[str] = set()
    for start in sorted(stuck, key=lambda key: stuck[key].position):
        walk: dict[str, int] = {}
        key: str | None = start
        while key is not None and key not in settled and key not in walk:
            walk[key] = len(walk)
            key = next((need for need in stuck[key].needs if need in stuck and need not in settled), None)
        if key is not None and key in walk:
            cycles.append(list(walk)[walk[key] :])
        settled.update(walk)
    return cycles


def _report_cycle(cycle: list[str], vertices: dict[str, _Vertex], problems: Problems) -> None:
    first = min(range(len(cycle)), key=lambda index: vertices[cycle[index]].position)
    cycle = cycle[first:] + cycle[:first]
    shown = [*cycle[:SHOWN_OF_CYCLE], "…"] if len(cycle) > SHOWN_OF_CYCLE else cycle
    message = f"These tasks depend on each other in a circle: {' → '.join([*shown, cycle[0]])}."
    node = vertices[cycle[-1]].needs[cycle[0]]
    problems.add("cycle", message, "Take out one of these dependencies.", mark=node.mark, path=node.path)
