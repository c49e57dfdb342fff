"""Who runs a task's tests: as was asked for, else the spec, else the project says."""

from __future__ import annotations

from typing import Any

import pytest

from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.services import finish

GPU, ARM, MAC, HERE = ({"testing": tags} for tags in (["gpu"], ["arm"], ["mac"], []))


@pytest.mark.parametrize(
    ("asked", "spec", "project", "tags"),
    [
        (GPU, ARM, MAC, ["gpu"]),
        ({}, ARM, MAC, ["arm"]),
        ({}, None, MAC, ["mac"]),
        ({}, None, {}, []),
        (HERE, ARM, MAC, []),
        ({}, HERE, MAC, []),
    ],
)
def test_a_request_counts_before_the_spec_and_that_before_the_project(
    asked: dict[str, Any], spec: dict[str, Any] | None, project: dict[str, Any], tags: list[str]
) -> None:
    assert finish.tested_by(Run(runs_on=asked, project=Project(runs_on=project)), {"runs_on": spec}) == tags


def test_the_kind_of_sandbox_that_a_task_needs_is_a_tag_too() -> None:
    run = Run(runs_on=GPU, project=Project())
    assert finish.tested_by(run, {"constraints": {"image": "python:3.12"}}) == ["gpu", "sandbox:docker"]
    run.runs_on = HERE
    assert finish.tested_by(run, {"constraints": {"image": "python:3.12"}}) == []


CODING = {"testing": [], "coding": ["node"]}


@pytest.mark.parametrize(
    ("asked", "spec", "project", "engine", "tags"),
    [
        ({"coding": ["arm"]}, CODING, {}, "commands", ["arm"]),
        (GPU, CODING, {}, "commands", ["node"]),
        ({}, None, {"coding": ["mac"]}, "commands", ["mac"]),
        ({}, None, {"coding": ["mac"]}, "model", []),
        ({"coding": []}, CODING, {}, "commands", []),
    ],
)
def test_who_runs_commands_is_said_for_itself_and_other_engines_stay_here(
    asked: dict[str, Any], spec: dict[str, Any] | None, project: dict[str, Any], engine: str, tags: list[str]
) -> None:
    run = Run(runs_on=asked, project=Project(runs_on=project))
    assert finish.coded_by(run, {"runs_on": spec, "engine": engine}) == tags
