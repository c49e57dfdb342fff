"""testing.write: from a task's requirements to tests that were seen to fail, on a branch of their own."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from apps.events.models import EventType
from apps.runs.models import Run
from apps.runs.outcome import JobFailed, Outcome, counted, done
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema import Task as TaskSpec
from workers.acceptance import Acceptance, acceptance_of, folder_of
from workers.asking import JobBudget, model_for
from workers.beginning import origin_of
from workers.confine import sandbox_for
from workers.kept import KeptTrajectory
from workers.llm.budget import BudgetExhausted
from workers.llm.loop.condense import Condenser
from workers.llm.loop.ending import reason_of
from workers.llm.loop.loop import Loop, Surroundings
from workers.llm.loop.stuck import Stuck
from workers.llm.loop.trajectory import Turn, unanswered
from workers.llm.port import Message, ModelCanceled, ModelError, Role
from workers.llm.tools.bounded import Bounds
from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Toolbox
from workers.llm.tools.standard import tools_for
from workers.mirror import Mirror
from workers.places import repository_of, require_room, worktree_of
from workers.repo.repository import Repository
from workers.repo.worktree import Worktree, checkout
from workers.sandbox.port import WORKSPACE
from workers.steered import Steered
from workers.telling import Telling
from workers.testing.author.hand_in import HandedIn, hand_in
from workers.testing.author.on_base import refused
from workers.testing.author.words import opening, refusal
from workers.tool_servers import tools_of_servers

ROUNDS = 3
CONTEXT_TOKENS = 100_000
CONVERSATION = 0  # the round under which it is kept; those of the coder begin with 1


def write_tests(job: ActiveJob) -> Outcome:
    """The work of testing.write."""
    job.emit(EventType.PHASE, name="write_tests", task=job.task.key)
    require_room()
    spec = TaskSpec.model_validate(job.task.spec)
    repository = repository_of(job.run.project)
    tests = _inherited(job, repository) or _written(job, spec, repository)
    repository.set_branch(f"hive/tests/run-{job.run.pk}/{spec.id}", tests.commit)
    told = {"commit": tests.commit, "base": tests.base, "tests": [asdict(proof) for proof in tests.proofs]}
    return done(f"{counted(len(tests.proofs), 'test')}, each seen to fail at {tests.base[:12]}", acceptance=told)


def _inherited(job: ActiveJob, repository: Repository) -> Acceptance | None:
    """Of the run that this one repairs: its code is there already, and would make every fresh test pass."""
    if job.run.cause != Run.Cause.REPAIR or job.run.parent is None:
        return None
    before = job.run.parent.tasks.filter(key=job.task.key, spec=job.task.spec).first()
    tests = acceptance_of(before) if before else None
    return _on(origin_of(job, repository), repository, tests) if tests else None


def _written(job: ActiveJob, spec: TaskSpec, repository: Repository) -> Acceptance:
    """Ask, look, and ask again with what was seen, a bounded number of times. Raises JobFailed."""
    base = origin_of(job, repository)
    with checkout(repository, base, worktree_of(job)) as tree:
        author = Author(job, spec, tree)
        while True:
            handed_in = author.ask()
            tests = _committed(job, spec, tree, handed_in)
            problems = refused(job, repository, spec, tests)
            if not problems or job.stopping:
                return tests
            left = ROUNDS - 1 - author.refusals
            if left <= 0:
                said = " ".join(problem.partition("\n")[0] for problem in problems[:3])
                message = f"The tester wrote no tests that fail while the code is missing, in {ROUNDS} rounds. {said}"
                raise JobFailed(Reason.TESTS_REFUSED, message, problems=problems)
            author.refuse(refusal(problems, left))


def _on(origin: str, repository: Repository, tests: Acceptance) -> Acceptance:
    """The same tests on another commit."""
    content = repository.tree_at(tests.commit, tests.folder)
    whole = repository.with_folder(repository.tree_at(origin, ""), tests.folder, content)
    return replace(
        tests, commit=repository.write_commit(whole, [origin], f"Acceptance tests of {tests.task}, as before")
    )


def _committed(job: ActiveJob, spec: TaskSpec, tree: Worktree, handed_in: HandedIn) -> Acceptance:
    """A commit on the base with the folder of tests and nothing else of what was written."""
    repository, folder = tree.repository, folder_of(spec.id)
    snapshot = tree.snapshot(f"tests/task-{job.task.pk}")
    content = repository.tree_at(snapshot, folder)
    whole = repository.with_folder(repository.tree_at(tree.base, ""), folder, content)
    message = f"Acceptance tests of {spec.title}\n\nTask {spec.id} of run {job.run.pk}, written before its code."
    return Acceptance(spec.id, repository.write_commit(whole, [tree.base], message), tree.base, handed_in.proofs)


class Author:
    """The conversation with the model: one for all rounds, and one that a killed worker's successor goes on with."""

    def __init__(self, job: ActiveJob, spec: TaskSpec, tree: Worktree) -> None:
        self.job, self.spec, self.tree = job, spec, tree
        self.model, self.budget = model_for(job), JobBudget(job)
        self.trajectory = KeptTrajectory(job, CONVERSATION)
        self.turns = self.trajectory.load()
        if last := next((turn.snapshot for turn in reversed(self.turns) if turn.snapshot), ""):
            job.print(f"Going on after {len(self.turns)} messages of an attempt that was interrupted.")
            tree.restore(last)

    @property
    def refusals(self) -> int:
        """How often Hive has refused its tests."""
        return sum(turn.message.text.startswith(refusal([], 0)[:40]) for turn in self.trajectory.load())

    def refuse(self, text: str) -> None:
        """Answer the call of submit that is still open."""
        turns = self.trajectory.load()
        self.trajectory.append(Turn(Message(Role.TOOL, text, call_id=unanswered(turns)[0], name="submit")))

    def ask(self) -> HandedIn:
        """Until it hands in. Raises JobFailed where it cannot."""
        limits = self.spec.constraints
        with sandbox_for(self.job, limits) as sandbox:
            mirror = Mirror(sandbox, self.tree)
            mirror.fill(self._snapshot())
            desk = Desk(sandbox, WORKSPACE, longest_timeout_s=limits.timeout_s, no_output_s=limits.no_output_s)
            submit = hand_in(desk, folder_of(self.spec.id), self.spec.requirements)
            steered = Steered(self.job)

            def snapshot() -> str:
                return self._snapshot() if mirror.sync() else ""

            with Telling(self.job) as telling, tools_of_servers(self.job, sandbox, self.trajectory) as servers:
                box = Toolbox([*tools_for(desk), *servers, submit], Bounds(keep=sandbox.write))
                around = Surroundings(self.job.emit, snapshot, steered.said, steered.between, telling)
                loop = Loop(self.model, box, self.trajectory, self.budget, around, Condenser(CONTEXT_TOKENS))
                end = self._run(loop, sandbox.workspace)
            mirror.sync()
        return end

    def _run(self, loop: Loop, workspace: str) -> HandedIn:
        deploy: dict[str, Any] | None = self.job.spec.get("deploy")
        try:
            end = loop.run(opening(self.spec, deploy, folder_of(self.spec.id), workspace))
        except (BudgetExhausted, Stuck, ModelError) as error:
            raise JobFailed(Reason(reason_of(error)), str(error)) from error
        except ModelCanceled as error:
            raise JobFailed(Reason.CANCELED_BY_USER, str(error)) from error
        assert isinstance(end, HandedIn)  # noqa: S101 - the toolbox has no other way to submit
        return end

    def _snapshot(self) -> str:
        return self.tree.snapshot(f"tests/task-{self.job.task.pk}")
