"""Bring what finished runs made onto the branch on which they began. Where the project has an origin, its branches are
the origin's: what a run made is pushed there (workers.coding.pushing), and comes back when somebody has merged it."""

from __future__ import annotations

import logging

from django.db import transaction

from apps.events.models import EventType
from apps.events.services import record
from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.states import RunStatus
from workers.places import repository_of
from workers.repo.git import GitError
from workers.repo.land import land
from workers.repo.merge import MergeConflict
from workers.repo.repository import Repository

logger = logging.getLogger(__name__)


def land_run(run: Run) -> None:
    """Land one completed run. A conflict is told, not fatal: its release is live, and its branch is there."""
    if run.commit and not run.landing and not run.has_origin:
        _land(run, run.project, repository_of(run.project))


def land_finished(project: Project, repository: Repository) -> None:
    """Land what a process that died between a run's end and its landing left behind, oldest first."""
    finished = Run.objects.filter(project=project, status=RunStatus.COMPLETED, landing="", has_origin=False)
    finished = finished.exclude(commit="")
    for run in finished.order_by("pk"):
        _land(run, project, repository)


def _land(run: Run, project: Project, repository: Repository) -> None:
    branch = run.from_branch or project.default_branch
    if run.from_branch and branch not in repository.branches():
        _note(run, Run.Landing.CONFLICT, f"Not landed: the branch {branch} is gone. See {run.commit[:12]}.")
        return
    try:
        land(repository, branch, run.commit, f"run {run.pk}")
    except GitError:
        logger.exception("action=land run=%s failed; the next plan of the project tries again", run.pk)
    except MergeConflict as conflict:
        _note(run, Run.Landing.CONFLICT, f"Not landed on {branch}: {conflict} See {run.commit[:12]}.")
    else:
        _note(run, Run.Landing.LANDED, "")


def _note(run: Run, landing: str, complaint: str) -> None:
    """Write it down once, whoever landed it."""
    with transaction.atomic():
        if Run.objects.filter(pk=run.pk, landing="").update(landing=landing) and complaint:
            record(run.pk, EventType.ERROR, {"message": complaint})
