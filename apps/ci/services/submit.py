"""submit(): a pipeline's job file and package become a run, whose tasks are the cells of the matrix."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.artifacts.models import Artifact
from apps.artifacts.services.save import discard
from apps.artifacts.store import Source, store
from apps.ci.definition.check import Checked
from apps.ci.definition.schema import Definition
from apps.ci.models import Submission
from apps.ci.orders import package_of
from apps.ci.services.settle import hand_out
from apps.events import clock
from apps.events.services import record_all
from apps.projects.models import Project
from apps.runs.models import Job, Priority, Run, Task
from apps.runs.plan.decide import Publish, decide
from apps.runs.plan.workflows import PACKAGE
from apps.runs.queries import read_state
from apps.runs.services.publish import queue
from apps.runs.services.start import FIRST_EPOCH
from apps.runs.states import RunStatus
from apps.sql.insert import insert

SOURCE_KEYS = ("repository", "ref", "commit", "url", "event", "actor")


@dataclass(frozen=True)
class Package:
    """A package whose bytes lie in the store already."""

    key: str
    size_bytes: int
    sha256: str
    name: str = "package"
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Cell:
    key: str
    title: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """One submission, checked. `source` is what the pipeline says of itself; `package_url` is fetched by a worker."""

    title: str
    priority: int
    cells: Sequence[Cell]
    text: str
    file: str = ""
    source: dict[str, str] = field(default_factory=dict)
    package: Package | None = None
    package_url: str = ""
    package_sha256: str = ""


def wanted(checked: Checked, **more: Any) -> Wanted:
    first = checked.first
    cells = [Cell(key, _title(one), one.model_dump(mode="json")) for key, one in checked.cells.items()]
    return Wanted(first.name, Priority[first.priority.upper()], cells, checked.text, **more)


def _title(definition: Definition) -> str:
    return ", ".join(f"{axis} {value}" for axis, value in definition.matrix.items())[:200] or definition.name


def keep_package(stream: Source, name: str, content_type: str = "") -> Package:
    """Bring a package's bytes to the store, as they come. Without a submission they are swept up after a day."""
    key = f"packages/{secrets.token_hex(16)}"
    stored = store().put(stream, key, settings.STORE_PATIENCE_S)
    return Package(key, stored.size_bytes, stored.sha256, name, content_type or "application/octet-stream")


@dataclass(frozen=True)
class Submitted:
    """A run that has just been made, with the rows that it begins with."""

    run: Run
    tasks: Sequence[Task]
    jobs: Sequence[Job]


def submit(project: Project, job: Wanted, user: User | None, *, parent: Run | None = None) -> Run:
    """Record the run with all its tasks, and hand out what can begin, on commit."""
    return begin(project, job, user, parent=parent).run


def begin(project: Project, job: Wanted, user: User | None, *, parent: Run | None = None) -> Submitted:
    """submit(), for who shows what it has made. Nothing of the run is read back: before it is committed nobody else
    knows of it.
    """
    with transaction.atomic(savepoint=False):
        run = _make_run(project, job, user, parent)
        tasks = _make_tasks(run, job)
        state = read_state(run, tasks, jobs_read=())
        due = decide(state.snapshot)
        assert isinstance(due, Publish)  # noqa: S101 - a submission has a cell, and nothing has begun
        queued, messages = queue(run, due, state)
        jobs = sorted(queued.values(), key=lambda job: job.pk)
        if job.package:
            _attach(jobs[0], job.package)
        hand_out(messages, run.priority)
    return Submitted(run, tasks, jobs)


def _make_run(project: Project, job: Wanted, user: User | None, parent: Run | None) -> Run:
    now = clock.now()
    run = insert(
        Run(
            project=project,
            parent=parent,
            cause=Run.Cause.RETRY if parent else Run.Cause.REQUEST,
            workflow="ci",
            engine="",
            title=job.title,
            priority=job.priority,
            created_by=user,
            epoch=FIRST_EPOCH,
            created_at=now,
            published_at=now,
        )
    )
    insert(
        Submission(
            run=run,
            file=job.file,
            text=job.text,
            source=job.source,
            package_url=job.package_url,
            package_sha256=job.package_sha256,
        )
    )
    return run


def _make_tasks(run: Run, job: Wanted) -> list[Task]:
    """With the events that tell of them and of the run."""
    cells, needs = list(job.cells), []
    if job.package_url:
        cells.insert(0, Cell(PACKAGE, "Fetch the package", {}))
        needs = [PACKAGE]
    tasks = [
        insert(
            Task(
                run=run,
                key=cell.key,
                title=cell.title,
                position=position,
                needs=[] if cell.key == PACKAGE else needs,
                spec=cell.spec,
            )
        )
        for position, cell in enumerate(cells)
    ]
    made = [(Task.EVENT, {"id": task.pk, "key": task.key, "from": "", "to": task.status}) for task in tasks]
    record_all(run.pk, [(Run.EVENT, {"id": run.pk, "from": "", "to": str(RunStatus.QUEUED)}), *made])
    return tasks


def _attach(first: Job, package: Package) -> None:
    Artifact.objects.create(
        run=first.run,
        job=first,
        name=package.name,
        kind=Artifact.Kind.PACKAGE,
        size_bytes=package.size_bytes,
        sha256=package.sha256,
        store_key=package.key,
        content_type=package.content_type,
    )


def resubmit(run: Run, user: User | None) -> Run:
    """The same once more, as a new run. A package that came with it is copied; one with an address is fetched anew.

    Raises NotStored where the package is no longer kept.
    """
    before = run.submission
    cells = [Cell(task.key, task.title, task.spec) for task in run.tasks.exclude(key=PACKAGE).order_by("position")]
    job = Wanted(run.title, run.priority, cells, before.text, before.file, before.source)
    job = replace(job, package_url=before.package_url, package_sha256=before.package_sha256)
    old = None if before.package_url else package_of(run)
    if old is None:
        return submit(run.project, job, user, parent=run)
    package = keep_package(store().get(old.store_key), old.name, old.content_type)
    try:
        return submit(run.project, replace(job, package=package), user, parent=run)
    except BaseException:
        discard(package.key)
        raise
