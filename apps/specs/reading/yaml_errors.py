"""The parser's complaints in words that say what to do."""

from __future__ import annotations

import yaml

from apps.specs.problems import Problems

# What the parser says, in part, and what its reader most likely has to change.
HINTS = {
    "mapping values are not allowed": "A value that holds `: ` needs quotes; a key starts on its own line.",
    "cannot start any token": "Indent with spaces, never tabs; quote a value that starts with @, ` or %.",
    "did not find expected key": "Check the indentation: keys of one section start in the same column.",
    "did not find expected '-' indicator": "Check the indentation: items of one list start in the same column.",
    "could not find expected ':'": "A key needs `: ` after it.",
    "block sequence entries are not allowed": "A list starts on the line after its key.",
    "did not find expected node content": "A bracket is not closed, or a value is missing.",
    "expected ',' or": "Close the bracket, or put a comma between the items.",
    "unexpected end of stream": "A quote or a bracket is not closed.",
    "found unexpected document indicator": "A quote or a bracket is not closed.",
    "expected <document start>": "Start with `id:`; a spec is keys and values.",
    "found unknown escape character": r"In double quotes `\` starts an escape; write `\\`, or use single quotes.",
}


def explain(error: yaml.YAMLError, problems: Problems) -> None:
    """Add the parser's error, at its place, with the hint that fits."""
    said = str(getattr(error, "problem", None) or error)
    place = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    mark = (place.line + 1, place.column + 1) if place else (1, 1)
    hint = next((advice for part, advice in HINTS.items() if part in said), "Check quotes, colons and indentation.")
    problems.add("yaml", f"This is not YAML: {said}.", hint, mark=mark)
