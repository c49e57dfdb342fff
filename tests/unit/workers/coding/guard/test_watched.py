"""What the guard watches: by name, and because a test command runs it."""

from __future__ import annotations

import pytest

from workers.coding.guard.commands import files_of
from workers.coding.guard.orders import same_orders
from workers.coding.guard.watched import watcher


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_site.py",
        "deep/down/tests/data.json",
        "app/test_app.py",
        "app/app_test.go",
        "src/button.spec.ts",
        "conftest.py",
        ".github/workflows/ci.yml",
        ".woodpecker.yaml",
        ".ci/run",
        "Jenkinsfile",
        "tasks/site/run-tests.sh",
        "tasks/site/unittest/__init__.py",
        "sitecustomize.py",
    ],
)
def test_tests_ci_files_and_what_shadows_a_runner_are_watched(path: str) -> None:
    assert watcher()(path)


@pytest.mark.parametrize("path", ["app.py", "src/contest.py", "docs/latest.md", "attest/a.py", "protests.html"])
def test_other_files_are_not(path: str) -> None:
    assert not watcher()(path)


def test_patterns_are_added_and_taken_away() -> None:
    watched = watcher(more=["qa/**"], allow=["tests/fixtures"])
    assert watched("qa/deep/check.rb")
    assert not watched("tests/fixtures/a.json")
    assert watched("tests/a.json")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("./check.sh", "tasks/site/check.sh"),
        ("python3 tools/verify.py --fast", "tasks/site/tools/verify.py"),
        ("python3 -m app.verify", "tasks/site/app/verify.py"),
        ("cd app && ./verify", "tasks/site/app/verify"),
        ("CI=1 timeout 60 sh verify.sh | tee log", "tasks/site/verify.sh"),
        ("make test", "tasks/site/Makefile"),
        ("npm test", "tasks/site/package.json"),
        ("python3 -m pytest checks/all.py::one", "tasks/site/checks/all.py"),
        ("/workspace/bin/verify", "bin/verify"),
        ("'./with space.sh'", "tasks/site/with space.sh"),
    ],
)
def test_what_a_test_command_runs_is_found(line: str, path: str) -> None:
    assert path in files_of([{"id": "site", "tests": [{"run": line}]}])


def test_what_a_test_command_only_looks_at_is_not_what_it_runs() -> None:
    found = files_of([{"id": "site", "tests": [{"run": "test -f index.html && grep -q Hello index.html"}]}])
    assert not any(path.endswith("index.html") for path in found)


def test_of_a_file_for_many_purposes_only_what_is_about_tests_counts() -> None:
    before = b'[project]\ndependencies = []\n[tool.pytest.ini_options]\naddopts = "-q"\n'
    assert same_orders("pyproject.toml", before, before.replace(b"[]", b'["httpx"]'))
    assert not same_orders("pyproject.toml", before, before.replace(b"-q", b"--deselect tests/test_hard.py"))
    assert not same_orders("pyproject.toml", before, b"[[[")
    assert not same_orders("a/package.json", b'{"scripts": {"test": "jest"}}', b'{"scripts": {"test": "true"}}')
