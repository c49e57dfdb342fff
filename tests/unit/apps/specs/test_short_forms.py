"""What people may write shorter, and what it stands for."""

from __future__ import annotations

import pytest

from apps.specs.schema import FileInput, Spec
from apps.specs.validate import check

HEAD = "id: a\ntitle: A\n"
TESTS = "tests: [{run: x}]\n"
SERVED = "deploy: {command: x}\n"


def spec_of(text: str) -> Spec:
    checked = check(text)
    assert checked.spec, "\n".join(map(str, checked.problems))
    return checked.spec


def test_a_spec_without_tasks_is_its_own_only_task() -> None:
    spec = spec_of(HEAD + TESTS + "description: d\nengine: model\noutputs: [{path: src}]\nconstraints: {pids: 7}\n")
    (task,) = spec.tasks
    assert (task.id, task.title, task.description, task.engine) == ("a", "A", "d", "model")
    assert (task.outputs[0].path, task.constraints.pids) == ("/workspace/tasks/a/src", 7)


def test_constraints_and_engine_beside_tasks_are_their_defaults() -> None:
    spec = spec_of(
        HEAD + "engine: model\nconstraints: {timeout: 1m, pids: 5}\ntasks:\n- {id: b, tests: [{run: x}]}\n"
        "- {id: c, engine: template, constraints: {pids: 9}, tests: [{run: x}]}\n"
    )
    b, c = spec.tasks
    assert [(task.engine, task.constraints.pids, task.constraints.timeout_s) for task in (b, c)] == [
        ("model", 5, 60.0),
        ("template", 9, 60.0),
    ]


def test_a_test_takes_the_timeout_of_its_task() -> None:
    (task,) = spec_of(HEAD + "constraints: {timeout: 90s}\ntests: [{run: x}, {run: y, timeout: 5}]\n").tasks
    assert [test.timeout_s for test in task.tests] == [90.0, 5.0]


def test_an_item_without_url_refines_the_one_before_it() -> None:
    spec = spec_of(
        HEAD + TESTS + SERVED + "acceptance:\n- url: http://devsite/\n- should_respond: 204\n- contains: x\n"
        "- within: 1m\n- url: http://devsite/b\n"
    )
    first, second = spec.acceptance
    assert (first.status, first.contains, first.within_s) == (204, "x", 60.0)
    assert (second.status, second.contains) == (200, None)


def test_there_is_nothing_to_refine_in_what_is_no_check() -> None:
    problems = check(HEAD + TESTS + SERVED + "acceptance: [null, {should_respond: 1}]").problems
    assert {(problem.path, problem.code) for problem in problems} == {
        ("acceptance[0]", "wrong_type"),
        ("acceptance[1].url", "missing"),
        ("acceptance[1].should_respond", "out_of_range"),
    }


@pytest.mark.parametrize("key", ["status", "should_respond"])
def test_the_status_has_two_names(key: str) -> None:
    spec = spec_of(HEAD + TESTS + SERVED + f"acceptance: [{{url: http://devsite/, {key}: 404}}]\n")
    assert spec.acceptance[0].status == 404


def test_both_names_at_once_are_one_too_many() -> None:
    problems = check(
        HEAD + TESTS + SERVED + "acceptance: [{url: http://devsite/, status: 1, should_respond: 404}]"
    ).problems
    assert "duplicate_key" in {problem.code for problem in problems}


def test_story_is_another_name_of_description() -> None:
    spec = spec_of(HEAD + "story: all\ntasks: [{id: b, story: this, tests: [{run: x}]}]\n")
    assert (spec.description, spec.tasks[0].description) == ("all", "this")


def test_relative_paths_start_in_the_task_s_home() -> None:
    (task,) = spec_of(
        HEAD + "inputs: [{type: file, path: ./src//x, content: ''}]\noutputs: [{path: src/}]\n"
        "tests: [{run: x, dir: sub}, {run: x, dir: /workspace}]\n"
    ).tasks
    assert isinstance(task.inputs[0], FileInput)
    assert (task.inputs[0].path, task.outputs[0].path) == ("/workspace/tasks/a/src/x", "/workspace/tasks/a/src")
    assert [test.dir for test in task.tests] == ["/workspace/tasks/a/sub", "/workspace"]


