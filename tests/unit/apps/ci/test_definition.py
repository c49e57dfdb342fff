"""A job file: what it means, and each mistake told at its place with what would be right."""

from __future__ import annotations

import pytest

from apps.ci.definition.check import MAX_BYTES, check, check_data

MATRIX = "commands: [a]\nmatrix: "


def test_a_command_alone_is_a_job() -> None:
    checked = check("commands: make test\n")
    assert [step.run for step in checked.cells["job"].commands] == ["make test"]
    assert checked.first.network == "none"


def test_short_and_long_commands_stand_side_by_side() -> None:
    (first, second) = check("commands: [make, {run: x, dir: sub, timeout: 1m, always: true}]").first.commands
    assert (first.run, first.dir, first.timeout_s) == ("make", "/workspace", None)
    assert (second.dir, second.timeout_s, second.always) == ("/workspace/sub", 60.0, True)


def test_a_matrix_makes_a_cell_of_each_combination() -> None:
    matrix = "{py: ['3.11', 3.12], os: [x, y], exclude: [{py: '3.11', os: y}]}"
    text = "image: python:${{ matrix.py }}\ncommands: [a]\nmatrix: " + matrix
    cells = check(text).cells
    assert list(cells) == ["3.11-x", "3.12-x", "3.12-y"]
    assert (cells["3.12-y"].image, cells["3.12-y"].matrix) == ("python:3.12", {"py": "3.12", "os": "y"})


def test_cells_whose_names_would_be_the_same_get_numbers() -> None:
    assert list(check(MATRIX + "{v: ['a b', 'a:b', A-B]}").cells) == ["a-b", "a-b-2", "a-b-3"]


def test_what_came_as_an_object_is_the_same_job() -> None:
    checked = check_data({"commands": ["make"], "env": {"A": "line\nline"}})
    assert checked.first == check(checked.text).first


def test_values_may_hold_newlines_quotes_and_options() -> None:
    value = "--flag\n'quoted' \"twice\" $(id) `id` \\ ;"
    assert check_data({"commands": ["a"], "env": {"A": value, "LD_PRELOAD": "x", "PATH": "y"}}).first.env["A"] == value


# The whole text, where the problem is, its code, a part of the message, and of the hint.
MISTAKES = [
    ("comands: [a]\ncommands: [a]\n", "1:1 comands", "unknown_key", "`comands`", "`commands`"),
    ("name: x\n", "1:1 commands", "missing", "`commands` is missing", "Add `commands:`"),
    ("commands: []\n", "1:11 commands", "empty", "is empty", "order"),
    ("commands: [{dir: x}]\n", "1:12 commands[0].run", "test_without_command", "no command", "run:"),
    ("- a\n", "1:1", "wrong_type", "The job file must be keys and values", "key: value"),
    ("commands: [a]\nenv: {A: 5}\n", "2:10 env.A", "wrong_type", "must be text", '"5"'),
    ("commands: [a]\nenv: {HIVE_A: b}\n", "2:15 env.HIVE_A", "bad_name", "HIVE_A", "set by Hive"),
    ("commands: [a]\nenv: {A-B: b}\n", "2:12 env.A-B", "bad_name", "A-B", "letters"),
    ("commands: [a]\nsecrets: [token]\n", "2:11 secrets[0]", "bad_name", "token", "A-Z"),
    ("commands: [a]\nartifacts: ../x\n", "2:12 artifacts[0]", "path_escape", "..", "workspace"),
    ("commands: [a]\njunit: [/x]\n", "2:9 junit[0]", "path_escape", "absolute", "relative"),
    ("commands: [a]\nruns_on: [GPU]\n", "2:11 runs_on[0]", "bad_name", "GPU", "lower-case"),
    ("commands: [a]\nimage: -v\n", "2:8 image", "bad_name", "-v", "python:3.11"),
    ("commands: [a]\ntimeout: soon\n", "2:10 timeout", "wrong_type", "soon", "1h30m"),
    ("commands: [a]\nnetwork: lan\n", "2:10 network", "unknown_value", "lan", "internet"),
    ("commands: [a]\nimage: a\nsandbox: process\n", "1:1", "conflict", "`image`", "`sandbox: docker`"),
    ("commands: [a]\nenv: {T: a}\nsecrets: [T]\n", "1:1", "conflict", "`T`", "one of the two"),
    ("commands: ['${{ github.sha }}']\n", "1:12 commands[0].run", "unknown_reference", "github.sha", "no `matrix`"),
    (MATRIX + "[a]\n", "2:9 matrix", "wrong_type", "no axis", "python"),
    (MATRIX + "{v: x}\n", "2:13 matrix.v", "wrong_type", "list of values", "1 to 64"),
    (MATRIX + "{v: [a, a]}\n", "2:13 matrix.v", "duplicate", "`a`", "one of them"),
    (MATRIX + "{v: [[a]]}\n", "2:14 matrix.v[0]", "wrong_type", "one text", "Quote"),
    (MATRIX + "{v: [a], exclude: [{w: a}]}\n", "2:28 matrix.exclude[0]", "unknown_key", "no cell", "axes"),
    (MATRIX + "{v: [a], exclude: [{v: a}]}\n", "2:9 matrix", "empty", "no cell", "less"),
    (
        "commands: ['${{ matrix.w }}']\nmatrix: {v: [a, b]}\n",
        "1:12 commands[0].run",
        "unknown_reference",
        "matrix.w",
        "matrix.v",
    ),
]


@pytest.mark.parametrize(("text", "place", "code", "message", "hint"), MISTAKES)
def test_a_mistake_is_told_at_its_place(text: str, place: str, code: str, message: str, hint: str) -> None:
    problems = check(text).problems
    assert problems, "nothing was found wrong"
    (problem, *others) = problems
    assert not others, "\n".join(map(str, problems))
    found = f"{problem.line}:{problem.column} {problem.path}".strip()
    assert (found, problem.code) == (place, code)
    assert message in problem.message
    assert hint in problem.hint


def test_a_mistake_that_only_some_cells_have_is_told_at_its_line() -> None:
    (problem,) = check("commands: [a]\nimage: ${{ matrix.i }}\nmatrix: {i: [ok, -v]}\n").problems
    assert (problem.line, problem.path) == (2, "image")


def test_a_matrix_of_ten_thousand_cells_is_refused_before_any_is_made() -> None:
    axes = ", ".join(f"a{number}: [{', '.join(map(str, range(10)))}]" for number in range(4))
    (problem,) = check(MATRIX + f"{{{axes}}}").problems
    assert "10,000 cells" in problem.message


def test_ten_thousand_tags_are_refused() -> None:
    (problem,) = check_data({"commands": ["a"], "runs_on": [f"t{number}" for number in range(10_000)]}).problems
    assert problem.code == "out_of_range"


def test_a_file_of_megabytes_is_refused_by_its_size() -> None:
    (problem,) = check("commands: [a]\n#" + "x" * MAX_BYTES).problems
    assert problem.code == "too_large"
