"""Which agents run a task's tests: how it is said, and what is refused."""

import pytest

from apps.specs.schema.runs_on import read_runs_on
from apps.specs.validate import check

HEAD = "id: a\ntitle: A\n"
TESTS = "tests: [{run: x}]\n"


@pytest.mark.parametrize("text", ["runs_on: gpu", "runs_on: [gpu]", "runs_on: {testing: [gpu]}"])
def test_tags_alone_are_those_of_testing(text: str) -> None:
    spec = check(f"{HEAD}{TESTS}{text}\n").spec
    assert spec is not None
    assert spec.tasks[0].runs_on is not None
    assert spec.tasks[0].runs_on.testing == ("gpu",)


def test_beside_tasks_it_is_the_default_of_those_that_say_nothing() -> None:
    tasks = "tasks:\n- {id: b, tests: [{run: x}]}\n- {id: c, runs_on: [], tests: [{run: x}]}\n"
    spec = check(f"{HEAD}runs_on: [gpu]\n{tasks}").spec
    assert spec is not None
    assert [task.runs_on.testing for task in spec.tasks if task.runs_on] == [("gpu",), ()]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{coding: [gpu]}", "he engine `template` writes no code on agents; the engine `commands` does"),
        ("{coding: [gpu]}\nengine: model", "he engine `model` writes no code on agents"),
        ("{coding: [GPU]}\ncommands: [x]", "lower-case"),
        ("[GPU]", "lower-case"),
        ("[a, a]", "listed twice"),
    ],
)
def test_what_no_agent_can_be_asked_for_is_refused_with_a_sentence(text: str, said: str) -> None:
    (problem,) = check(f"{HEAD}{TESTS}runs_on: {text}\n").problems
    assert said in f"{problem.message} {problem.hint}"


def test_what_a_request_says_is_read_by_the_same_rules() -> None:
    assert read_runs_on(["gpu"]) == {"testing": ["gpu"]}
    assert read_runs_on({"coding": ["gpu"]}) == {"coding": ["gpu"]}
    assert read_runs_on({}) == {"testing": [], "coding": []}
    with pytest.raises(ValueError, match="lower-case"):
        read_runs_on({"coding": ["GPU"]})


def test_commands_may_go_to_other_agents_than_tests() -> None:
    spec = check(f"{HEAD}{TESTS}commands: [x]\nruns_on: {{coding: [node], testing: [gpu]}}\n").spec
    assert spec is not None
    assert spec.tasks[0].runs_on is not None
    assert (spec.tasks[0].runs_on.coding, spec.tasks[0].runs_on.testing) == (("node",), ("gpu",))
