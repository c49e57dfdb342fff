"""manager.specify: a scripted provider over real HTTP, the real validator, the real budget, real rows."""

from __future__ import annotations

from typing import Any

import pytest

from apps.events.models import Event
from apps.runs.models import Gate, ModelCall, Purse
from apps.runs.plan.workflows import PLAN, SPECIFY
from apps.runs.services.approve import approve_gate
from apps.runs.services.start import retry_run
from apps.specs.models import SpecVersion
from hive.home import Home
from tests.conftest import People
from tests.providers import calls, says, scripted
from tests.unit.workers.jobs import held, printed
from tests.unit.workers.manager.specify.story import ASKS, COLOUR, PROPOSES, SPEC, STORY, told, use, work
from workers.manager.specify.tools import MOST_PROPOSALS
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)
CHANGES = {"write", "edit", "apply_patch", "shell", "git_commit"}


def test_a_story_becomes_a_kept_spec_that_the_run_is_of(people: People, home: Home, settings: Any) -> None:
    run = told(people)
    with scripted([PROPOSES]) as provider:
        use(settings, provider)
        active, outcome = work(run)
    assert outcome.status == "completed", outcome.message
    version = SpecVersion.objects.get()
    assert (version.story, version.text, version.created_by) == (STORY, SPEC, people.owner)
    assert (run.spec_version, run.title, run.engine) == (version, "A greeting", "model")
    assert STORY in provider.seen[0].last
    assert ModelCall.objects.get().job_id == active.row.pk
    assert [job.step for job in run.jobs.order_by("pk")] == [SPECIFY]


def test_what_is_wrong_with_it_goes_back_and_the_next_one_is_taken(people: People, home: Home, settings: Any) -> None:
    run = told(people)
    wrong = calls("propose_spec", spec=SPEC.replace("tests: ", "test: "))
    with scripted([wrong, says("Let me see."), PROPOSES]) as provider:
        use(settings, provider)
        active, outcome = work(run)
    assert outcome.status == "completed"
    assert "Did you mean" in provider.seen[1].last or "tests" in provider.seen[1].last
    assert "Proposal 1 has" in printed(active)


def test_a_model_that_never_proposes_a_valid_one_is_stopped(people: People, home: Home, settings: Any) -> None:
    run, count = told(people), iter(range(100))
    with scripted(lambda _: calls("propose_spec", spec=f"id: try-{next(count)}\n")) as provider:
        use(settings, provider)
        _, outcome = work(run)
    assert (outcome.reason, len(provider.seen)) == ("invalid_spec", MOST_PROPOSALS)
    assert f"No valid spec in {MOST_PROPOSALS} proposals" in outcome.message


def test_a_model_that_only_talks_is_stuck(people: People, home: Home, settings: Any) -> None:
    run = told(people)
    with scripted(lambda _: says("I am thinking about it.")) as provider:
        use(settings, provider)
        _, outcome = work(run)
    assert (outcome.status, outcome.reason) == ("failed", "stuck")
    assert outcome.message.startswith("No spec was written.")


def test_at_the_cap_of_its_own_budget_it_ends(people: People, home: Home, settings: Any) -> None:
    run = told(people, budget={"calls": 1})
    with scripted([says("Hm."), PROPOSES]) as provider:
        use(settings, provider)
        _, outcome = work(run)
    assert (outcome.reason, len(provider.seen)) == ("budget_exhausted", 1)
    assert Purse.objects.get(scope="run").max_calls == 1


def test_the_spec_may_make_the_purse_smaller_and_never_larger(people: People, home: Home, settings: Any) -> None:
    run = told(people, budget={"calls": 5})
    with scripted([calls("propose_spec", spec=f"{SPEC}budget: {{calls: 9, tokens: 100000}}\n")]) as provider:
        use(settings, provider)
        work(run)
    purse = Purse.objects.get(scope="run")
    assert (purse.max_calls, purse.max_tokens, purse.used_calls) == (5, 100_000, 1)


def test_what_is_unclear_is_one_gate_and_the_spec_is_written_with_the_answers(
    people: People, home: Home, settings: Any
) -> None:
    run = told(people)
    with scripted([ASKS, calls("ask", questions=[{"text": "And the size?"}]), PROPOSES]) as provider:
        use(settings, provider)
        _, asked = work(run)
        assert (asked.status, asked.reason, len(provider.seen)) == ("canceled", "asked", 1)
        approve_gate(Gate.objects.get(), people.owner, answers=["red"])
        _, outcome = work(run)
    assert outcome.status == "completed", outcome.message
    assert "1. Which colour?\n   red" in provider.seen[1].last
    assert "is not asked again" in provider.seen[2].last
    assert (len(provider.seen), Gate.objects.count()) == (3, 1)


