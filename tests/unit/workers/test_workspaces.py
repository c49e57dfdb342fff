"""Each job's workspace is kept before its sandbox goes, however the job ends, and never at the job's cost."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from apps.artifacts.models import Artifact
from apps.artifacts.store import StoreUnavailable, installed, store
from apps.artifacts.store.memory import MemoryStore
from apps.projects.secrets import put_secret
from apps.runs.models import Run, Task
from apps.runs.outcome import JobFailed
from apps.runs.services.active import ActiveJob
from apps.runs.services.output import LeaseLost
from apps.runs.services.perform import attempt
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.jobs import held, planned, printed
from workers.coding.engines.port import EngineFailed
from workers.coding.write import write
from workers.deployment import choose
from workers.deployment.deploy import deploy
from workers.deployment.host.client import HostClient
from workers.deployment.targets.building import Builder
from workers.deployment.targets.process import ProcessTarget
from workers.testing import run_tests

RUN = [{"run": "true"}]


@pytest.fixture(autouse=True)
def _process_sandbox(settings: Settings) -> None:
    settings.SANDBOX = "process"


def job_of_tests(people: People, *commands: str | dict[str, object], **task: object) -> ActiveJob:
    """A job that is to run these tests on a commit that holds index.html."""
    run = planned(people, tests=[{"run": one} if isinstance(one, str) else one for one in commands], **task)
    commit = write(held(run, "coding.code", run.tasks.get())).data["commit"]
    Task.objects.update(commit=commit)
    Run.objects.update(commit=commit)
    return held(Run.objects.get(), "testing.test", Task.objects.get())


def workspace(active: ActiveJob, name: str = "workspace.tar.gz") -> dict[str, bytes]:
    artifact = Artifact.objects.get(job=active.row, kind="workspace", name=name)
    assert artifact.content_type == "application/gzip"
    data = io.BytesIO(b"".join(store().get(artifact.store_key)))
    with tarfile.open(fileobj=data, mode="r:gz") as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in found.items() if file is not None}


def test_a_green_job_leaves_its_workspace(people: People, home: Home) -> None:
    active = job_of_tests(people, "echo made > made.txt")
    assert run_tests.test(active).status == "completed"
    kept = workspace(active)
    assert kept["tasks/site/made.txt"] == b"made\n"
    assert kept["tasks/site/index.html"] == b"<h1>Hello</h1>"


def test_a_red_job_too(people: People, home: Home) -> None:
    active = job_of_tests(people, "echo why > core.txt; exit 3")
    assert run_tests.test(active).reason == "tests_failed"
    assert workspace(active)["tasks/site/core.txt"] == b"why\n"


def test_one_that_ran_out_of_time_too(people: People, home: Home) -> None:
    active = job_of_tests(people, {"run": "echo half > half.txt; sleep 600", "timeout": "1s"})
    assert run_tests.test(active).reason == "timed_out"
    assert workspace(active)["tasks/site/half.txt"] == b"half\n"


def test_one_that_was_canceled_too(people: People, home: Home) -> None:
    active = job_of_tests(people, "echo half > half.txt; echo ready; sleep 600")
    seen = active.log.write

    def cancel_when_ready(data: bytes) -> None:
        seen(data)
        if data.startswith(b"ready"):
            threading.Thread(target=active.stop, args=("canceled_by_user", "Enough.")).start()

    active.log.write = cancel_when_ready  # type: ignore[method-assign]
    assert attempt(active, run_tests.test).status == "canceled"
    assert workspace(active)["tasks/site/half.txt"] == b"half\n"


def test_one_whose_work_breaks_too(people: People, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    active = job_of_tests(people, "true")
    monkeypatch.setattr(run_tests, "run_command", broken)
    assert attempt(active, run_tests.test).reason == "infrastructure"
    assert "tasks/site/index.html" in workspace(active)


def test_a_worker_that_lost_its_lease_keeps_nothing(people: People, home: Home) -> None:
    active = job_of_tests(people, "true")
    active.lose()
    with pytest.raises(LeaseLost):
        attempt(active, run_tests.test)
    assert not Artifact.objects.filter(job=active.row, kind="workspace").exists()


def test_the_worktree_of_an_engine_that_failed_is_kept_without_gits_own_file(
    people: People, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers.coding import write as writing

    class Failing:
        name = "failing"

        def write_code(self, assignment: object, folder: object) -> None:
            (folder / "half.py").write_text("def ")  # type: ignore[operator]
            raise EngineFailed("It gave up.")

    run = planned(people)
    monkeypatch.setattr(writing, "engine_for", lambda *_: Failing())
    active = held(run, "coding.code", run.tasks.get())
    assert write(active).status == "failed"
    assert workspace(active) == {"half.py": b"def "}


def test_a_build_leaves_its_workspace_whether_it_is_green_or_red(
    people: People, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def target() -> ProcessTarget:
        return ProcessTarget(home.releases, Builder(home.work), HostClient(home.socket("host")))

    monkeypatch.setitem(choose.TARGETS, "process", target)
    active = job_of_tests(people, "true", deploy={"directory": ".", "build": "echo built > built.txt; exit 1"})
    run_tests.test(active)
    Task.objects.update(status="verified")
    deploying = held(Run.objects.get(), "deployment.deploy")
    with pytest.raises(JobFailed, match="build"):
        deploy(deploying)
    assert any(name.endswith("built.txt") for name in workspace(deploying))


def test_secrets_of_the_project_are_not_in_it(people: People, home: Home) -> None:
    put_secret(people.project, "TOKEN", "hunter2-hunter2")
    active = job_of_tests(people, 'printf "key=$TOKEN" > .env', secrets=["TOKEN"])
    assert run_tests.test(active).status == "completed"
    assert workspace(active)["tasks/site/.env"] == b"key=" + b"*" * 15


def test_each_task_of_a_whole_has_its_own(people: People, home: Home) -> None:
    tasks = [
        {
            "id": key,
            "inputs": [{"type": "file", "path": f"/workspace/{key}", "content": key}],
            "tests": [{"run": "true"}],
        }
        for key in ("one", "two")
    ]
    run = planned(people, tasks=tasks)
    commit = write(held(run, "coding.code", run.tasks.get(key="one"))).data["commit"]
    Run.objects.update(commit=commit)
    active = held(Run.objects.get(), "testing.verify")
    run_tests.verify(active)
    assert "one" in workspace(active, "one/workspace.tar.gz")
    assert "one" in workspace(active, "two/workspace.tar.gz")


def test_what_does_not_fit_is_left_out_and_said(people: People, home: Home, settings: Settings) -> None:
    settings.WORKSPACE_LIMIT_BYTES = 2**20
    active = job_of_tests(people, "head -c 2000000 /dev/zero > big; ln -s /etc/passwd out")
    assert run_tests.test(active).status == "completed"
    assert "tasks/site/big" not in workspace(active)
    said = printed(active)
    assert "[hive] Not in workspace.tar.gz: tasks/site/big: 2,000,000 bytes do not fit into 1 MiB" in said
    assert "tasks/site/out" in said


def test_none_is_kept_where_none_is_wanted(people: People, home: Home, settings: Settings) -> None:
    settings.WORKSPACE_LIMIT_BYTES = 0
    active = job_of_tests(people, "true")
    run_tests.test(active)
    assert not Artifact.objects.filter(kind="workspace").exists()


@pytest.fixture
def store_for_all_but_workspaces(home: Home) -> Iterator[None]:
    class Picky(MemoryStore):
        def put(self, stream, key, patience_s=0.0):  # type: ignore[no-untyped-def]
            data = b"".join(stream)
            if data.startswith(b"\x1f\x8b"):
                raise StoreUnavailable("Cannot write the artifact store: it does not answer.")
            return super().put([data], key)

    with installed(Picky()):
        yield


@pytest.mark.usefixtures("store_for_all_but_workspaces")
def test_a_store_that_takes_no_workspace_makes_no_good_job_fail(people: People) -> None:
    active = job_of_tests(people, "true")
    assert run_tests.test(active).status == "completed"
    assert "[hive] The workspace was not kept: Cannot write the artifact store" in printed(active)
