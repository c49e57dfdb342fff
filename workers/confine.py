"""Open a sandbox for a job, as its task's constraints and the installation ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import MappingProxyType

from django.conf import settings

from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from apps.specs.schema.limits import Constraints
from apps.specs.schema.limits import Limits as LimitsSpec
from workers.engine import engine
from workers.places import label_of, work_folder
from workers.sandbox import best_kind, open_sandbox
from workers.sandbox.docker.images import ImageMissing
from workers.sandbox.port import Limits, Programs, Sandbox, SandboxError
from workers.workspaces import NAME, workspace_kept


@contextmanager
def sandbox_for(
    job: ActiveJob,
    asked: Constraints,
    kept_as: str = NAME,
    programs: Programs = MappingProxyType({}),
    reserved_bytes: int = 0,
) -> Iterator[Sandbox]:
    """A fresh sandbox that ends with the job: canceled, lost, or done. What it says of its isolation is in the log.

    Its workspace becomes an artifact before it goes, unless `kept_as` is empty. A task that names an image, and no
    kind, gets a container.
    """
    kind = kind_for(asked)
    try:
        with open_sandbox(
            kind,
            scratch=work_folder(),
            limits=replace(limits_of(asked), reserved_bytes=reserved_bytes),
            label=label_of(job),
            engine=engine(),
            image=asked.image or "",
            programs=programs,
        ) as sandbox:
            job.on_stop(lambda stop: sandbox.kill(stop.message))
            if sandbox.warning:
                job.print(f"[hive] {sandbox.warning}")
            with workspace_kept(job, sandbox, kept_as) if kept_as else nullcontext():
                yield sandbox
    except ImageMissing as error:
        raise JobFailed(Reason.IMAGE_MISSING, str(error)) from error
    except SandboxError as error:
        raise JobFailed(Reason.INFRASTRUCTURE, f"The sandbox ({kind}) failed: {error}") from error


def kind_for(asked: Constraints) -> str:
    """Which kind of sandbox these constraints get."""
    return asked.sandbox or ("docker" if asked.image else settings.SANDBOX) or best_kind()


def limits_of(asked: LimitsSpec) -> Limits:
    return Limits(
        cpus=max(1, round(asked.cpus)),
        memory_bytes=asked.memory_bytes,
        processes=asked.pids,
        disk_bytes=asked.disk_bytes,
        network=asked.network == "internet",
    )
