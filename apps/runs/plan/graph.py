"""The graph of steps: what comes after what, and how much of it can be handed out in one canvas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GATE = "gate."


@dataclass(frozen=True)
class Node:
    """One step of the plan, for one task or for all: a Celery task (`coding.code`) or a gate (`gate.before_deploy`).

    `after` holds the keys of the nodes that must be done first. `runs_on` are the tags of the agents that may do it;
    where there are none, a Celery worker does.
    """

    step: str
    task: str = ""
    after: tuple[str, ...] = ()
    runs_on: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.step}:{self.task}" if self.task else self.step

    @property
    def is_gate(self) -> bool:
        return self.step.startswith(GATE)

    @property
    def gate(self) -> str:
        return self.step.removeprefix(GATE)

    @property
    def role(self) -> str:
        return self.step.partition(".")[0]


Chain = tuple[Node, ...]
Wave = tuple[Chain, ...]


def waves(nodes: Sequence[Node]) -> tuple[Wave, ...]:
    """The nodes, in topological order on input, as waves of chains.

    Chains of one wave may run side by side; a wave begins when the one before it has ended. A chain is a piece of the
    graph without a fork or a join, so that two independent lines of tasks do not wait for each other at every step.
    """
    inside = {node.key for node in nodes}
    before = {node.key: [key for key in node.after if key in inside] for node in nodes}
    followers: dict[str, int] = dict.fromkeys(inside, 0)
    for keys in before.values():
        for key in keys:
            followers[key] += 1
    chains: dict[str, list[Node]] = {}  # by the key of their last node
    level: dict[str, int] = {}  # of the chain that ends with this key
    for node in nodes:
        sole = before[node.key][0] if len(before[node.key]) == 1 else None
        if sole is not None and followers[sole] == 1:
            chains[node.key] = [*chains.pop(sole), node]
            level[node.key] = level[sole]
        else:
            chains[node.key] = [node]
            level[node.key] = 1 + max((level[key] for key in before[node.key]), default=-1)
    return _by_level(chains, level)


def _by_level(chains: dict[str, list[Node]], level: dict[str, int]) -> tuple[Wave, ...]:
    result: dict[int, list[Chain]] = {}
    for last, chain in chains.items():
        result.setdefault(level[last], []).append(tuple(chain))
    return tuple(tuple(result[number]) for number in sorted(result))


def reachable(nodes: Iterable[Node], done: set[str], blocked: set[str]) -> list[Node]:
    """The nodes that can be handed out now: not done, not blocked, and nothing before them is blocked."""
    open_keys: set[str] = set()
    found = []
    for node in nodes:
        if node.key in done or node.key in blocked:
            continue
        if all(key in done or key in open_keys for key in node.after):
            open_keys.add(node.key)
            found.append(node)
    return found
