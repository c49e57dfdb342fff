"""The workflows: which steps a run goes through. `build` is the product; `noop` proves that all five queues answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.runs.plan.graph import GATE, Node

ROLES = ("manager", "coding", "testing", "deployment", "monitoring")

SPECIFY = "manager.specify"
PLAN = "manager.plan"
CODE = "coding.code"
MERGE = "coding.merge"
TEST = "testing.test"
VERIFY = "testing.verify"
DEPLOY = "deployment.deploy"
ACCEPT = "monitoring.accept"
NOOP = "noop"
TESTS_CHANGED = "tests_changed"  # a gate that asks nobody where nothing was changed


@dataclass(frozen=True)
class Workflow:
    name: str
    description: str
    first_step: str
    steps: tuple[str, ...]
    needs: str = "spec"  # or story, or nothing

    @property
    def needs_spec(self) -> bool:
        return self.needs == "spec"


@dataclass(frozen=True)
class TaskLink:
    """A task as the graph sees it. Tasks come in topological order."""

    key: str
    needs: tuple[str, ...] = ()
    runs_on: tuple[str, ...] = ()


WORKFLOWS = {
    "build": Workflow(
        "build",
        "Plan, write, test, deploy and watch what a spec describes.",
        PLAN,
        (PLAN, CODE, TEST, MERGE, VERIFY, DEPLOY, ACCEPT),
    ),
    "story": Workflow(
        "story",
        "Write a spec from a story, then do as `build` does with it.",
        SPECIFY,
        (SPECIFY, PLAN, CODE, TEST, MERGE, VERIFY, DEPLOY, ACCEPT),
        needs="story",
    ),
    "noop": Workflow(
        "noop",
        "Pass through all five roles and do nothing: shows that every queue has a worker that answers.",
        f"manager.{NOOP}",
        tuple(f"{role}.{NOOP}" for role in ROLES),
        needs="",
    ),
}


def nodes(
    workflow: str,
    tasks: Sequence[TaskLink] = (),
    gates: Sequence[str] = (),
    *,
    deploys: bool = False,
    guarded: bool = False,
) -> tuple[Node, ...]:
    """The graph of a run, in topological order."""
    if workflow in ("build", "story"):
        return _build(WORKFLOWS[workflow].steps, tasks, gates, deploys=deploys, guarded=guarded)
    steps = WORKFLOWS[workflow].steps
    return tuple(Node(step, after=steps[max(i - 1, 0) : i]) for i, step in enumerate(steps))


def _build(
    steps: tuple[str, ...], tasks: Sequence[TaskLink], gates: Sequence[str], *, deploys: bool, guarded: bool
) -> tuple[Node, ...]:
    """Plan; then code and test per task; then, for several tasks, merge and test the whole; then deploy and accept.

    Of a story, its spec comes first. `guarded`: before anything leaves the run, a gate asks about tests that were
    changed. A plan that has not been made has no tasks, and nothing after it yet.
    """
    found = [Node(SPECIFY), Node(PLAN, after=(SPECIFY,))] if SPECIFY in steps else [Node(PLAN)]

    def add(step: str, after: tuple[str, ...], task: str = "") -> tuple[str, ...]:
        node = Node(step, task, after)
        found.append(node)
        return (node.key,)

    if not tasks:
        return tuple(found)
    ready: tuple[str, ...] = (PLAN,)
    if "after_plan" in gates:
        ready = add(f"{GATE}after_plan", ready)
    for task in tasks:
        written = add(CODE, tuple(f"{TEST}:{key}" for key in task.needs) or ready, task.key)
        add(TEST, written, task.key)
    built_on = {key for task in tasks for key in task.needs}
    ready = tuple(f"{TEST}:{task.key}" for task in tasks if task.key not in built_on)
    if len(tasks) > 1:
        ready = add(VERIFY, add(MERGE, ready))
    if guarded:
        ready = add(f"{GATE}{TESTS_CHANGED}", ready)
    if deploys:
        if "before_deploy" in gates:
            ready = add(f"{GATE}before_deploy", ready)
        add(ACCEPT, add(DEPLOY, ready))
    return tuple(found)
