"""What a spec that a model wrote must be beyond valid: nothing that a model says is trusted."""

from __future__ import annotations

from collections.abc import Iterator

from apps.specs.problems import Problem
from apps.specs.schema import Guard, Spec
from apps.specs.schema.task import Task

APPROVED = "after_plan"


def refused(spec: Spec, *, unattended: bool) -> list[Problem]:
    """What only a person may hand out, or must have seen. An unattended run gets none of it."""
    problems = [problem for task in spec.tasks for problem in _of_task(task)]
    if APPROVED not in spec.gates or unattended:
        problems += [problem for task in spec.tasks for problem in _to_be_approved(task, unattended)]
    if spec.guard.policy != Guard().policy or spec.guard.allow:
        hint = "Leave it out."
        problems.append(_problem("guard", "What watches the tests is not loosened by those who are watched.", hint))
    if not spec.description.strip():
        problems.append(_problem("description", "It is empty.", "Say what it is for, and what you have assumed."))
    return problems


def _of_task(task: Task) -> Iterator[Problem]:
    if task.constraints.sandbox:
        yield _problem(f"{task.id}.constraints.sandbox", "The kind of sandbox is the installation's.", "Leave it out.")
    if task.runs_on:
        yield _problem(f"{task.id}.runs_on", "Which machines test is for a person to say.", "Leave it out.")
    if not task.outputs:
        yield _problem(f"{task.id}.outputs", "There are none.", "Name what its commit must hold.")


def _to_be_approved(task: Task, unattended: bool) -> Iterator[Problem]:
    wanted = {
        "constraints.network": task.constraints.network != "none",
        "constraints.image": bool(task.constraints.image),
        "secrets": bool(task.secrets),
    }
    hint = "Do without: nobody is asked." if unattended else f"Do without, or add `gates: [{APPROVED}]`."
    for name in (name for name, is_wanted in wanted.items() if is_wanted):
        yield _problem(f"{task.id}.{name}", "That needs a person's approval.", hint)


def _problem(path: str, message: str, hint: str) -> Problem:
    return Problem(None, None, f"tasks.{path}" if "." in path else path, "not_allowed", message, hint)