def test_an_unattended_run_has_nobody_to_ask(people: People, home: Home, settings: Any) -> None:
    run = told(people, unattended=True)
    with scripted([ASKS, PROPOSES]) as provider:
        use(settings, provider)
        _, outcome = work(run)
    assert outcome.status == "completed"
    assert "ask" not in provider.seen[0].tools
    assert "Assumptions:" in provider.seen[0].messages[0][1]
    assert not Gate.objects.exists()


def test_in_plan_mode_what_changes_things_is_absent(people: People, home: Home, settings: Any) -> None:
    run = told(people)
    _commit(people, "app.py", "GREETING = 'Hello'\n")
    with scripted([calls("grep", pattern="GREETING"), calls("write", path="x", content="x"), PROPOSES]) as provider:
        use(settings, provider)
        _, outcome = work(run)
    assert outcome.status == "completed", outcome.message
    assert set(provider.seen[0].tools) == {"read", "glob", "grep", "spec_help", "ask", "propose_spec"}
    assert "app.py:1:GREETING" in provider.seen[1].last
    assert "There is no tool 'write'" in provider.seen[2].last
    assert not CHANGES & {tool for seen in provider.seen for tool in seen.tools}


def test_an_empty_repository_has_nothing_to_read(people: People, home: Home, settings: Any) -> None:
    run = told(people)
    with scripted([calls("spec_help", part="deploy"), PROPOSES]) as provider:
        use(settings, provider)
        work(run)
    assert set(provider.seen[0].tools) == {"spec_help", "ask", "propose_spec"}
    assert "| `health` |" in provider.seen[1].last


def test_an_attempt_that_was_cut_off_after_the_answer_is_not_paid_twice(
    people: People, home: Home, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = told(people)
    with scripted([PROPOSES]) as provider:
        use(settings, provider)
        with monkeypatch.context() as cut:
            cut.setattr("workers.manager.specify.tools.check", _dies)
            _, first = work(run)
        assert first.reason == "infrastructure"
        run.jobs.update(finished_at=None)  # it has rested
        _, second = work(run)
    assert (second.status, len(provider.seen)) == ("completed", 1)
    assert ModelCall.objects.count() == 1


def test_secrets_of_the_project_do_not_get_into_the_spec(people: People, home: Home, settings: Any) -> None:
    from apps.projects.secrets import put_secret

    put_secret(people.project, "TOKEN", "s3cr3t-value-1234")
    run = told(people)
    with scripted([calls("propose_spec", spec=SPEC.replace("in English", "s3cr3t-value-1234"))]) as provider:
        use(settings, provider)
        work(run)
    assert "s3cr3t" not in SpecVersion.objects.get().text


def test_without_a_model_the_job_says_what_to_set(people: People, home: Home, settings: Any) -> None:
    settings.MODELS = {}
    _, outcome = work(told(people))
    assert (outcome.status, outcome.reason) == ("failed", "script_failed")
    assert "Set HIVE_MODEL=provider/name" in outcome.message


def test_the_plan_is_made_from_the_written_spec(people: People, home: Home, settings: Any) -> None:
    from apps.runs.services.finish import finish
    from workers.manager.plan import plan

    run = told(people)
    with scripted([PROPOSES]) as provider:
        use(settings, provider)
        work(run)
    held_job = held(run, PLAN)
    finish(held_job, plan(held_job), run.epoch)
    assert [(task.key, task.title) for task in run.tasks.all()] == [("page", "The page")]


def test_a_retry_builds_the_written_spec_and_does_not_pay_for_it_again(
    people: People, home: Home, settings: Any
) -> None:
    run = told(people, unattended=True, budget={"usd": 1})
    with scripted([PROPOSES]) as provider:
        use(settings, provider)
        work(run)
    again = retry_run(run, people.owner)
    assert (again.workflow, again.spec_version, again.engine) == ("build", run.spec_version, "model")
    assert (again.story, again.unattended, again.budget) == (STORY, True, {"usd": 1})
    assert again.jobs.get().step == PLAN


def test_events_tell_what_goes_on(people: People, home: Home, settings: Any) -> None:
    run = told(people)
    with scripted([ASKS]) as provider:
        use(settings, provider)
        work(run)
    types = list(Event.objects.filter(run_id=run.pk).values_list("type", flat=True))
    assert {"phase", "model", "tool_start", "gate"} <= set(types)
    assert Event.objects.filter(type="gate").get().data["questions"] == [COLOUR["text"]]


def _dies(_text: str) -> None:
    raise RuntimeError("The machine went away.")


def _commit(people: People, name: str, text: str) -> None:
    from workers.repo.worktree import checkout

    repository = repository_of(people.project)
    base = repository.resolve("refs/heads/main")
    with checkout(repository, base, repository.path.parent / "tree-of-a-test") as tree:
        (tree.path / name).write_text(text)
        repository.set_branch("main", tree.commit("Before"))
