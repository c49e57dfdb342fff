"""The place for what goes back to a pipeline's forge when its run has ended: a commit status, a comment.

    HOOKS.append(set_commit_status)    # from the ready() of an app: def set_commit_status(end: CiEnd) -> None

Each is called after the end is committed (apps/runs/services/ended.py says what that promises). `source` is what the
pipeline said of itself: it names a commit, and proves nothing. Whoever writes to a forge uses the project's own
credentials and the project's own repository, never an address from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apps.ci.models import Submission

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CiEnd:
    """`status`: completed, failed or canceled. `source`: repository, ref, commit, url, event, actor, where said."""

    run_id: int
    project_id: int
    title: str
    status: str
    reason: str
    message: str
    source: Mapping[str, str]


HOOKS: list[Callable[[CiEnd], None]] = []


def tell(run_id: int) -> None:
    """Call them all; one that fails is logged, and keeps no other from being called."""
    if not HOOKS:
        return
    found = Submission.objects.select_related("run").get(run=run_id)
    run = found.run
    end = CiEnd(run.pk, run.project_id, run.title, run.status, run.reason, run.message, found.source)
    for hook in HOOKS:
        try:
            hook(end)
        except Exception:
            logger.exception("action=ci_ended run=%s a hook failed", run_id)
