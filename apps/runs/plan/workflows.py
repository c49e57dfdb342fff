"""The workflows: which steps a run goes through.

`build` is the product, `ci` does what somebody's pipeline sends, `noop` proves that all five queues answer; `fetch` and
`push` bring a project's repository and its origin together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.runs.plan.graph import GATE, Node

ROLES = ("manager", "coding", "testing", "deployment", "monitoring")

SPECIFY = "manager.specify"
PLAN = "manager.plan"
WRITE_TESTS = "testing.write"
CODE = "coding.code"
MERGE = "coding.merge"
TEST = "testing.test"
VERIFY = "testing.verify"
# Of a task whose commands an agent runs: the files for it, and its job; CODE takes back what they have made.
CODE_PACK = "coding.pack"
CODE_ON_AGENT = "coding.on_agent"
# Of a task whose tests an agent runs: the files for it, its job, and the same where all work is merged.
PACK = "testing.pack"
ON_AGENT = "testing.on_agent"
PACK_MERGED = "testing.pack_merged"
MERGED_ON_AGENT = "testing.merged_on_agent"
PACKS = (PACK, PACK_MERGED, CODE_PACK)
IN_THE_STORE = (*PACKS, CODE_ON_AGENT)  # their outcomes name what is no artifact: `package`
ON_AGENTS = (ON_AGENT, MERGED_ON_AGENT)
DEPLOY = "deployment.deploy"
ACCEPT = "monitoring.accept"
FETCH_PACKAGE = "testing.fetch"
CI = "testing.ci"
PACKAGE = "package"  # the task of a CI run that fetches what the others begin with
BEGINS_A_TASK = frozenset({CODE_PACK, CODE, FETCH_PACKAGE, CI})
NOOP = "noop"
DELEGATED = "delegated"  # of a child run: nobody starts one but a job that delegates
TESTS_CHANGED = "tests_changed"  # a gate that asks nobody where nothing was changed
FETCH = "coding.fetch"
PUSH = "coding.push"
FETCHING, PUSHING = "fetch", "push"
BUILDS = ("build", "story")


@dataclass(frozen=True)
class Workflow:
    name: str
    description: str
    first_step: str
    steps: tuple[str, ...]
    needs: str = "spec"  # or story, or nothing
    uses_origin: bool = False
    by_name: bool = True  # whether POST /runs may name it; the others have a verb of their own

    @property
    def needs_spec(self) -> bool:
        return self.needs == "spec"


@dataclass(frozen=True)
class TaskLink:
    """A task as the graph sees it. Tasks come in topological order. `runs_on`: tags of the agents that test it.

    `codes_on`: tags of the agents that run its commands.
    """

    key: str
    needs: tuple[str, ...] = ()
    runs_on: tuple[str, ...] = ()
    codes_on: tuple[str, ...] = ()
    has_requirements: bool = False  # the tester writes tests from them before the code


WORKFLOWS = {
    "build": Workflow(
        "build",
        "Plan, write, test, deploy and watch what a spec describes.",
        PLAN,
        (PLAN, WRITE_TESTS, CODE, TEST, MERGE, VERIFY, DEPLOY, ACCEPT),
        uses_origin=True,
    ),
    "story": Workflow(
        "story",
        "Write a spec from a story, then do as `build` does with it.",
        SPECIFY,
        (SPECIFY, PLAN, WRITE_TESTS, CODE, TEST, MERGE, VERIFY, DEPLOY, ACCEPT),
        needs="story",
        uses_origin=True,
    ),
    "ci": Workflow(
        "ci",
        "Run a job file's commands on a package, once per cell of its matrix: POST /api/v1/ci/jobs.",
        CI,
        (FETCH_PACKAGE, CI),
        needs="",
        by_name=False,
    ),
    "noop": Workflow(
        "noop",
        "Pass through all five roles and do nothing: shows that every queue has a worker that answers.",
        f"manager.{NOOP}",
        tuple(f"{role}.{NOOP}" for role in ROLES),
        needs="",
    ),
    FETCHING: Workflow(
        FETCHING,
        "Fetch the branches of a project's origin.",
        FETCH,
        (FETCH,),
        needs="",
        uses_origin=True,
        by_name=False,
    ),
    PUSHING: Workflow(
        PUSHING,
        "Push a branch to a project's origin.",
        PUSH,
        (PUSH,),
        needs="",
        uses_origin=True,
        by_name=False,
    ),
}
STARTED_BY_NAME = tuple(name for name, workflow in WORKFLOWS.items() if workflow.by_name)


def first_step(workflow: str, has_origin: bool) -> str:
    """What begins a run: for a build of a project with an origin, fetching it."""
    return FETCH if has_origin and workflow in BUILDS else WORKFLOWS[workflow].first_step


def nodes(
    workflow: str,
    tasks: Sequence[TaskLink] = (),
    gates: Sequence[str] = (),
    *,
    deploys: bool = False,
    guarded: bool = False,
    has_origin: bool = False,
) -> tuple[Node, ...]:
    """The graph of a run, in topological order."""
    if workflow in BUILDS:
        steps = WORKFLOWS[workflow].steps if not has_origin else (FETCH, *WORKFLOWS[workflow].steps, PUSH)
        return _build(steps, tasks, gates, deploys=deploys, guarded=guarded)
    if workflow == "ci":
        return tuple(_cell(task) for task in tasks)
    if workflow == DELEGATED:
        return tuple(Node(CODE, task.key) for task in tasks)
    steps = WORKFLOWS[workflow].steps
    return tuple(Node(step, after=steps[max(i - 1, 0) : i]) for i, step in enumerate(steps))


def _cell(task: TaskLink) -> Node:
    """Cells do not wait for one another; all of them may wait for the package."""
    if task.key == PACKAGE:
        return Node(FETCH_PACKAGE, PACKAGE)
    return Node(CI, task.key, tuple(f"{FETCH_PACKAGE}:{key}" for key in task.needs), task.runs_on)


def _build(
    steps: tuple[str, ...], tasks: Sequence[TaskLink], gates: Sequence[str], *, deploys: bool, guarded: bool
) -> tuple[Node, ...]:
    """Plan; then write tests (where there are requirements), code and test per task; then deploy and accept.

    Of several tasks the work is merged, and tested as a whole. What agents write or test is packed for them before.
    Where the project has an origin, it is fetched first, and what was verified is pushed before it is deployed. Of a
    story, its spec comes first. `guarded`: before anything leaves the run, a gate asks about tests that were changed.
    A plan that was not made has no tasks.
    """
    before = [step for step in (FETCH, SPECIFY, PLAN) if step in steps]
    found = [Node(step, after=tuple(before[max(i - 1, 0) : i])) for i, step in enumerate(before)]

    def add(step: str, after: tuple[str, ...]) -> tuple[str, ...]:
        node = Node(step, after=after)
        found.append(node)
        return (node.key,)

    if not tasks:
        return tuple(found)
    ready: tuple[str, ...] = (PLAN,)
    if "after_plan" in gates:
        ready = add(f"{GATE}after_plan", ready)
    for task in tasks:
        found += _of_task(task, ready)
    built_on = {key for task in tasks for key in task.needs}
    ready = tuple(f"{TEST}:{task.key}" for task in tasks if task.key not in built_on)
    if len(tasks) > 1:
        found += _merged(tasks, ready)
        ready = (VERIFY,)
    if guarded:
        ready = add(f"{GATE}{TESTS_CHANGED}", ready)
    if PUSH in steps:
        ready = add(PUSH, ready)
    if deploys:
        if "before_deploy" in gates:
            ready = add(f"{GATE}before_deploy", ready)
        add(ACCEPT, add(DEPLOY, ready))
    return tuple(found)


def _merged(tasks: Sequence[TaskLink], ready: tuple[str, ...]) -> Iterator[Node]:
    """All work merged, and every task's tests once more: on agents where they ran there before."""
    yield Node(MERGE, after=ready)
    remote = [task for task in tasks if task.runs_on]
    for task in remote:
        yield Node(PACK_MERGED, task.key, (MERGE,))
        yield Node(MERGED_ON_AGENT, task.key, (f"{PACK_MERGED}:{task.key}",), task.runs_on)
    yield Node(VERIFY, after=(MERGE, *(f"{MERGED_ON_AGENT}:{task.key}" for task in remote)))


def _of_task(task: TaskLink, start: tuple[str, ...]) -> Iterator[Node]:
    """Its steps, after those of the tasks that it builds on."""
    after = tuple(f"{TEST}:{key}" for key in task.needs) or start
    code = [*((CODE_PACK, CODE_ON_AGENT) if task.codes_on else ()), CODE]
    steps = [*code, *((PACK, ON_AGENT) if task.runs_on else ()), TEST]
    tags = {ON_AGENT: task.runs_on, CODE_ON_AGENT: task.codes_on}
    for step in [WRITE_TESTS, *steps] if task.has_requirements else steps:
        yield Node(step, task.key, after, tags.get(step, ()))
        after = (f"{step}:{task.key}",)
