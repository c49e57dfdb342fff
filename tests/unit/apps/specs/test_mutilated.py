"""A good spec with anything in any place: always an answer, never an exception, each problem with its place."""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.specs.reading import writing
from apps.specs.validate import check, check_data, check_file

ROOT = Path(__file__).resolve().parents[4]
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    7,
    1.5,
    "",
    " ",
    "x",
    "..",
    "/",
    "http://",
    "10m",
    [],
    {},
    [None],
    [[]],
    {"": 1},
]
ODD += [
    {"url": 5},
    {"type": "file"},
    {"type": "template", "name": "x"},
    {"id": "a"},
    {"id": 5, "tests": [{}]},
    "\u2028",
    "é",
]
KEYS = [
    "id",
    "tasks",
    "tests",
    "acceptance",
    "should_respond",
    "story",
    "depends_on",
    "deploy",
    "type",
    "<<",
    "",
    "a b",
]


@functools.cache
def whole(name: str) -> Any:
    spec = check_file(ROOT / "specs" / f"{name}.yaml").spec
    assert spec is not None
    return spec.model_dump(mode="json")


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way] + [place for key, child in inner for place in places(child, (*way, key))]


def mutilate(data: Any, chance: Any) -> Any:
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 4)):
        way = chance.choice(places(data))
        if not way:
            continue
        owner = functools.reduce(lambda value, key: value[key], way[:-1], data)
        what = chance.choice(["replace", "remove", "add"])
        if what == "replace":
            owner[way[-1]] = copy.deepcopy(chance.choice(ODD))
        elif what == "remove":
            del owner[way[-1]]
        elif isinstance(owner, dict):
            owner[chance.choice(KEYS)] = copy.deepcopy(chance.choice(ODD))
        else:
            owner.insert(0, copy.deepcopy(chance.choice(ODD)))
    return data


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["create-blog", "diamond", "approve-before-deploy"]), st.randoms(use_true_random=False))
def test_there_is_always_an_answer_and_it_is_the_same_for_text_and_object(name: str, chance: Any) -> None:
    data = mutilate(whole(name), chance)
    of_object = check_data(data)
    of_text = check(writing.to_yaml(data))
    assert of_text.spec == of_object.spec
    assert {(one.path, one.code) for one in of_text.problems} == {(one.path, one.code) for one in of_object.problems}
    assert of_text.ok is not bool(of_text.problems)
    for problem in of_text.problems:
        assert problem.line
        assert problem.column
        assert problem.message.endswith(".")
        assert problem.code != "invalid", f"an error of pydantic that nobody put into words: {problem}"
