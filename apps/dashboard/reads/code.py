"""What a project's page shows of its repository. A repository that cannot be read hides nothing else of the page."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.projects.code import Branch, CodeError, Commit, code_of
from apps.projects.models import Project
from apps.projects.origin import has_credential

logger = logging.getLogger(__name__)
BRANCHES, COMMITS = 8, 8


@dataclass(frozen=True)
class CommitRow:
    commit: Commit
    subject: str
    at: datetime


@dataclass(frozen=True)
class CodeView:
    has_password: bool
    branches: Sequence[Branch] = ()
    more_branches: bool = False
    commits: Sequence[CommitRow] = ()
    trouble: str = ""


def code_view(project: Project) -> CodeView:
    kept = has_credential(project)
    try:
        code = code_of(project)
        branches = code.branches(BRANCHES + 1)
        commits = code.log(code.resolve(project.default_branch), "", 0, COMMITS)
    except (CodeError, OSError) as error:
        return CodeView(kept, trouble=str(error))
    except Exception as error:
        logger.exception("action=look project=%s", project.pk)
        return CodeView(kept, trouble=f"{type(error).__name__}: the repository cannot be read. See the server's log.")
    rows = [CommitRow(one, (one.message.splitlines() or [""])[0], datetime.fromisoformat(one.at)) for one in commits]
    return CodeView(kept, branches[:BRANCHES], len(branches) > BRANCHES, rows)
