"""The template engine: a task's inputs, written into its worktree in the order in which the spec lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from apps.specs.schema import WORKSPACE, FileInput, Task, TemplateInput
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template.catalogue import Catalogue
from workers.coding.engines.template.errors import TemplateError
from workers.coding.engines.template.render import render_at
from workers.sandbox.port import UnsafePath
from workers.sandbox.tree import Tree


class BadInput(TemplateError):
    """An input of the task cannot be written."""


@dataclass(frozen=True)
class LaidOut:
    """What one input became: its kind, its name (template or path), and the files, as paths within the worktree."""

    kind: str
    name: str
    files: tuple[str, ...]


class TemplateEngine:
    """Needs no model. Not in charge of whether the result is any good; a repair round writes the same again."""

    name = "template"

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def write_code(self, assignment: Assignment, worktree: Path) -> Written:
        task = assignment.task

        def told(done: LaidOut) -> None:
            assignment.put(f"{done.kind} {done.name}: {len(done.files)} files.")

        try:
            inputs = lay_out(task, worktree, self.catalogue, told)
            deploy = self.deploy_of(task)
        except TemplateError as error:
            raise EngineFailed(str(error), "script_failed" if error.permanent else "infrastructure") from error
        files = sum(len(one.files) for one in inputs)
        return Written(f"Wrote {files} files from {len(inputs)} inputs." if inputs else "Nothing to write.", deploy)

    def deploy_of(self, task: Task) -> dict[str, Any]:
        """What the task's template says of deploying what is made from it. Raises TemplateError."""
        template = task.template
        return self.catalogue.find(template.name).deploy.model_dump(exclude_none=True) if template else {}


def lay_out(
    task: Task, worktree: Path, catalogue: Catalogue, told: Callable[[LaidOut], None] | None = None
) -> list[LaidOut]:
    """Write every input; `told` hears of each when it is done. The same task twice writes the same files.

    `worktree` is what the job sees as /workspace. Raises a TemplateError whose message is for the spec's writer.
    """
    tree = Tree(worktree)
    laid_out = []
    for one in task.inputs:
        done = _template(one, task, tree, catalogue) if isinstance(one, TemplateInput) else _file(one, tree)
        if told:
            told(done)
        laid_out.append(done)
    return laid_out


def _template(one: TemplateInput, task: Task, tree: Tree, catalogue: Catalogue) -> LaidOut:
    files = render_at(catalogue.find(one.name), one.values, tree, task.home)
    home = PurePosixPath(task.home).relative_to(WORKSPACE)
    return LaidOut("template", one.name, tuple(str(home / file) for file in files))


def _file(one: FileInput, tree: Tree) -> LaidOut:
    try:
        tree.write(one.path, one.content.encode(), 0o755 if one.executable else 0o644)
    except (UnsafePath, OSError) as error:
        raise BadInput(f"The file {one.path} cannot be written: {error}") from None
    return LaidOut("file", one.path, (str(PurePosixPath(one.path).relative_to(WORKSPACE)),))
