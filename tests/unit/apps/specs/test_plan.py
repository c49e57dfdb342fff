"""The plan: an order that honours every dependency, and every cycle by name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.specs.schema import Spec
from apps.specs.validate import Checked, check_data


def planned(needs: dict[str, list[str]]) -> Checked:
    tasks = [{"id": key, "depends_on": wanted, "tests": [{"run": "x"}]} for key, wanted in needs.items()]
    return check_data({"id": "s", "title": "S", "tasks": tasks})


def order(needs: dict[str, list[str]]) -> list[str]:
    spec = planned(needs).spec
    assert isinstance(spec, Spec)
    return [task.id for task in spec.tasks]


def cycles(needs: dict[str, list[str]]) -> list[str]:
    return [problem.message for problem in planned(needs).problems if problem.code == "cycle"]


def test_tasks_stand_in_topological_order() -> None:
    assert order({"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": []}) == ["a", "c", "b", "d"]


def test_where_the_order_is_free_it_is_as_written() -> None:
    assert order({"c": [], "a": [], "b": []}) == ["c", "a", "b"]


def test_a_cycle_is_named() -> None:
    (message,) = cycles({"a": ["c"], "b": ["a"], "c": ["b"]})
    assert "a → c → b → a" in message


def test_each_cycle_is_told_and_who_only_waits_for_one_is_not() -> None:
    found = cycles({"a": ["b"], "b": ["a"], "x": ["y"], "y": ["x"], "late": ["a", "x"]})
    assert len(found) == 2
    assert not any("late" in message for message in found)


def test_a_dependency_on_nothing_names_the_nearest() -> None:
    (problem,) = planned({"build-site": [], "check": ["build-sites"]}).problems
    assert (problem.code, problem.path) == ("unknown_dependency", "tasks[1].depends_on[0]")
    assert "`build-site`" in problem.hint


def test_ten_thousand_tasks_in_a_row_need_no_recursion() -> None:
    row = {f"t{number}": [f"t{number + 1}"] for number in range(9999)} | {"t9999": []}
    assert order(row)[0] == "t9999"


@given(st.lists(st.lists(st.integers(0, 7), max_size=4), min_size=1, max_size=8))
def test_any_plan_is_either_ordered_or_has_a_cycle(wanted: list[list[int]]) -> None:
    needs = {f"t{key}": [f"t{need}" for need in row if need < len(wanted)] for key, row in enumerate(wanted)}
    checked = planned(needs)
    if checked.spec:
        seen: set[str] = set()
        for task in checked.spec.tasks:
            assert set(task.depends_on) <= seen
            seen.add(task.id)
        assert seen == set(needs)
    else:
        assert {problem.code for problem in checked.problems} == {"cycle"}
