"""Which commit stands for a run's files."""

from __future__ import annotations

from apps.projects.code import Code, NotThere
from apps.projects.writing import EDITS
from apps.runs.models import Run


def head_of(run: Run, code: Code, task: str = "") -> str:
    """The newest commit of a run, with what was edited since; or of one of its tasks. Raises NotThere."""
    if task:
        row = run.tasks.filter(key=task).exclude(commit="").first()
        if row is None:
            raise NotThere(f"Run {run.pk} has no task {task!r} that has committed anything.")
        return row.commit
    try:
        return code.resolve(EDITS.format(run=run.pk))
    except NotThere:
        pass
    newest = run.tasks.exclude(commit="").order_by("-position").values_list("commit", flat=True).first()
    commit = run.commit or newest or run.base_commit
    if not commit:
        raise NotThere(f"Run {run.pk} has no files yet: it has not been planned.")
    return commit
