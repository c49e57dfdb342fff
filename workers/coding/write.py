"""Write one task's code: a worktree, an engine, a commit, and a look whether the promised outputs are in it."""

from __future__ import annotations

from dataclasses import replace

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.events.masking import mask_bytes, worth_masking
from apps.events.models import EventType
from apps.runs.outcome import Outcome, counted, done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.states import PUT_ASIDE, Reason
from apps.specs.schema import Task as TaskSpec
from workers.acceptance import acceptance_of, seal
from workers.coding.engines.choose import engine_for
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.failure import last_failure
from workers.coding.guard.mark import mark_secrets, mark_touched
from workers.coding.merging import start_of
from workers.places import repository_of, require_room, worktree_of
from workers.repo.repository import Repository
from workers.repo.worktree import Worktree, checkout
from workers.sandbox.pack import without_secrets
from workers.workspaces import worktree_kept

SHOWN_CHANGES = 200
LONGEST_SUMMARY = 4_000
WORKSPACE = "/workspace/"
NO_FAILURE = (Reason.LOST, *PUT_ASIDE)


def write(job: ActiveJob) -> Outcome:
    """The work of coding.code."""
    job.emit(EventType.PHASE, name="code", task=job.task.key)
    require_room()
    spec = TaskSpec.model_validate(job.task.spec)
    repository = repository_of(job.run.project)
    base = start_of(job, repository)
    with checkout(repository, base, worktree_of(job)) as tree, worktree_kept(job, tree.path):
        written, failure = _write(job, spec, tree)
        commit = _commit(job, spec, tree)
    repository.set_branch(f"hive/run-{job.run.pk}/{spec.id}", commit)
    job.print(f"{written.summary} Commit {commit[:12]}.")
    changes = _report(job, repository, base, commit)
    touched = [*mark_touched(job, repository, spec, commit), *mark_secrets(job, repository, spec, commit)]
    if failure is not None:
        return failed(Reason(failure.reason), str(failure), commit=commit, files=len(changes), touched=touched)
    outcome = _judge(repository, spec, commit, written, changes)
    return replace(outcome, data={**outcome.data, "touched": touched})


def _commit(job: ActiveJob, spec: TaskSpec, tree: Worktree) -> str:
    """Everything that was written, but for what belongs to the tester: that stays as it was when the work began."""
    message = f"{spec.title}\n\nTask {spec.id} of run {job.run.pk}, round {job.row.round}."
    commit = tree.commit(message)
    if not job.run.tasks.filter(has_requirements=True).exists():
        return commit
    sealed, undone = seal(tree.repository, tree.base, commit, message)
    if undone:
        shown = ", ".join(undone[:10])
        job.print(f"[hive] Changes to acceptance tests are undone: {shown}.")
        paths = [{"path": path, "change": "undone"} for path in undone[:SHOWN_CHANGES]]
        job.emit(EventType.GUARD, task=spec.id, commit=sealed, paths=paths, gated=False)
    return sealed


def _write(job: ActiveJob, spec: TaskSpec, tree: Worktree) -> tuple[Written, EngineFailed | None]:
    """What the engine says it did, and how it failed if it did: what it has written until then is kept."""
    tests = acceptance_of(job.task)
    lines = tuple(proof.run for proof in tests.proofs) if tests else ()
    assignment = Assignment(spec, job.row.round, last_failure(job.task, job.row.round), job.emit, job.print, lines)
    try:
        engine = engine_for(spec.engine or job.run.engine, job, tree)
        job.emit(EventType.ACTIVITY, text=f"Writing {spec.title} with the engine {engine.name}")
        return engine.write_code(assignment, tree.path), None
    except EngineFailed as error:
        return Written(f"{error} What was written until then is kept."), error


def _report(job: ActiveJob, repository: Repository, base: str, commit: str) -> list[tuple[str, str]]:
    """Tell which files changed, and keep the difference and the whole as artifacts, without secrets."""
    changes = repository.changes(base, commit)
    for change, path in changes[:SHOWN_CHANGES]:
        job.emit(EventType.FILE, change=change, path=path)
    save(job, "changes.diff", Artifact.Kind.DIFF, [mask_bytes(repository.diff(base, commit), job.secrets)])
    with repository.archive(commit) as tar:
        chunks = iter(lambda: tar.read(65536), b"")
        save(job, "tree.tar", Artifact.Kind.TREE, without_secrets(chunks, worth_masking(job.secrets)))
    return changes


def _judge(
    repository: Repository, spec: TaskSpec, commit: str, written: Written, changes: list[tuple[str, str]]
) -> Outcome:
    """Done means that the commit holds what was promised, whatever the engine says."""
    promised = [output.path for output in spec.outputs]
    missing = [path for path in promised if not repository.holds(commit, path.removeprefix(WORKSPACE))]
    if missing:
        message = f"The commit {commit[:12]} does not hold what the task promises: {', '.join(missing)}."
        return failed(Reason.OUTPUT_MISSING, message, commit=commit, missing=missing)
    return done(
        f"{counted(len(changes), 'file')} changed",
        commit=commit,
        outputs=promised,
        files=len(changes),
        summary=written.summary[:LONGEST_SUMMARY],
        deploy=written.deploy,
    )
