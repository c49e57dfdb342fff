"""A job's workspace is kept as workspace.tar.gz before it goes, however the job ended: to look at, not to go on from.

Whatever goes wrong here is said in the job's output and changes nothing about how the job ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from apps.artifacts.models import Artifact
from apps.artifacts.services.save import NameTaken, save
from apps.events.masking import worth_masking
from apps.runs.services.active import ActiveJob
from apps.runs.services.output import LeaseLost
from apps.runs.states import Reason
from workers.sandbox.export import Export
from workers.sandbox.pack import Packing
from workers.sandbox.port import Sandbox, TarStream
from workers.sandbox.tree import Tree
from workers.sandbox.unpack import Bounds

logger = logging.getLogger(__name__)

NAME = "workspace.tar.gz"
GIT = frozenset({".git"})  # of a worktree: a file that names a folder of this machine
NOTES_SHOWN = 10


@contextmanager
def workspace_kept(job: ActiveJob, sandbox: Sandbox, name: str = NAME) -> Iterator[None]:
    """Keep the sandbox's workspace at the end of this block."""
    with _kept(job, lambda: sandbox.export(["**"]), name):
        yield


@contextmanager
def worktree_kept(job: ActiveJob, folder: Path) -> Iterator[None]:
    """Keep the worktree's files at the end of this block, those too that git ignores."""
    with _kept(job, lambda: Export(Tree(folder), ["**"], Bounds()), NAME, without=GIT):
        yield


@contextmanager
def _kept(
    job: ActiveJob, export: Callable[[], TarStream], name: str, without: frozenset[str] = frozenset()
) -> Iterator[None]:
    try:
        yield
    finally:
        lost = job.stopping is not None and job.stopping.reason == Reason.LOST
        if settings.WORKSPACE_LIMIT_BYTES and not lost:
            _keep(job, export, name, without)


def _keep(job: ActiveJob, export: Callable[[], TarStream], name: str, without: frozenset[str]) -> None:
    try:
        tar = export()
        packing = Packing(tar, settings.WORKSPACE_LIMIT_BYTES, worth_masking(job.secrets), without)
        save(job, name, Artifact.Kind.WORKSPACE, packing, "application/gzip")
    except LeaseLost:
        raise
    except NameTaken:
        return  # of a job that wrote in a sandbox and brought it into its worktree: the sandbox's was kept
    except Exception as error:  # whatever it is: the job has done its work
        logger.warning("action=keep_workspace job=%s %s: %s", job.row.pk, type(error).__name__, error)
        job.print(f"[hive] The workspace was not kept: {error}")
        return
    _tell(job, [*packing.left_out, *tar.refused])


def _tell(job: ActiveJob, notes: list[str]) -> None:
    for note in notes[:NOTES_SHOWN]:
        job.print(f"[hive] Not in {NAME}: {note}")
    if len(notes) > NOTES_SHOWN:
        job.print(f"[hive] … and {len(notes) - NOTES_SHOWN} more.")
