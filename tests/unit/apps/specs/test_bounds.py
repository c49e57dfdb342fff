"""Whatever is sent, reading it ends soon, and says why it was refused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from apps.specs.validate import check, check_data, check_file

MIB = 1024 * 1024
HEAD = "id: a\ntitle: A\n"
TESTS = "tests: [{run: x}]\n"
SOON_S = 10.0  # of processor time: what else runs on the machine is not this code's doing


def codes(source: str | bytes) -> list[str]:
    return [problem.code for problem in check(source).problems]


def padded(text: str, size: int) -> str:
    return text + "#" * (size - len(text))


def test_a_mebibyte_is_accepted() -> None:
    assert check(padded(HEAD + TESTS, MIB)).ok


def test_a_byte_more_is_refused_with_its_size() -> None:
    (problem,) = check(padded(HEAD + TESTS, MIB + 1)).problems
    assert (problem.code, "1,048,577 bytes" in problem.message) == ("too_large", True)


def test_the_size_is_that_of_the_bytes_not_of_the_letters() -> None:
    assert codes("# " + "é" * (MIB // 2)) == ["too_large"]


def test_a_large_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * MIB)  # a hole, larger than any memory here
    (problem,) = check_file(path).problems
    assert "53,687,091,200 bytes" in problem.message


def test_a_large_object_is_refused_with_its_size() -> None:
    checked = check_data({"id": "a", "title": "A", "description": "x" * 2 * MIB, "tests": [{"run": "x"}]})
    assert [problem.code for problem in checked.problems] == ["too_large"]


def test_a_full_spec_of_thousands_of_tasks_is_read_in_seconds() -> None:
    text = HEAD + "tasks:\n"
    number = 0
    while len(text) < MIB - 300:
        before = f"[t{number - 1}]" if number else "[]"
        text += (
            f"- id: t{number}\n  title: Task {number}\n  depends_on: {before}\n  inputs:\n  - type: template\n"
            f"    name: simple-static\n  outputs:\n  - path: src\n  tests:\n  - run: ./run-tests.sh\n"
        )
        number += 1
    began = time.process_time()
    checked = check(text)
    assert checked.spec is not None
    assert len(checked.spec.tasks) == number > 5000
    assert time.process_time() - began < SOON_S


PATHOLOGICAL = {
    "deep brackets": "[" * MIB,
    "deep keys": "{a: " * (MIB // 4),
    "deep questions": "? " * (MIB // 2),
    "deep indent": "".join(" " * depth + "a:\n" for depth in range(1400)),
    "many values": HEAD + TESTS + "inputs: [{type: template, name: x, values: {a: [" + "a," * 500_000 + "a]}}]",
    "many tasks": HEAD + "tasks:\n" + "- 1\n" * 250_000,
    "many tests": HEAD + "tests:\n" + "- 1\n" * 250_000,
    "many unknown keys": "".join(f"k{number}: 1\n" for number in range(80_000)),
    "one key again and again": "a: 1\n" * 200_000,
    "many wrong dependencies": HEAD
    + "tasks:\n"
    + "".join(f"- {{id: t{number}, depends_on: [u{number}], tests: [{{run: x}}]}}\n" for number in range(9999)),
    "one long cycle": HEAD
    + "tasks:\n"
    + "".join(f"- {{id: t{n}, depends_on: [t{(n + 1) % 9999}], tests: [{{run: x}}]}}\n" for n in range(9999)),
    "many tag directives": "".join(f"%TAG !a{number}! b\n" for number in range(60_000)) + "---\na",
    "many tags": "- !x a\n" * 140_000,
    "many refinements": HEAD + TESTS + "acceptance:\n- url: http://devsite\n" + "- {status: 1}\n" * 70_000,
    "a long row of digits as a duration": HEAD + TESTS + "timeout: '" + "1" * 900_000 + "'",
    "a long row of digits as a number": HEAD + TESTS + "timeout: " + "1" * 900_000,
    "a long row of digits as a size": HEAD + TESTS + "constraints: {memory: '" + "1" * 900_000 + "'}",
    "a long path": HEAD + TESTS + "outputs: [{path: '" + "../" * 300_000 + "'}]",
    "a long host": HEAD + TESTS + "acceptance: [{url: 'http://" + "a." * 400_000 + "'}]",
}


@pytest.mark.parametrize("text", PATHOLOGICAL.values(), ids=PATHOLOGICAL.keys())
def test_what_is_made_to_hurt_is_refused_soon(text: str) -> None:
    began = time.process_time()
    problems = check(text).problems
    assert 0 < len(problems) <= 1001
    assert max(len(str(problem)) for problem in problems) < 1000, "a message repeats what was sent"
    assert time.process_time() - began < SOON_S


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"{name}: &{name} [{','.join([f'*{old}'] * 10)}]" for old, name in zip("abcdef", "bcdefg", strict=True)]
    assert codes("\n".join(lines)) == ["too_many_values"]


def test_aliases_cannot_be_nested_beyond_the_depth() -> None:
    text = "a: &a [[[[[[[[[[1]]]]]]]]]]\nb: &b [[[[[[[[[[*a]]]]]]]]]]\nc: &c [[[[[[[[[[*b]]]]]]]]]]\nd: [[[[[*c]]]]]"
    assert codes(text) == ["too_deep"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not_utf8"),
        (b"\x7fELF\x02\x01\x01\x00", "not_text"),
        ("id: a".encode("utf-16"), "not_utf8"),
        ("id: \x07", "not_text"),
        ("id: \ud800", "not_text"),
        ("", "empty"),
        ("# only a comment", "empty"),
        ("a: b: c", "yaml"),
        ("a:\n\t- x", "yaml"),
        ("[", "yaml"),
        ("'", "yaml"),
        ("id: *x", "alias"),
        ("a: &a [*a]", "alias"),
    ],
)
def test_what_is_no_yaml_is_said_to_be_none(source: str | bytes, code: str) -> None:
    assert codes(source) == [code]


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!custom", "!!str", "!<tag:x.org,2002:y>"])
def test_tags_are_refused(tag: str) -> None:
    assert codes(f"id: {tag} a\ntitle: A\n{TESTS}") == ["tag"]


def test_a_second_document_is_refused() -> None:
    (problem,) = check(f"{HEAD}{TESTS}---\n{HEAD}").problems
    assert (problem.code, problem.line) == ("more_documents", 4)


@pytest.mark.parametrize("value", [".nan", "-.inf", "1e999"])
def test_numbers_without_a_value_are_refused(value: str) -> None:
    assert codes(f"{HEAD}{TESTS}inputs: [{{type: template, name: x, values: {{a: {value}}}}}]") == ["not_finite"]


def test_an_object_with_an_endless_nest_is_refused() -> None:
    nest: list[object] = []
    nest.append(nest)
    assert [problem.code for problem in check_data({"id": nest}).problems] == ["too_deep"]


@pytest.mark.parametrize("value", [float("nan"), "a\x00b", "\ud800", {1, 2}, b"x", {5: "x"}])
def test_what_no_json_holds_is_refused(value: object) -> None:
    problems = check_data({"id": "a", "title": "A", "tests": [{"run": "x"}], "description": value}).problems
    assert problems
    assert {problem.line for problem in problems} == {None}


def test_random_bytes_never_raise() -> None:
    for _ in range(200):
        assert check(os.urandom(200)).problems


def test_validating_does_not_load_django() -> None:
    """`hive spec validate FILE` must answer at once."""
    program = "import sys, apps.specs.validate as v; v.check('a: 1'); sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
