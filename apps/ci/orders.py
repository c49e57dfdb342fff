"""The order of one cell: what a runner has to know to do it."""

from __future__ import annotations

from apps.artifacts.models import Artifact
from apps.ci.definition.schema import Definition
from apps.ci.models import Submission
from apps.fleet.order import Bounds, Cache, Command, Order, Package
from apps.runs.models import Job, Run
from apps.sql.read import Read

SENT = Read(
    "FROM runs_run r LEFT JOIN ci_submission s ON s.run_id = r.id"
    " LEFT JOIN artifacts_artifact p ON p.run_id = r.id AND p.kind = %s WHERE r.id = %s ORDER BY p.id LIMIT 1",
    s=Submission,
    p=Artifact,
)


def order_of_cell(job: Job) -> Order:
    """For a job of the step `testing.ci`. Its secrets are named; their values come when it is handed out."""
    assert job.task is not None  # noqa: S101 - a job of CI is always made with its task
    wanted = Definition.model_validate(job.task.spec)
    submission, package = SENT.one(Artifact.Kind.PACKAGE.value, job.run_id) or (None, None)
    return Order(
        commands=tuple(
            Command(
                run=step.run,
                name=step.name or "",
                timeout_s=step.timeout_s or wanted.timeout_s,
                no_output_s=wanted.no_output_s,
                cwd=step.dir,
                always=step.always,
            )
            for step in wanted.commands
        ),
        image=wanted.image or "",
        sandbox=wanted.sandbox or "",
        env={**wanted.env, **_told(job, submission)},
        secrets=dict.fromkeys(wanted.secrets, ""),
        package=Package(package.store_key, package.sha256, package.size_bytes) if package else None,
        artifacts=wanted.artifacts,
        junit=wanted.junit,
        bounds=Bounds(
            cpus=max(1, round(wanted.cpus)),
            memory_bytes=wanted.memory_bytes,
            processes=wanted.pids,
            disk_bytes=wanted.disk_bytes,
            timeout_s=wanted.timeout_s,
        ),
        network=wanted.network == "internet",
        caches=tuple(Cache(one.key, one.paths) for one in wanted.cache),
    )


def _told(job: Job, submission: Submission | None) -> dict[str, str]:
    """What a command may know of where it runs; these names no job file may set."""
    source = submission.source if submission else {}
    return {
        "HIVE_RUN": str(job.run_id),
        "HIVE_JOB": str(job.pk),
        **{f"HIVE_CI_{name.upper()}": str(value) for name, value in source.items()},
    }


def package_of(run: Run) -> Artifact | None:
    return run.artifacts.filter(kind=Artifact.Kind.PACKAGE).order_by("pk").first()
