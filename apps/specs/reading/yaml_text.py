"""YAML text to nodes, straight from the parser's events.

Not through a loader: events carry the place of everything, are made by libyaml (25 times faster on 1 MiB than a parser
in Python), and let us stop at the first sign of a bomb, before anything is built.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml
from yaml import events as ev

from apps.specs.problems import Problems, StopReading
from apps.specs.reading.bounds import MAX_DEPTH, MAX_VALUES
from apps.specs.reading.nodes import Mark, Node, Scalar
from apps.specs.reading.scalars import resolve
from apps.specs.reading.yaml_errors import explain

try:
    from yaml._yaml import CParser as Parser
except ImportError:  # no libyaml in this build of PyYAML: slower, the same events

    class Parser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)


# libyaml compares every %TAG with all before it: 60,000 of them take 9 s. None is of use where tags are refused.
TAG_DIRECTIVE = re.compile(r"^%TAG\b", re.MULTILINE)


def read(text: str, problems: Problems) -> Node | None:
    """The document in `text`, with what is wrong with it as YAML added to `problems`; None if it cannot be read."""
    if directive := TAG_DIRECTIVE.search(text):
        problems.add(
            "tag", "%TAG is not used in specs.", "Remove it.", mark=(text.count("\n", 0, directive.start()) + 1, 1)
        )
        return None
    try:
        return _Composer(text, problems).document()
    except StopReading:
        return None
    except yaml.YAMLError as error:
        explain(error, problems)
        return None


class _Composer:
    """Builds the nodes of one document. Not in charge of what they mean."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.parser = Parser(text)
        self.problems = problems
        self.count = 0
        self.depth = 0
        self.anchors: dict[str, tuple[Node, int, int]] = {}  # node, values and levels that it stands for
        self.open_anchors: set[str] = set()
        self.deepest = 0

    def document(self) -> Node | None:
        self.parser.get_event()  # start of the stream
        if self.parser.check_event(ev.StreamEndEvent):
            self.problems.add("empty", "The spec is empty.", "Start with `id:` and `title:`.", mark=(1, 1))
            return None
        self.parser.get_event()  # start of the document
        node = self.node(None, "")
        self.parser.get_event()  # its end
        if not self.parser.check_event(ev.StreamEndEvent):
            mark = _mark(self.parser.get_event())
            self.problems.add("more_documents", "A second document starts here.", "One file is one spec.", mark=mark)
        return node

    def node(self, parent: Node | None, key: str | int) -> Node:
        event: Any = self.parser.get_event()
        mark = _mark(event)
        if isinstance(event, ev.AliasEvent):
            return self.alias(str(event.anchor), mark)
        self.charge(1, mark)
        self._refuse_tag(event, mark)
        before, outer_deepest, self.deepest = self.count, self.deepest, self.depth
        if event.anchor:
            self.open_anchors.add(event.anchor)
        node = Node(None, mark, parent, key)
        if isinstance(event, ev.ScalarEvent):
            node.value = self.scalar(event, node)
        else:
            self.collection(event, node)
        if event.anchor:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = (node, self.count - before + 1, self.deepest - self.depth)
        self.deepest = max(outer_deepest, self.deepest)
        return node

    def collection(self, event: Any, node: Node) -> None:
        self.enter(1, node.mark)
        if isinstance(event, ev.SequenceStartEvent):
            self.sequence(node)
        else:
            self.mapping(node)
        self.depth -= 1

    def sequence(self, node: Node) -> None:
        items: list[Node] = []
        while not self.parser.check_event(ev.SequenceEndEvent):
            items.append(self.node(node, len(items)))
        self.parser.get_event()
        node.value = items

    def mapping(self, node: Node) -> None:
        node.value = {}
        while not self.parser.check_event(ev.MappingEndEvent):
            key = self.node(node, "")
            name = key.text
            value = self.node(node, "?" if name is None else name)
            if name is None:
                message, hint = "A key must be text.", 'Quote it, as in "5": …'
                self.problems.add("wrong_type", message, hint, mark=key.mark, path=node.path)
            elif name in node.value:
                first = node.key_marks[name][0]
                message, hint = f"`{name}` stands twice.", f"It is already in line {first}; keep one of them."
                self.problems.add("duplicate_key", message, hint, mark=key.mark, path=value.path)
            else:
                node.put(name, value, key.mark)
        self.parser.get_event()

    def scalar(self, event: Any, node: Node) -> Scalar:
        value = resolve(event.value) if event.implicit[0] else event.value
        if isinstance(value, str) and "\x00" in value:
            self.problems.add(
                "nul", "This text holds a NUL character.", "Remove `\\0`.", mark=node.mark, path=node.path
            )
        if isinstance(value, float) and not math.isfinite(value):
            message, hint = "This number has no finite value.", "Write an ordinary number."
            self.problems.add("not_finite", message, hint, mark=node.mark, path=node.path)
            return 0
        return value

    def alias(self, anchor: str, mark: Mark) -> Node:
        if anchor in self.open_anchors:
            self.stop("alias", f"`*{anchor}` contains itself.", "Write the value out.", mark)
        if anchor not in self.anchors:
            self.stop("alias", f"`*{anchor}` has no `&{anchor}` before it.", "Write the value out.", mark)
        node, values, levels = self.anchors[anchor]
        self.charge(values, mark)
        self.enter(levels, mark)
        self.depth -= levels
        return node

    def charge(self, values: int, mark: Mark) -> None:
        self.count += values
        if self.count > MAX_VALUES:
            message = f"The spec holds more than {MAX_VALUES:,} values (aliases count with all they stand for)."
            self.stop("too_many_values", message, "Split it into several specs.", mark)

    def enter(self, levels: int, mark: Mark) -> None:
        self.depth += levels
        self.deepest = max(self.deepest, self.depth)
        if self.depth > MAX_DEPTH:
            self.stop("too_deep", f"This is nested deeper than {MAX_DEPTH} levels.", "Make it flatter.", mark)

    def stop(self, code: str, message: str, hint: str, mark: Mark) -> None:
        self.problems.add(code, message, hint, mark=mark)
        raise StopReading

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        if event.tag is not None:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")[:60]
            self.problems.add("tag", f"The tag `{shown}` is refused.", "A spec needs no tags; remove it.", mark=mark)


def _mark(event: Any) -> Mark:
    return event.start_mark.line + 1, event.start_mark.column + 1
