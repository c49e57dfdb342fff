"""The specs that Hive ships, worked through without Hive: each task laid out in turn, its tests run where it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.specs.schema import WORKSPACE, Spec, Task, Test
from apps.specs.validate import check_file
from workers.coding.engines.template import Catalogue, lay_out, standard_catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return standard_catalogue(tmp_path / "none", [], tmp_path / "cache")


def sample(root: Path, name: str) -> Spec:
    spec = check_file(root / "specs" / f"{name}.yaml").spec
    assert spec is not None
    return spec


def exit_code(test: Test, task: Task, worktree: Path) -> int:
    place = worktree / (test.dir or task.home).removeprefix(f"{WORKSPACE}/")
    environ = {"PATH": f"{sys.base_prefix}/bin:{os.defpath}"}
    done = subprocess.run(["sh", "-c", test.run], cwd=place, env=environ, capture_output=True, timeout=300, check=False)
    return done.returncode


def work_through(spec: Spec, worktree: Path, catalogue: Catalogue) -> dict[str, bool]:
    """Whether each task's tests passed, on the work of all tasks before it."""
    passed = {}
    worktree.mkdir()
    for task in spec.tasks:
        lay_out(task, worktree, catalogue)
        missing = [one.path for one in task.outputs if not (worktree / one.path.removeprefix(f"{WORKSPACE}/")).exists()]
        assert missing == []
        passed[task.id] = all(exit_code(test, task, worktree) == 0 for test in task.tests)
    return passed


@pytest.mark.parametrize("name", ["create-blog", "diamond", "approve-before-deploy"])
def test_its_tests_pass(root: Path, tmp_path: Path, catalogue: Catalogue, name: str) -> None:
    passed = work_through(sample(root, name), tmp_path / "worktree", catalogue)
    assert set(passed.values()) == {True}


def test_the_tests_of_the_broken_one_fail_each_time(root: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    spec = sample(root, "failing-tests")
    assert spec.repair.rounds == 1
    for round in ("first", "second"):
        assert work_through(spec, tmp_path / round, catalogue) == {spec.tasks[0].id: False}


def test_the_last_of_the_diamond_needs_both_before_it(root: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    spec = sample(root, "diamond")
    for left_out in ("spring", "autumn"):
        part = spec.model_copy(update={"tasks": tuple(task for task in spec.tasks if task.id != left_out)})
        assert work_through(part, tmp_path / left_out, catalogue)["calendar"] is False


@pytest.mark.parametrize("name", ["create-blog", "diamond", "approve-before-deploy", "failing-tests"])
def test_what_it_does_not_say_of_deployment_its_template_says(root: Path, catalogue: Catalogue, name: str) -> None:
    spec = sample(root, name)
    assert spec.deploy is not None
    assert spec.deploy_source is not None
    _, template = spec.deploy_source
    deploy = spec.deploy.filled(catalogue.find(template.name).deploy)
    assert bool(deploy.directory) != bool(deploy.command)
    assert deploy.health
