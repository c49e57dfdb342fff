"""A task's commands: how they are said, and what is refused."""

import pytest

from apps.specs.validate import check

HEAD = "id: a\ntitle: A\n"
TESTS = "tests: [{run: x}]\n"


def test_lines_alone_are_commands_and_name_the_engine() -> None:
    spec = check(f"{HEAD}{TESTS}commands: [./gen.sh, {{run: make, dir: src}}]\nconstraints: {{timeout: 1m}}\n").spec
    assert spec is not None
    (task,) = spec.tasks
    assert task.engine == "commands"
    said = [(one.run, one.dir, one.timeout_s) for one in task.commands]
    assert said == [("./gen.sh", None, 60.0), ("make", "/workspace/tasks/a/src", 60.0)]


def test_a_task_with_commands_does_not_take_the_engine_of_all_others() -> None:
    tasks = "tasks:\n- {id: b, tests: [{run: x}], commands: [y]}\n- {id: c, tests: [{run: x}]}\n"
    spec = check(f"{HEAD}engine: model\n{tasks}").spec
    assert spec is not None
    assert [task.engine for task in spec.tasks] == ["commands", "model"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("engine: commands", "no `commands` are listed"),
        ("engine: model\ncommands: [x]", "the engine is `model`, which runs none"),
        ("commands: ['']", "This command has no line"),
        ("commands: [{line: x}]", "This command has no line"),
        ("commands: [{run: x, dir: ../..}]", "climbs out"),
        ("commands: x", "a list"),
    ],
)
def test_what_cannot_be_run_is_told(text: str, said: str) -> None:
    problems = check(f"{HEAD}{TESTS}{text}\n").problems
    assert said in " ".join(f"{one.message} {one.hint}" for one in problems)
