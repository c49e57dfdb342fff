"""Which paths are watched: tests, CI files, and what could take the place of a test runner."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workers.sandbox.export import Patterns

TESTS = (
    *("**/test", "**/tests", "**/__tests__", "**/spec", "**/e2e", "**/testdata", "acceptance_tests"),
    *("**/test_*", "**/*_test.*", "**/*_tests.*", "**/*.test.*", "**/*.spec.*", "**/*_spec.*"),
    *("**/*Test.java", "**/*Tests.java", "**/*Test.kt", "**/*Tests.cs"),
    *("**/conftest.py", "**/pytest.ini", "**/.pytest.ini", "**/tox.ini", "**/noxfile.py", "**/.coveragerc"),
    *("**/jest.config.*", "**/vitest.config.*", "**/playwright.config.*", "**/karma.conf.*", "**/.mocharc*"),
    "**/run-tests*",
)
CI = (
    *(".github", ".gitlab-ci.yml", ".gitlab", ".woodpecker*", ".ci", ".circleci", ".drone.yml", ".travis.yml"),
    *(".buildkite", ".forgejo", ".gitea", "Jenkinsfile*", "azure-pipelines*", "bitbucket-pipelines.yml"),
    *("appveyor.yml", ".pre-commit-config.yaml"),
)
# Python imports these before, or instead of, what a test command means.
SHADOWS = (
    *("**/sitecustomize.py", "**/usercustomize.py", "**/*.pth"),
    *(f"**/{name}{end}" for name in ("unittest", "pytest", "_pytest", "doctest") for end in ("", ".py")),
)
DEFAULT = TESTS + CI + SHADOWS


def watcher(more: Iterable[str] = (), allow: Iterable[str] = ()) -> Callable[[str], bool]:
    """Whether a path (relative to the repository) is watched; a folder that matches stands for all that is in it."""
    watched, allowed = _patterns([*DEFAULT, *more]), _patterns(allow)
    return lambda path: _matches(watched, path) and not _matches(allowed, path)


def _patterns(globs: Iterable[str]) -> Patterns:
    return Patterns([tuple(part for part in glob.split("/") if part not in ("", ".")) for glob in globs])


def _matches(patterns: Patterns, path: str) -> bool:
    states = patterns.start
    for name in path.split("/"):
        states = patterns.step(states, name)
        if patterns.complete(states):
            return True
    return False
