"""Each mistake is told at its place, with what would be right; all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.specs.problems import Problem
from apps.specs.validate import check

HEAD = "id: a\ntitle: A\n"
TESTS = "tests: [{run: x}]\n"
TASKS = HEAD + "tasks:\n"


def only(text: str) -> Problem:
    problems = check(text).problems
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# The whole text, where the problem is, its code, a part of the message and of the hint.
MISTAKES = [
    ("title: A\ntests: [{run: x}]\n", "1:1 id", "missing", "`id` is missing", "Add `id:`"),
    ("id: a\ntests: [{run: x}]\n", "1:1 title", "missing", "`title`", "One line"),
    ("id: a\ntitle: A\n", "1:1 tests", "missing", "`tests`", "done means evidence"),
    ("id: a\ntitle: A\ntests: []\n", "3:8 tests", "missing", "at least one test", "- run:"),
    ("id: a\ntitle: A\ntasks: []\n", "3:8 tasks", "missing", "at least one task", "leave `tasks` out"),
    ("id: a\ntitle: A\ntests:\n- dir: x\n", "4:3 tests[0].run", "test_without_command", "no command", "run:"),
    ("id: a\ntitle: A\ntests:\n- run:\n", "4:7 tests[0].run", "test_without_command", "no command", "run:"),
    ("id: a\ntitle: A\ntests:\n- run: '  '\n", "4:8 tests[0].run", "test_without_command", "no command", "run:"),
    ("id: a\ntitle: 5\ntests: [{run: x}]\n", "2:8 title", "wrong_type", "must be text, not a number", '"5"'),
    ("id: a\ntitle: A\ntests: {run: x}\n", "3:8 tests", "wrong_type", "must be a list, not keys", "- …"),
    ("id: a\ntitle: A\ntests: [x]\n", "3:9 tests[0]", "wrong_type", "entry of `tests`", "key: value"),
]
# What follows a head and a test.
MISTAKES_IN_FIELDS = [
    ("titel: x\n", "4:1 titel", "unknown_key", "`titel`", "`title`"),
    ("constraints: {memoy: 1GB}\n", "4:15 constraints.memoy", "unknown_key", "memoy", "`memory`"),
    ("zzz: x\n", "4:1 zzz", "unknown_key", "zzz", "Known here: acceptance, "),
    ("priority: urgent\n", "4:11 priority", "unknown_value", "urgent", "high, normal, low"),
    ("gates: [after-plan]\n", "4:9 gates[0]", "unknown_value", "after-plan", "`after_plan`"),
    ("timeout: soon\n", "4:10 timeout", "wrong_type", "soon", "1h30m"),
    ("timeout: 0\n", "4:10 timeout", "out_of_range", "more than zero", "10m"),
    ("repair: {rounds: 99}\n", "4:18 repair.rounds", "out_of_range", "99", "at most 10"),
    ("constraints: {memory: 5}\n", "4:23 constraints.memory", "out_of_range", "1 MiB", "2GiB"),
    ("constraints: {image: a, sandbox: process}\n", "4:14 constraints", "conflict", "`image`", "`sandbox: docker`"),
    ("constraints: {image: -v}\n", "4:22 constraints.image", "bad_name", "-v", "python:3.11"),
    ("id: b\n", "4:1 id", "duplicate_key", "stands twice", "line 1"),
    ("outputs: [{path: /etc/x}]\n", "4:18 outputs[0].path", "outside_workspace", "/etc/x", "/workspace"),
    ("outputs: [{path: ../x}]\n", "4:18 outputs[0].path", "path_escape", "`../x`", "below /workspace"),
    ("outputs: [{path: /workspace/../x}]\n", "4:18 outputs[0].path", "path_escape", "..", "below"),
    ("outputs: [{path: /workspace/}]\n", "4:18 outputs[0].path", "bad_path", "/workspace", "below"),
    ("outputs: [{path: .GIT/hooks/x}]\n", "4:18 outputs[0].path", "bad_path", ".git", "product"),
    ('description: "a\\0b"\n', "4:14 description", "nul", "NUL", "Remove"),
    ('outputs: [{path: "a\\tb"}]\n', "4:18 outputs[0].path", "bad_path", "control character", "between names"),
    ("inputs: [{type: template, name: ../x}]\n", "4:33 inputs[0].name", "bad_name", "../x", "no path"),
    ("inputs: [{type: templat, name: x}]\n", "4:17 inputs[0].type", "unknown_value", "templat", "`template`"),
    ("inputs: [{name: x}]\n", "4:10 inputs[0].type", "missing", "`type`", "file, template"),
    ("inputs: [{type: file, path: x}]\n", "4:10 inputs[0].content", "missing", "`content`", "text"),
]
# What follows a head and `tasks:`.
MISTAKES_IN_THE_PLAN = [
    ("- {id: b, title: B}\n", "4:3 tasks[0].tests", "missing", "`tests`", "evidence"),
    (
        "- {id: b, tests: [{run: x}]}\n- {id: B, tests: [{run: x}]}\n",
        "5:8 tasks[1].id",
        "duplicate_id",
        "`B`",
        "line 4",
    ),
    (
        "- {id: b, depends_on: [x], tests: [{run: x}]}\n",
        "4:24 tasks[0].depends_on[0]",
        "unknown_dependency",
        "`x`",
        "b",
    ),
    ("- {id: b, depends_on: [b], tests: [{run: x}]}\n", "4:24 tasks[0].depends_on[0]", "cycle", "b → b", "Take out"),
    ("- {id: b, tests: [{run: x}]}\ntests: []\n", "5:1 tests", "misplaced_key", "belongs to a task", "Move it"),
]
# About deployment and acceptance.
MISTAKES_ABOUT_THE_SITE = [
    ("deploy: {directory: a, command: b}\n", "4:9 deploy", "conflict", "Both", "Keep"),
    ("deploy: {port: 80}\n", "4:9 deploy", "nothing_to_deploy", "Nothing says", "directory"),
    ("deploy: {directory: /etc}\n", "4:21 deploy.directory", "path_escape", "absolute", "relative"),
    ("deploy: {command: x, env: {PORT: '1'}}\n", "4:34 deploy.env.PORT", "bad_name", "PORT", "set by Hive"),
    (
        "deploy: {command: x}\nacceptance: [{url: http://example.org/}]\n",
        "5:20 acceptance[0].url",
        "foreign_host",
        "example.org",
        "http://devsite",
    ),
    (
        "deploy: {command: x, environment: shop}\nacceptance: [{url: http://devsite/}]\n",
        "5:20 acceptance[0].url",
        "foreign_host",
        "devsite",
        "http://shop",
    ),
    (
        "deploy: {command: x, port: 1}\nacceptance: [{url: http://devsite:2/}]\n",
        "5:20 acceptance[0].url",
        "foreign_port",
        "2",
        ":1",
    ),
    (
        "deploy: {command: x}\nacceptance: [{url: https://devsite/}]\n",
        "5:20 acceptance[0].url",
        "bad_url",
        "https",
        "http://",
    ),
    (
        "deploy: {command: x}\nacceptance: [{url: 'http://u:p@devsite/'}]\n",
        "5:20 acceptance[0].url",
        "bad_url",
        "password",
        "http://",
    ),
    (
        "deploy: {command: x}\nacceptance: [{url: 'http://devsite:99999/'}]\n",
        "5:20 acceptance[0].url",
        "bad_url",
        "99999",
        "http://",
    ),
    (
        "deploy: {command: x}\nacceptance: [{should_respond: 200}]\n",
        "5:14 acceptance[0].url",
        "missing",
        "`url`",
        "http://devsite",
    ),
    ("gates: [before_deploy, before_deploy]\n", "4:8 gates", "duplicate", "before_deploy", "Keep one"),
]
CASES = [
    *MISTAKES,
    *((HEAD + TESTS + more, *rest) for more, *rest in MISTAKES_IN_FIELDS + MISTAKES_ABOUT_THE_SITE),
    *((TASKS + more, *rest) for more, *rest in MISTAKES_IN_THE_PLAN),
]


@pytest.mark.parametrize(("text", "place", "code", "message", "hint"), CASES)
def test_a_mistake_is_told_at_its_place_with_what_would_be_right(
    text: str, place: str, code: str, message: str, hint: str
) -> None:
    problem = only(text)
    assert (f"{problem.line}:{problem.column} {problem.path}", problem.code) == (place, code)
    assert message in problem.message
    assert hint in problem.hint


def test_every_code_is_explained_in_the_reference(root: Path) -> None:
    document = (root / "docs" / "specs.md").read_text()
    assert [code for _, _, code, *_ in CASES if f"`{code}`" not in document] == []


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    text = TASKS + (
        "- id: b\n  depends_on: [d]\n  tests: [{run: x}]\n  outputs: [{path: /etc}]\n"
        "- id: c\n  depends_on: [c2, nope]\n  test: []\n"
        "- id: c2\n  depends_on: [c]\n  tests: [{rum: x}]\n"
        "- id: b\n  tests: [{run: 5}]\npriority: 7\n"
    )
    problems = check(text).problems
    places = [(problem.line, problem.column) for problem in problems]
    assert places == sorted(places)  # type: ignore[type-var]
    codes = {problem.code for problem in problems}
    assert codes >= {
        "unknown_dependency",
        "outside_workspace",
        "cycle",
        "unknown_key",
        "missing",
        "test_without_command",
        "duplicate_id",
        "wrong_type",
        "unknown_value",
    }


def test_a_spec_with_problems_is_no_spec() -> None:
    checked = check(HEAD + TESTS + "titel: x\n")
    assert checked.spec is None
    assert not checked.ok


def test_a_problem_reads_as_one_line() -> None:
    assert str(only(HEAD + TESTS + "titel: x\n")) == ("4:1 titel: `titel` is not known here. Did you mean `title`?")


def test_a_mistake_in_what_tasks_share_is_told_once() -> None:
    text = TASKS.replace("tasks:", "constraints: {timeout: soon}\ntasks:") + "".join(
        f"- {{id: t{number}, tests: [{{run: x}}, {{run: y}}]}}\n" for number in range(5)
    )
    assert only(text).path == "constraints.timeout"


def test_problems_beyond_a_thousand_are_counted() -> None:
    problems = check(HEAD + TESTS + "".join(f"k{number}: 1\n" for number in range(1500))).problems
    assert len(problems) == 1001
    assert problems[-1].code == "too_many_problems"
    assert "500 more" in problems[-1].message
