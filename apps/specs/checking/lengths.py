"""Lists that are far too long are refused as a whole; going through them would only waste time."""

from __future__ import annotations

from apps.specs.problems import Problems
from apps.specs.reading.nodes import Node
from apps.specs.schema.spec import MAX_TASKS

MOST = 1000
OF_SPEC = {"tasks": MAX_TASKS, "acceptance": MOST, "gates": MOST}
OF_TASK = dict.fromkeys(("depends_on", "inputs", "outputs", "requirements", "tests", "acceptance"), MOST)


def within_lengths(spec: Node, problems: Problems) -> bool:
    """Whether every list of the spec may be looked at; else the problems are added."""
    before = len(problems.found)
    _check(spec, OF_SPEC, problems)
    if len(problems.found) == before:
        tasks = spec.get("tasks")
        for task in tasks.items if tasks else []:
            _check(task, OF_TASK, problems)
    return len(problems.found) == before


def _check(owner: Node, bounds: dict[str, int], problems: Problems) -> None:
    for key, most in bounds.items():
        section = owner.get(key)
        if section and len(section.items) > most:
            message = f"`{key}` has {len(section.items):,} entries; at most {most:,} are accepted."
            hint = "Split the spec into several."
            problems.add("out_of_range", message, hint, mark=section.mark, path=section.path)
