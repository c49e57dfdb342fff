"""deployment.deploy and what is done to live releases, on a fake target."""

from collections.abc import Callable

import pytest

from apps.releases.models import Environment, Release
from apps.runs.models import Job, Run, Task
from apps.runs.outcome import JobFailed
from apps.runs.services.output import LeaseLost
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned
from workers.coding.write import write
from workers.deployment import choose, operate
from workers.deployment.deploy import deploy
from workers.deployment.targets.fake import FakeTarget
from workers.deployment.targets.port import Build, Health, TargetError
from workers.sandbox.port import Ended

RED = Health(False, 500, 3.0, "Answered 500; asked for a 2xx status.", 7)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> FakeTarget:
    target = FakeTarget()
    monkeypatch.setitem(choose.TARGETS, "process", lambda: target)
    return target


@pytest.fixture
def tested(people: People, home: Home) -> Callable[[], Run]:
    """Makes runs that are ready to be deployed."""

    def make() -> Run:
        run = planned(people)
        commit = write(held(run, "coding.code", run.tasks.get())).data["commit"]
        Task.objects.filter(run=run).update(commit=commit, status="verified")
        Run.objects.filter(pk=run.pk).update(commit=commit)
        return Run.objects.get(pk=run.pk)

    return make


def statuses() -> list[str]:
    return list(Release.objects.order_by("pk").values_list("status", flat=True))


def test_a_release_is_built_started_looked_at_and_only_then_shown(
    tested: Callable[[], Run], target: FakeTarget
) -> None:
    outcome = deploy(held(tested(), "deployment.deploy"))
    release = Release.objects.get()
    name = f"r{release.pk}"
    assert [call for call in target.calls if call[1] == name] == [
        ("build", name),
        ("start", name),
        ("healthy", name),
        ("switch", name),
    ]
    assert outcome.data["url"] == release.environment.url == "http://127.0.0.1:8080"
    assert Environment.objects.get().live == release


def test_the_next_release_supersedes_the_one_before_and_keeps_it(tested: Callable[[], Run], target: FakeTarget) -> None:
    first = deploy(held(tested(), "deployment.deploy")).data["release"]
    second = deploy(held(tested(), "deployment.deploy")).data["release"]
    environment = Environment.objects.get()
    assert statuses() == ["superseded", "live"]
    assert (environment.live_id, environment.previous_id) == (second, first)
    assert ("stop", f"r{first}") in target.calls


def test_a_release_that_is_not_healthy_is_never_shown(tested: Callable[[], Run], target: FakeTarget) -> None:
    first = deploy(held(tested(), "deployment.deploy")).data["release"]
    target.health[f"r{first + 1}"] = RED
    with pytest.raises(JobFailed) as caught:
        deploy(held(tested(), "deployment.deploy"))
    assert caught.value.outcome.reason == "unhealthy"
    assert statuses() == ["live", "failed"]
    assert Environment.objects.get().live_id == first


def test_a_red_build_is_a_reasoned_failure_with_its_output(tested: Callable[[], Run], target: FakeTarget) -> None:
    red = Build(False, "It exited with 2.", Ended.EXITED, 2, output="no such page")
    target.builds = dict.fromkeys((f"r{number}" for number in range(1000)), red)
    with pytest.raises(JobFailed) as caught:
        deploy(held(tested(), "deployment.deploy"))
    assert caught.value.outcome.reason == "script_failed"
    assert caught.value.outcome.data["output"] == "no such page"


def test_a_target_that_fails_is_infrastructure(
    tested: Callable[[], Run], target: FakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_release: str) -> None:
        raise TargetError("The host is not running.")

    monkeypatch.setattr(target, "start", away)
    with pytest.raises(JobFailed) as caught:
        deploy(held(tested(), "deployment.deploy"))
    assert caught.value.outcome.reason == "infrastructure"
    assert statuses() == ["failed"]


def test_a_deployer_that_lost_its_lease_shows_nothing(
    tested: Callable[[], Run], target: FakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = held(tested(), "deployment.deploy")
    healthy = target.healthy

    def slow(release: str, within_s: float) -> Health:
        Job.objects.filter(pk=active.row.pk).update(lease_token="another")
        return healthy(release, within_s)

    monkeypatch.setattr(target, "healthy", slow)
    with pytest.raises(LeaseLost):
        deploy(active)
    assert not [call for call in target.calls if call[0] == "switch"]


def test_what_a_dead_attempt_left_half_deployed_is_cleared_away(tested: Callable[[], Run], target: FakeTarget) -> None:
    run = tested()
    dead = held(run, "deployment.deploy")
    environment = Environment.objects.create(project=run.project)
    Release.objects.create(
        environment=environment,
        run=run,
        job=dead.row,
        commit=run.commit,
        target="process",
        config={},
        status="deploying",
    )
    Job.objects.filter(pk=dead.row.pk).update(status="failed")
    deploy(held(run, "deployment.deploy", attempt=2))
    assert statuses() == ["failed", "live"]


def test_a_rollback_brings_the_release_before_back(tested: Callable[[], Run], target: FakeTarget) -> None:
    first = deploy(held(tested(), "deployment.deploy")).data["release"]
    second = deploy(held(tested(), "deployment.deploy")).data["release"]
    operate.roll_back(second)
    restored = Release.objects.get(restores=first)
    assert statuses() == ["superseded", "rolled_back", "live"]
    assert Environment.objects.get().live == restored
    assert target.shown[f"e{restored.environment_id}"][0] == f"r{first}"


def test_a_rollback_twice_is_once(tested: Callable[[], Run], target: FakeTarget) -> None:
    deploy(held(tested(), "deployment.deploy"))
    second = deploy(held(tested(), "deployment.deploy")).data["release"]
    operate.roll_back(second)
    operate.roll_back(second)
    assert statuses() == ["superseded", "rolled_back", "live"]


def test_stopping_hides_the_environment(tested: Callable[[], Run], target: FakeTarget) -> None:
    release = deploy(held(tested(), "deployment.deploy")).data["release"]
    operate.stop(release)
    assert statuses() == ["stopped"]
    assert Environment.objects.get().live is None
    assert target.shown[f"e{Release.objects.get().environment_id}"][0] is None


def test_only_a_live_release_is_restarted(tested: Callable[[], Run], target: FakeTarget) -> None:
    release = deploy(held(tested(), "deployment.deploy")).data["release"]
    operate.restart(release)
    assert ("restart", f"r{release}") in target.calls
    operate.stop(release)
    target.calls.clear()
    operate.restart(release)
    assert target.calls == []
