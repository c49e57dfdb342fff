"""Which files a test command runs: the script that it names, and what a tool such as make takes its orders from.

Reads shell lines without a shell, so it may take a word too many for a script; what it misses is watched by its name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from apps.specs.schema import WORKSPACE, home_of

SIMPLE = re.compile(r"[;&|\n(){}]+")
WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
DURATION = re.compile(r"[\d.]+[smh]?")
ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
PREFIXES = frozenset(
    {"exec", "env", "time", "nice", "command", "!", "then", "do", "if", "while", "timeout", "xvfb-run"}
)
INTERPRETER = re.compile(r"(?:ba|da|z|k|a)?sh|python[\d.]*|node|ruby|perl|php|deno|bun|source|\.|uv|poetry|npx")
RUNNER = re.compile(r"pytest|py\.test|unittest|nose2|jest|vitest|mocha|rspec|phpunit|bats|tox|nox")
ORDERS: Mapping[str, tuple[str, ...]] = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    **dict.fromkeys(("npm", "yarn", "pnpm", "npx", "jest", "vitest", "mocha", "bun"), ("package.json",)),
    **dict.fromkeys(("pytest", "py.test"), ("pyproject.toml", "setup.cfg")),
    "tox": ("pyproject.toml", "setup.cfg"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml"),
    "rake": ("Rakefile",),
    "gradle": ("build.gradle", "build.gradle.kts"),
    "mvn": ("pom.xml",),
    "composer": ("composer.json",),
    "deno": ("deno.json", "deno.jsonc"),
}


def files_of(tasks: Sequence[Mapping[str, Any]]) -> set[str]:
    """Paths, relative to the repository, that the tests of these tasks (as a spec stores them) may run."""
    found: set[str] = set()
    for task in tasks:
        for test in task["tests"]:
            starts = [test["dir"]] if test.get("dir") else [home_of(task["id"]), WORKSPACE]
            for start in starts:
                found.update(_of_line(test["run"], start))
    return found


def _of_line(line: str, start: str) -> Iterator[str]:
    for simple in SIMPLE.split(line):
        words = [word.replace('"', "").replace("'", "") for word in WORD.findall(simple)]
        while words and (words[0] in PREFIXES or ASSIGNED.match(words[0]) or DURATION.fullmatch(words[0])):
            words = words[1:]
        if words[:1] == ["cd"] and len(words) > 1:
            start = posixpath.normpath(posixpath.join(start, words[1]))
            continue
        for path in _of_words(words):
            whole = posixpath.normpath(posixpath.join(start, path))
            if whole.startswith(f"{WORKSPACE}/"):
                yield whole.removeprefix(f"{WORKSPACE}/")


def _of_words(words: Sequence[str]) -> Iterator[str]:
    """The program, the script of an interpreter, every argument of a test runner; and what a tool takes orders from."""
    names = [posixpath.basename(word) for word in words]
    runs = words if any(map(RUNNER.fullmatch, names)) else _led(words)
    for word in runs:
        if not word.startswith("-"):
            yield word.partition("::")[0]
            yield from ORDERS.get(posixpath.basename(word), ())
            yield from _module(word)


def _led(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        if not word.startswith("-"):
            yield word
            if not INTERPRETER.fullmatch(posixpath.basename(word)):
                return


def _module(word: str) -> Iterator[str]:
    """`python3 -m app.checks` runs app/checks.py, or app/checks/__main__.py."""
    if re.fullmatch(r"[\w.]+", word):
        path = word.replace(".", "/")
        yield from (f"{path}.py", f"{path}/__main__.py")
