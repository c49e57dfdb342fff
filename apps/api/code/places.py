"""Which files a request is about: those of a run, of a ref of a project, or of a checkout; and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from apps.api.base import ApiView
from apps.api.problems import Problem
from apps.api.runs import run_of
from apps.projects.checkouts import desk_of, visible_checkouts
from apps.projects.code import Code, Write, code_of
from apps.projects.models import Checkout, Project
from apps.projects.writing import write_edit, write_file
from apps.runs.head import head_of

LONGEST_REF = 100
Writer = Callable[[Write, str], tuple[str, str]]


@dataclass(frozen=True)
class Place:
    """One state of a project's files. `write` gives the new commit and the file's etag."""

    project: Project
    code: Code
    commit: str
    write: Writer


def project_of(view: ApiView, pk: int) -> Project:
    return get_object_or_404(view.caller.projects(), pk=pk)


def checkout_of(view: ApiView, pk: int) -> Checkout:
    found = view.caller.within(visible_checkouts(view.caller.user), "project_id")
    return get_object_or_404(found.select_related("project__organisation", "created_by"), pk=pk)


def word(view: ApiView, name: str, longest: int = LONGEST_REF) -> str:
    """A text of the address; what is far too long for anything is refused before git is asked."""
    said = view.request.query_params.get(name, "")
    if len(said) > longest:
        raise Problem(422, "bad_name", f"`{name}` has up to {longest} characters.")
    return said


def place_in_project(view: ApiView, pk: int) -> Place:
    """`?ref=`: a branch or a commit; without it the default branch."""
    project = project_of(view, pk)
    code = code_of(project)
    ref = word(view, "ref") or project.default_branch

    def write(wanted: Write, message: str) -> tuple[str, str]:
        return write_file(project, ref, wanted, message, view.caller.user)

    return Place(project, code, code.resolve(ref), write)


def place_in_run(view: ApiView, pk: int) -> Place:
    """`?task=`: what that task has committed; without it everything that the run has, and what was edited since."""
    run = run_of(view, pk)
    code = code_of(run.project)
    commit = head_of(run, code, word(view, "task"))

    def write(wanted: Write, message: str) -> tuple[str, str]:
        if not run.ended:
            raise Problem(409, "conflict", f"Run {pk} is {run.status}: its files can be written once it has ended.")
        if word(view, "task"):
            raise Problem(422, "bad_name", "Files of a task cannot be written; leave `task` out to edit the run's.")
        return write_edit(run.project, pk, commit, wanted, message, view.caller.user)

    return Place(run.project, code, commit, write)


def place_in_checkout(view: ApiView, pk: int) -> Place:
    row = checkout_of(view, pk)
    desk = desk_of(row)

    def write(wanted: Write, message: str) -> tuple[str, str]:
        return desk.base, desk.write(wanted)

    return Place(row.project, code_of(row.project), desk.commit, write)
