"""Which branches may be written to from outside, and by what: said once, for every face.

A run under way has its commits pinned: moving a branch below it would change nothing that it tests or deploys, and only
look as if it did. So a run's files are written once it has ended, on a branch beside those of its tasks.
"""

from __future__ import annotations

import re

from apps.accounts.models import User
from apps.projects.checkouts import person
from apps.projects.code import BadName, Occupied, Write, code_of
from apps.projects.models import Project

HIVES_OWN = re.compile(r"hive/.*", re.IGNORECASE)
EDITS = "hive/run-{run}/edits"
MESSAGE = 2000


def require_writable(project: Project, branch: str) -> None:
    """Raises BadName for Hive's own branches, Occupied for the copy of the origin's default branch."""
    if HIVES_OWN.fullmatch(branch):
        raise BadName("Branches under hive/ are written by runs. Make one of your own, from it if you like.")
    if project.origin_url and branch == project.default_branch:
        message = f"{branch} is a copy of the origin's, which the next fetch puts right. Make a branch of your own."
        raise Occupied(message)


def write_file(project: Project, branch: str, write: Write, message: str, user: User) -> tuple[str, str]:
    """One file, one commit on a branch of the project's. Raises CodeError."""
    require_writable(project, branch)
    code = code_of(project)
    return code.write(branch, code.resolve(branch), write, _said(message, write), person(user))


def write_edit(project: Project, run: int, at: str, write: Write, message: str, user: User) -> tuple[str, str]:
    """The same on the branch for a run's edits, which begins where the run's work ended. The run must have ended."""
    branch = EDITS.format(run=run)
    return code_of(project).write(branch, at, write, _said(message, write), person(user))


def _said(message: str, write: Write) -> str:
    said = message.strip()[:MESSAGE]
    return said or f"{'Remove' if write.data is None else 'Write'} {write.path}"
