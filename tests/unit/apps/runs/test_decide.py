"""decide(): what happens next."""

from dataclasses import replace

from apps.runs.plan.decide import End, JobView, OpenGate, Publish, Repair, Snapshot, Stop, TaskView, Wait, decide
from apps.runs.plan.workflows import TaskLink, nodes

PLAN, CODE, TEST, DEPLOY, ACCEPT = (
    "manager.plan",
    "coding.code:a",
    "testing.test:a",
    "deployment.deploy",
    "monitoring.accept",
)


def run(gates: tuple[str, ...] = (), **jobs: str) -> Snapshot:
    """A running run with one task; jobs by short name, `status` or `status:reason` or `status:reason:attempt`."""
    names = {"plan": PLAN, "code": CODE, "test": TEST, "deploy": DEPLOY, "accept": ACCEPT}
    views = {}
    for number, (name, told) in enumerate(jobs.items()):
        status, reason, attempt = (*told.split(":"), "", "")[:3]
        views[names[name]] = JobView(number, status, int(attempt or 1), reason, f"because {reason}")
    return Snapshot(
        "running", nodes("build", [TaskLink("a")], gates, deploys=True), jobs=views, tasks={"a": TaskView("a")}
    )


def published(decision: object) -> list[str]:
    assert isinstance(decision, Publish)
    return [node.key for wave in decision.waves for chain in wave for node in chain]


def test_everything_that_is_left_is_published_at_once() -> None:
    assert published(decide(run(plan="completed"))) == [CODE, TEST, DEPLOY, ACCEPT]


def test_a_running_job_is_waited_for() -> None:
    assert decide(run(plan="completed", code="running")) == Wait()


def test_a_run_is_completed_when_every_step_is() -> None:
    everything = dict.fromkeys(("plan", "code", "test", "deploy", "accept"), "completed")
    assert decide(run(**everything)) == End("completed")  # type: ignore[arg-type]


def test_an_ended_run_is_left_alone() -> None:
    assert decide(replace(run(plan="completed"), status="failed")) == Wait()


def test_a_lost_job_is_tried_again() -> None:
    assert published(decide(run(plan="completed", code="failed:lost"))) == [CODE, TEST, DEPLOY, ACCEPT]


def test_a_job_that_failed_for_infrastructure_rests_before_it_is_tried_again() -> None:
    failed = run(plan="completed", code="failed:infrastructure")
    resting = replace(failed, jobs={**failed.jobs, CODE: replace(failed.jobs[CODE], resting=True)})
    assert decide(resting) == Wait()
    assert published(decide(failed)) == [CODE, TEST, DEPLOY, ACCEPT]


def test_a_job_that_is_lost_again_and_again_ends_the_run() -> None:
    decision = decide(run(plan="completed", code="failed:lost:3"))
    assert decision == End("failed", "lost", "because lost")  # type: ignore[arg-type]


def test_a_failure_of_the_work_ends_the_run_with_its_reason() -> None:
    decision = decide(run(plan="completed", code="failed:output_missing"))
    assert decision == End("failed", "output_missing", "because output_missing")  # type: ignore[arg-type]


def test_red_tests_go_back_to_coding_while_the_spec_allows_it() -> None:
    red = replace(run(plan="completed", code="completed", test="failed:tests_failed"), repair_rounds=1)
    assert decide(red) == Repair("a", "tests_failed", "because tests_failed")
    assert isinstance(decide(replace(red, tasks={"a": TaskView("a", round=2)})), End)


def test_a_repair_that_changed_nothing_about_the_failure_is_the_last_one() -> None:
    red = replace(run(plan="completed", code="completed", test="failed:tests_failed"), repair_rounds=5)
    same = replace(red, jobs={**red.jobs, TEST: replace(red.jobs[TEST], same_failure=True)})
    decision = decide(same)
    assert isinstance(decision, End)
    assert (decision.reason, "no further round" in decision.message) == ("same_failure", True)


def test_an_image_that_is_missing_is_nothing_that_other_code_would_mend() -> None:
    red = replace(run(plan="completed", code="completed", test="failed:image_missing"), repair_rounds=1)
    assert decide(red) == End("failed", "image_missing", "because image_missing")  # type: ignore[arg-type]


def test_a_lost_test_job_is_no_reason_for_a_repair() -> None:
    lost = replace(run(plan="completed", code="completed", test="failed:lost"), repair_rounds=1)
    assert published(decide(lost)) == [TEST, DEPLOY, ACCEPT]


def test_siblings_are_stopped_before_a_failed_run_ends() -> None:
    plan = nodes("build", [TaskLink("a"), TaskLink("b")])
    jobs = {
        PLAN: JobView(1, "completed"),
        CODE: JobView(2, "failed", 1, "stuck", "why"),
        "coding.code:b": JobView(3, "running"),
    }
    assert decide(Snapshot("running", plan, jobs=jobs)) == Stop("stuck", "why")
    jobs["coding.code:b"] = JobView(3, "canceled", 1, "sibling_failed", "")
    assert decide(Snapshot("running", plan, jobs=jobs)) == End("failed", "stuck", "why")  # type: ignore[arg-type]


def test_a_canceled_run_ends_when_its_last_job_has() -> None:
    asked = replace(run(plan="completed", code="running"), stop_reason="canceled_by_user", stop_message="by ann")
    assert decide(asked) == Wait()
    ended = replace(asked, jobs={PLAN: JobView(1, "completed"), CODE: JobView(2, "canceled", 1, "canceled_by_user")})
    assert decide(ended) == End("canceled", "canceled_by_user", "by ann")  # type: ignore[arg-type]


