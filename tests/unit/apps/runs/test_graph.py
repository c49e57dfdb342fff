"""The graph of steps: waves and chains."""

from hypothesis import given
from hypothesis import strategies as st

from apps.runs.plan.graph import Node, reachable, waves
from apps.runs.plan.workflows import ROLES, TaskLink, nodes


def keys(found: object) -> object:
    return [[[node.key for node in chain] for chain in wave] for wave in found]  # type: ignore[attr-defined]


def test_one_task_is_one_chain() -> None:
    plan = nodes("build", [TaskLink("a")], deploys=True)
    assert keys(waves(plan)) == [
        [["manager.plan", "coding.code:a", "testing.test:a", "deployment.deploy", "monitoring.accept"]]
    ]


def test_a_diamond_is_written_side_by_side_and_merged() -> None:
    links = [TaskLink("a"), TaskLink("b", ("a",)), TaskLink("c", ("a",)), TaskLink("d", ("b", "c"))]
    assert keys(waves(nodes("build", links))[1:]) == [
        [["coding.code:b", "testing.test:b"], ["coding.code:c", "testing.test:c"]],
        [["coding.code:d", "testing.test:d", "coding.merge", "testing.verify"]],
    ]


def test_two_lines_of_tasks_do_not_wait_for_each_other() -> None:
    links = [TaskLink("a"), TaskLink("b"), TaskLink("a2", ("a",)), TaskLink("b2", ("b",))]
    side_by_side = keys(waves(nodes("build", links))[1:2])
    assert side_by_side == [
        [
            ["coding.code:a", "testing.test:a", "coding.code:a2", "testing.test:a2"],
            ["coding.code:b", "testing.test:b", "coding.code:b2", "testing.test:b2"],
        ]
    ]


def test_gates_stand_where_the_spec_puts_them() -> None:
    plan = nodes("build", [TaskLink("a")], ["after_plan", "before_deploy"], deploys=True)
    assert [node.key for node in plan if node.is_gate] == ["gate.after_plan", "gate.before_deploy"]
    after = {node.key: node.after for node in plan}
    assert after["coding.code:a"] == ("gate.after_plan",)
    assert after["deployment.deploy"] == ("gate.before_deploy",)


def test_a_plan_that_is_not_made_has_one_step() -> None:
    assert [node.key for node in nodes("build", [], ["after_plan"], deploys=True)] == ["manager.plan"]


def test_the_noop_workflow_passes_every_role_once() -> None:
    assert tuple(node.role for node in nodes("noop")) == ROLES


def test_what_waits_for_a_blocked_step_is_not_reachable() -> None:
    plan = nodes("build", [TaskLink("a"), TaskLink("b")], deploys=True)
    found = reachable(plan, done={"manager.plan"}, blocked={"coding.code:a"})
    assert [node.key for node in found] == ["coding.code:b", "testing.test:b"]


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Any acyclic graph of up to twelve nodes, in topological order."""
    size = draw(st.integers(1, 12))
    return [
        Node(f"n{i}", after=tuple(f"n{j}" for j in range(i) if draw(st.booleans()) and draw(st.booleans())))
        for i in range(size)
    ]


@given(graphs())
def test_every_node_comes_once_and_after_all_that_it_needs(graph: list[Node]) -> None:
    ended: set[str] = set()
    for wave in waves(graph):
        finished_in_wave = set()
        for chain in wave:
            so_far = set(ended)
            for node in chain:
                assert set(node.after) <= so_far
                so_far.add(node.key)
            finished_in_wave |= {node.key for node in chain}
        assert not finished_in_wave & ended
        ended |= finished_in_wave
    assert ended == {node.key for node in graph}


def test_with_an_origin_it_is_fetched_first_and_what_was_verified_is_pushed_before_it_is_deployed() -> None:
    plan = nodes("build", [TaskLink("a")], ["before_deploy"], deploys=True, has_origin=True)
    assert [node.key for node in plan] == [
        *("coding.fetch", "manager.plan", "coding.code:a", "testing.test:a", "coding.push"),
        *("gate.before_deploy", "deployment.deploy", "monitoring.accept"),
    ]
