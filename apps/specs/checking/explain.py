"""pydantic's errors in our words, each at the place in the text that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from apps.specs.checking import words
from apps.specs.checking.nearest import Nearest
from apps.specs.checking.where import Place, follow
from apps.specs.problems import Problems
from apps.specs.reading.nodes import Node, join
from apps.specs.schema.rules import OWN_RULE
from apps.specs.schema.spec import SYNONYMS, TASK_KEYS


class Explainer:
    """Turns each error into one problem. The JSON Schema tells it what is known at a place, and its meaning."""

    task_keys: Sequence[str] = TASK_KEYS
    synonyms: Mapping[str, str] = SYNONYMS
    whole = "The spec"
    without_command = "This test has no command."
    of_tasks = True  # whether `commands` are those of a task, and not tests themselves

    def __init__(self, spec: Node, schema: dict[str, Any], problems: Problems, nearest: Nearest) -> None:
        self.spec = spec
        self.schema = schema
        self.problems = problems
        self.nearest = nearest

    def explain(self, error: ErrorDetails) -> None:
        place = follow(error["loc"], self.spec, self.schema)
        kind = error["type"]
        if kind == "too_short" and place.node.items:
            return  # pydantic counts valid entries only; what is wrong with these is told one by one
        if place.name == "run" and (kind in ("missing", OWN_RULE + "empty") or place.node.value is None):
            hint = "Give `run:` a shell line, such as ./run-tests.sh."
            if self.of_tasks and "commands[" in place.node.path:
                self._add(place, "command_without_line", "This command has no line.", "Give `run:` a shell line.")
            else:
                self._add(place, "test_without_command", self.without_command, hint)
        elif kind == "missing":
            self._missing(place)
        elif kind == "extra_forbidden":
            self._unknown_key(place)
        elif kind == "literal_error":
            self._add(place, "unknown_value", *self._unknown_value(place, place.allowed))
        elif kind == "union_tag_invalid":
            tag = place.node.get("type") or place.node
            self._add(
                Place(tag, tag, "type", {}), "unknown_value", *self._unknown_value(Place(tag, name="type"), place.tags)
            )
        elif kind == "union_tag_not_found":
            hint = f"Add `type:` with one of {', '.join(place.tags)}."
            self._add(place, "missing", "`type` is missing.", hint, key="type")
        elif kind.startswith(OWN_RULE):
            context = error.get("ctx", {})
            self._add(place, kind.removeprefix(OWN_RULE), _sentence(context["message"], place), context["hint"])
        else:
            self._add(place, *words.describe(error, place, self.whole))

    def _missing(self, place: Place) -> None:
        if place.node.parent is None and place.node is not self.spec and place.name in ("id", "title"):
            return  # the only task of a spec without `tasks`: told already of the spec itself
        meaning = place.described
        if place.name == "tests":
            meaning = "At least one `- run: …`; done means evidence."
        self._add(place, "missing", f"`{place.name}` is missing.", f"Add `{place.name}:`. {meaning}".strip())

    def _unknown_key(self, place: Place) -> None:
        known = list(place.known)
        if place.parent is self.spec:
            if place.name in self.task_keys:
                message = f"`{place.name}` belongs to a task where a spec has `tasks`."
                self._add(place, "misplaced_key", message, "Move it into the task that it is about.", at_key=True)
                return
            known += self.task_keys
        known += [short for short, long in self.synonyms.items() if long in known]
        hint = self.nearest.hint(place.name, known)
        if place.name == "<<":
            hint = "Merge keys are no part of YAML 1.2; write the keys out."
        self._add(place, "unknown_key", f"`{place.name[:80]}` is not known here.", hint, at_key=True)

    def _unknown_value(self, place: Place, allowed: list[str]) -> tuple[str, str]:
        written = place.node.value
        one_of = f"Use one of: {', '.join(allowed)}."
        if not isinstance(written, str):
            return f"`{place.name}` cannot be {words.kind_of(place.node)}.", one_of
        near = self.nearest.to(written, allowed)
        return (
            f"`{written[:80]}` is not one of the values known here.",
            f"Did you mean `{near}`? {one_of}" if near else one_of,
        )

    def _add(
        self, place: Place, code: str, message: str, hint: str = "", *, at_key: bool = False, key: str = ""
    ) -> None:
        path = place.node.path
        mark = place.node.mark
        if place.absent or key:
            path = join(path, key or place.name)
        elif at_key and place.parent is not None:
            mark = place.parent.key_mark(place.name)
        self.problems.add(code, message, hint, mark=mark, path=path)


def _sentence(message: str, place: Place) -> str:
    """Our rules say `this is …`; here it is known what this is called."""
    if message.startswith("this is ") and place.name:
        return f"`{place.name}` {message.removeprefix('this ')}"
    return message[:1].upper() + message[1:]
