"""YAML 1.2, from two parsers, and objects: one tree."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.specs.problems import Problems
from apps.specs.reading import objects, source, writing, yaml_text
from apps.specs.reading.nodes import Node, plain
from apps.specs.reading.scalars import resolve


def read(text: str) -> Any:
    problems = Problems()
    node = yaml_text.read(text, problems)
    assert not problems, problems.sorted()
    assert node is not None
    return plain(node)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("-12", -12),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        (".", "."),
        ("-", "-"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(word: str, value: object) -> None:
    found = resolve(word)
    assert (found, type(found)) == (value, type(value))


def test_quoted_words_are_text() -> None:
    assert read("['5', \"true\", 'null', !!str x]" if False else "['5', \"true\", 'null']") == ["5", "true", "null"]


def test_keys_that_look_like_yes_are_keys() -> None:
    assert read("on: 1\nno: 2\n") == {"on": 1, "no": 2}


def test_every_node_knows_where_it_stood() -> None:
    node = yaml_text.read("a:\n  - b: 1\n    c: [x, yy]\n", Problems())
    assert node is not None
    inner = node.mapping["a"].items[0]
    assert (inner.mapping["c"].items[1].mark, inner.mapping["c"].items[1].path) == ((3, 12), "a[0].c[1]")
    assert inner.key_mark("c") == (3, 5)


def test_a_byte_order_mark_moves_nothing() -> None:
    assert source.read(b"\xef\xbb\xbfid: a", Problems()) == "id: a"


def test_the_slow_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML without libyaml falls back to its own parser, which must see the same places and values."""

    class Slow(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
        def __init__(self, text: str) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)

    text = "a: &x [1, 'two', {b: no}]\nc: *x\nd: |\n  lines\n  more\ne: {f: ~, 'g': \"\\u00e9\"}\n"

    def shape(node: Node) -> object:
        inner = {k: shape(v) for k, v in node.mapping.items()} or [shape(v) for v in node.items] or node.value
        return node.mark, inner

    fast = yaml_text.read(text, Problems())
    monkeypatch.setattr(yaml_text, "Parser", Slow)
    slow = yaml_text.read(text, Problems())
    assert fast is not None
    assert slow is not None
    assert shape(fast) == shape(slow)


# What JSON can hold and a database can keep: any text without NUL and without halves of characters.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert read(writing.to_yaml(value)) == value


LOOK_ALIKES = ["no", "on", "0o17", "010", "1e3", "+.5", "null", "~", "2026-01-31", "1_000", "=", "<<", "-", "a: b"]


@pytest.mark.parametrize("word", LOOK_ALIKES)
def test_text_that_looks_like_something_else_stays_text(word: str) -> None:
    text = writing.to_yaml({"k": word})
    assert read(text) == {"k": word}
    assert yaml.safe_load(text) == {"k": word}, "other programs read YAML 1.1"


@settings(max_examples=100, deadline=None)
@given(values)
def test_an_object_is_read_as_its_json_would_be(value: Any) -> None:
    node = objects.read(value, Problems())
    assert node is not None
    assert plain(node) == value


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:- \n[]{},&*!|>'\"%#?~0."), max_size=60))
def test_any_text_is_read_or_refused_but_never_raises(text: str) -> None:
    problems = Problems()
    assert yaml_text.read(text, problems) is not None or problems