def test_what_tasks_share_by_an_alias_is_still_each_one_s_own() -> None:
    spec = spec_of(
        HEAD + "tasks:\n- {id: b, constraints: {timeout: 1m}, tests: &t [{run: x, dir: sub}]}\n- {id: c, tests: *t}\n"
    )
    tests = [task.tests[0] for task in spec.tasks]
    assert [test.dir for test in tests] == ["/workspace/tasks/b/sub", "/workspace/tasks/c/sub"]
    assert [test.timeout_s for test in tests] == [60.0, 600.0]


def test_acceptance_alone_deploys_by_the_template_s_defaults() -> None:
    spec = spec_of(HEAD + TESTS + "inputs: [{type: template, name: x}]\nacceptance: [{url: 'http://devsite:9000/'}]\n")
    assert spec.deploy is not None
    assert (spec.deploy.port, spec.deploy.environment, spec.deploy.directory) == (9000, "devsite", None)
    assert spec.deploy_source is not None


def test_without_acceptance_or_deploy_nothing_is_deployed() -> None:
    assert spec_of(HEAD + TESTS + "inputs: [{type: template, name: x}]\n").deploy is None


def test_an_empty_deploy_beside_acceptance_is_the_defaults() -> None:
    spec = spec_of(
        HEAD + TESTS + "inputs: [{type: template, name: x}]\ndeploy:\nacceptance: [{url: http://devsite/}]\n"
    )
    assert spec.deploy is not None


def test_the_dir_names_which_of_several_templates_is_deployed() -> None:
    tasks = "tasks:\n" + "".join(
        f"- {{id: {name}, tests: [{{run: x}}], inputs: [{{type: template, name: {name}}}]}}\n" for name in "bc"
    )
    assert [problem.code for problem in check(HEAD + tasks + "deploy: {}\n").problems] == ["nothing_to_deploy"]
    spec = spec_of(HEAD + tasks + "deploy: {dir: tasks/c}\n")
    assert spec.deploy_source is not None
    assert (spec.deploy_source[0].id, spec.deploy_dir) == ("c", "/workspace/tasks/c")


def test_a_task_s_own_checks_count_with_the_spec_s() -> None:
    spec = spec_of(
        HEAD + SERVED + "acceptance: [{url: http://devsite/}]\n"
        "tasks: [{id: b, tests: [{run: x}], acceptance: [{url: http://devsite/b}, {should_respond: 201}]}]\n"
    )
    assert [(check.url, check.status) for check in spec.checks] == [
        ("http://devsite/", 200),
        ("http://devsite/b", 201),
    ]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("500ms", 0.5),
        ("1d", 86400.0),
        ("2h 5m", 7500.0),
    ],
)
def test_durations(written: str, seconds: float) -> None:
    assert spec_of(f"{HEAD}{TESTS}timeout: {written}\n").timeout_s == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [("1048576", 2**20), ("512MB", 512 * 10**6), ("512 mb", 512 * 10**6), ("1.5GiB", 3 * 2**29), ("64M", 64 * 2**20)],
)
def test_sizes(written: str, size: int) -> None:
    (task,) = spec_of(f"{HEAD}{TESTS}constraints: {{memory: {written}}}\n").tasks
    assert task.constraints.memory_bytes == size


@pytest.mark.parametrize(
    ("written", "network"), [("none", "none"), ("false", "none"), ("internet", "internet"), ("true", "internet")]
)
def test_the_network_may_be_yes_or_no(written: str, network: str) -> None:
    (task,) = spec_of(f"{HEAD}{TESTS}constraints: {{network: {written}}}\n").tasks
    assert task.constraints.network == network