def test_a_run_that_is_stopped_for_time_has_failed_unless_it_never_began() -> None:
    late = replace(run(plan="completed"), stop_reason="timed_out", stop_message="late")
    assert decide(late) == End("failed", "timed_out", "late")  # type: ignore[arg-type]
    assert decide(replace(late, status="queued")) == End("canceled", "timed_out", "late")  # type: ignore[arg-type]


def test_a_gate_is_opened_when_it_is_reached_and_waited_for() -> None:
    before = run(("before_deploy",), plan="completed", code="completed", test="completed")
    assert decide(before) == OpenGate("before_deploy")
    assert decide(replace(before, gates={"before_deploy": ("pending", "")})) == Wait()
    assert published(decide(replace(before, gates={"before_deploy": ("approved", "")}))) == [DEPLOY, ACCEPT]


def test_work_before_a_gate_is_published_up_to_it() -> None:
    assert published(decide(run(("before_deploy",), plan="completed"))) == [CODE, TEST]


def test_a_rejected_gate_ends_the_run() -> None:
    rejected = replace(run(("after_plan",), plan="completed"), gates={"after_plan": ("rejected", "not like this")})
    assert decide(rejected) == End("failed", "rejected", "not like this")  # type: ignore[arg-type]


def for_agents(**jobs: str) -> Snapshot:
    """As run(), where an agent is to test."""
    plan = nodes("build", [TaskLink("a")], deploys=True)
    tagged = tuple(replace(node, runs_on=("arm",)) if node.key == TEST else node for node in plan)
    return replace(run(**jobs), nodes=tagged)


def test_what_an_agent_does_gets_no_message_and_neither_does_what_comes_after() -> None:
    decision = decide(for_agents(plan="completed"))
    assert published(decision) == [CODE]
    assert isinstance(decision, Publish)
    assert decision.for_agents == ()


def test_an_agents_job_is_made_when_its_turn_has_come_and_then_waited_for() -> None:
    decision = decide(for_agents(plan="completed", code="completed"))
    assert isinstance(decision, Publish)
    assert (published(decision), [node.key for node in decision.for_agents]) == ([], [TEST])
    assert decide(for_agents(plan="completed", code="completed", test="queued")) == Wait()


def test_after_an_agents_job_the_rest_is_published() -> None:
    assert published(decide(for_agents(plan="completed", code="completed", test="completed"))) == [DEPLOY, ACCEPT]


def test_an_agents_lost_job_is_made_once_more() -> None:
    decision = decide(for_agents(plan="completed", code="completed", test="failed:lost"))
    assert isinstance(decision, Publish)
    assert [node.key for node in decision.for_agents] == [TEST]


def asked(gate: str) -> Snapshot:
    waits = run(plan="completed", code="canceled:asked:9")
    return replace(waits, jobs={**waits.jobs, CODE: replace(waits.jobs[CODE], gate=gate, answer="No.")})


def test_work_that_asked_waits_for_its_gate_and_goes_on_after_it_however_often() -> None:
    assert decide(asked("pending")) == Wait()
    assert published(decide(asked("approved"))) == [CODE, TEST, DEPLOY, ACCEPT]


def test_a_job_whose_questions_are_rejected_ends_the_run() -> None:
    assert decide(asked("rejected")) == End("failed", "rejected", "No.")  # type: ignore[arg-type]


def test_tests_on_an_agent_are_packed_before_and_judged_after() -> None:
    plan = nodes("build", [TaskLink("a", runs_on=("gpu",)), TaskLink("b", ("a",))])
    steps = {node.key: (node.after, node.runs_on) for node in plan}
    assert steps["testing.on_agent:a"] == (("testing.pack:a",), ("gpu",))
    assert steps["testing.test:a"] == (("testing.on_agent:a",), ())
    assert steps["testing.verify"] == (("coding.merge", "testing.merged_on_agent:a"), ())
    assert "testing.pack:b" not in steps


def test_a_task_whose_commands_an_agent_runs_is_packed_run_and_taken_back() -> None:
    plan = nodes("build", [TaskLink("a", runs_on=("gpu",), codes_on=("node",))])
    steps = {node.key: (node.after, node.runs_on) for node in plan}
    assert steps["coding.pack:a"] == (("manager.plan",), ())
    assert steps["coding.on_agent:a"] == (("coding.pack:a",), ("node",))
    assert steps["coding.code:a"] == (("coding.on_agent:a",), ())
    assert steps["testing.on_agent:a"] == (("testing.pack:a",), ("gpu",))


def test_what_may_not_run_twice_is_taken_back_twice_all_the_same() -> None:
    plan = nodes("build", [TaskLink("a", codes_on=("node",))])
    done = {key: JobView(n, "completed") for n, key in enumerate((PLAN, "coding.pack:a", "coding.on_agent:a"))}
    once = {"a": TaskView("a", repeatable=False)}
    lost = Snapshot("running", plan, jobs={**done, CODE: JobView(9, "failed", 1, "lost")}, tasks=once)
    assert published(decide(lost)) == [CODE, TEST]
    gone = {**done, "coding.on_agent:a": JobView(9, "failed", 1, "lost")}
    assert isinstance(decide(replace(lost, jobs=gone)), End)


def test_red_tests_do_not_bring_commands_back_that_may_not_run_twice() -> None:
    red = run(plan="completed", code="completed", test="failed:tests_failed")
    assert isinstance(decide(replace(red, repair_rounds=2)), Repair)
    once = {"a": TaskView("a", repeatable=False)}
    assert isinstance(decide(replace(red, repair_rounds=2, tasks=once)), End)
