"""What is true of a container, beside what is true of every sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import OpenSandbox, need
from tests.contract.sandbox.shell import eventually, py, run, sh
from tests.servers.docker import PYTHON_IMAGE, engine
from workers.sandbox import Ended, Limits, Sandbox, SandboxError, open_sandbox
from workers.sandbox.docker import janitor, trial
from workers.sandbox.docker.engine import Engine, EngineAway
from workers.sandbox.docker.images import ImageMissing

MIB = 2**20
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def docker() -> None:
    need("docker")


@pytest.fixture
def ours() -> Engine:
    """An installation of this test's own."""
    return Engine(installation=f"test-{os.urandom(6).hex()}")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    need("docker")
    limits = Limits(cpus=1, tmp_bytes=8 * MIB)
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_sandbox("docker", scratch=Path(scratch), label="box", limits=limits) as box,
    ):
        yield box


def on_the_engine(ours: Engine) -> dict[str, list[str]]:
    """What there is of an installation; for containers, whether they run."""
    mine = {"label": f"hive.home={ours.installation}"}
    with engine() as client:
        return {
            "containers": [each.status for each in client.containers.list(all=True, filters=mine, ignore_removed=True)],
            "networks": [each.name for each in client.networks.list(filters=mine)],
            "volumes": [each.name for each in client.volumes.list(filters=mine)],
        }


NOTHING: dict[str, list[str]] = {"containers": [], "networks": [], "volumes": []}


def test_only_the_jobs_own_places_can_be_written_to(box: Sandbox) -> None:
    seen = sh(box, "find / -xdev -type d -writable 2>/dev/null; touch /x /usr/x /etc/x; find /dev -type d -writable")
    places = {line for line in seen.text.splitlines() if line.startswith("/")}
    assert places <= {"/workspace", "/home/job", "/tmp", "/dev/shm", "/dev/mqueue"}
    assert seen.text.count("Read-only file system") == 3
    assert sh(box, "touch /workspace/x /home/job/x /tmp/x && echo fine").text == "fine\n"


def test_tmp_is_bounded_by_the_kernel(box: Sandbox) -> None:
    seen = sh(box, "head -c 100000000 /dev/zero >/tmp/big; stat -c %s /tmp/big; rm /tmp/big")
    assert "No space left" in seen.text
    assert str(8 * MIB) in seen.text


def test_a_cpu_is_all_that_one_cpu_gives(box: Sandbox) -> None:
    files = "/sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us"
    assert sh(box, f"cat {files} 2>/dev/null").text.split() == ["100000", "100000"]


def test_there_is_no_swap_and_jobs_go_before_hive(box: Sandbox) -> None:
    assert sh(box, "cat /proc/self/oom_score_adj").text == "1000\n"
    files = "/sys/fs/cgroup/memory.swap.max /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"
    assert sh(box, f"cat {files} 2>/dev/null").text.strip() in ("0", str(2 * 2**30))


def test_only_the_loopback_is_there(box: Sandbox) -> None:
    assert py(box, "import socket; print([name for _, name in socket.if_nameindex()])").text == "['lo']\n"


def test_no_privilege_is_left_even_to_be_gained(box: Sandbox) -> None:
    seen = sh(box, "grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status")
    assert [line.split()[1] for line in seen.text.splitlines()] == ["0" * 16, "1", "2"]


def test_a_job_cannot_end_or_trace_what_holds_its_container(box: Sandbox) -> None:
    run(box, "python3", "-c", "import os; os.kill(-1, 9)")
    assert not sh(box, "cat /proc/1/environ").result.ok
    assert sh(box, "kill -9 1; echo still answering").text.endswith("still answering\n")


def test_the_image_of_the_task_is_used(scratch: Path) -> None:
    engine = Engine(images=("debian:*",))
    with open_sandbox("docker", scratch=scratch, label="a", engine=engine, image="debian:bookworm-slim") as sandbox:
        assert run(sandbox, "python3").result.exit_code == 127
        assert sh(sandbox, ". /etc/os-release; echo $ID").text == "debian\n"


@pytest.mark.parametrize(("image", "why"), [("debian:no-such-tag", "has no image"), ("evil/image", "not allowed")])
def test_an_image_that_cannot_be_used_is_named(scratch: Path, ours: Engine, image: str, why: str) -> None:
    engine = Engine(pull="never", installation=ours.installation)
    with (
        pytest.raises(ImageMissing, match=f"'{image}'.*{why}|{image}.*{why}|{why} '{image}'"),
        open_sandbox("docker", scratch=scratch, label="a", engine=engine, image=image),
    ):
        pass
    assert on_the_engine(ours) == NOTHING
    assert list(scratch.iterdir()) == []


def test_other_kinds_have_no_image(scratch: Path) -> None:
    with pytest.raises(SandboxError, match="use `docker`"):
        open_sandbox("process", scratch=scratch, label="a", image=PYTHON_IMAGE)


def test_an_engine_that_does_not_answer_is_told(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(EngineAway, match="hive doctor"), open_sandbox("docker", scratch=scratch, label="a"):
        pass
    assert list(scratch.iterdir()) == []


def test_everything_of_a_sandbox_carries_its_job_and_lease_and_goes_with_it(scratch: Path, ours: Engine) -> None:
    label = "job-12-abcdef123456"
    with open_sandbox("docker", scratch=scratch, label=label, engine=ours, limits=Limits(network=True)) as sandbox:
        assert run(sandbox, "true").result.ok
        there = on_the_engine(ours)
        assert {sort: len(found) for sort, found in there.items()} == {"containers": 1, "networks": 1, "volumes": 2}
        with engine() as client:
            [container] = client.containers.list(filters={"label": [f"hive.home={ours.installation}"]})
            assert container.labels["hive.job"] == "12"
            assert container.labels["hive.lease"] == "abcdef123456"
    assert on_the_engine(ours) == NOTHING


WORKER = """
import sys
from pathlib import Path
from workers.sandbox import Limits, open_sandbox
from workers.sandbox.docker.engine import Engine
scratch, installation, label = sys.argv[1:]
wanted = dict(engine=Engine(installation=installation), limits=Limits(network=True))
with open_sandbox("docker", scratch=Path(scratch), label=label, **wanted) as sandbox:
    command = ["sh", "-c", "(setsid sleep 600 &); echo ready; sleep 600"]
    sandbox.run(command, timeout_s=600, on_output=lambda data: print(data, flush=True))
"""


def test_a_worker_killed_at_any_moment_leaves_nothing_that_the_janitor_does_not_find(
    scratch: Path, ours: Engine
) -> None:
    """It ends by itself as soon as its worker is dead; the janitor takes away what is left, unless the lease lives."""
    argv = [sys.executable, "-c", WORKER, os.fspath(scratch), ours.installation, "job-7-abc"]
    worker = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert b"ready" in worker.stdout.readline()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert eventually(lambda: on_the_engine(ours)["containers"] == ["exited"])
    assert janitor.sweep(ours, lambda: {"job-7-abc"}) == []
    assert janitor.sweep(Engine(installation="another"), set) == []
    assert len(janitor.sweep(ours, lambda: {"job-7-other"})) == 4
    assert on_the_engine(ours) == NOTHING


@pytest.mark.parametrize(
    "step", ["create_volume", "put_archive", "create_network", "create_container", "attach_socket"]
)
def test_a_worker_killed_while_it_makes_one_leaves_what_the_janitor_finds(
    scratch: Path, ours: Engine, step: str
) -> None:
    dying = f"import os, docker\ndocker.APIClient.{step} = lambda *_, **__: os.kill(os.getpid(), 9)\n"
    argv = [sys.executable, "-c", dying + WORKER, os.fspath(scratch), ours.installation, "job-8-abc"]
    assert subprocess.run(argv, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    janitor.sweep(ours, set)
    assert on_the_engine(ours) == NOTHING


def test_the_janitor_leaves_a_sandbox_of_no_job_to_its_owner(scratch: Path, ours: Engine) -> None:
    with open_sandbox("docker", scratch=scratch, label="build-3", engine=ours) as sandbox:
        assert janitor.sweep(ours, set) == []
        assert run(sandbox, "true").result.ok


def test_folders_nested_deeper_than_the_engine_can_remove_are_removed(scratch: Path, ours: Engine) -> None:
    """It opens one descriptor per level, and gives up; a volume would be left for ever."""
    script = "import os\nfor _ in range(30000):\n  os.mkdir('d', 0o300)\n  os.chdir('d')"
    with open_sandbox("docker", scratch=scratch, label="deep", engine=ours) as sandbox:
        run(sandbox, "python3", "-c", script)
    assert on_the_engine(ours) == NOTHING


def test_out_of_memory_is_told_whoever_was_ended_for_it(open_kind: OpenSandbox) -> None:
    sandbox = open_kind("docker", memory_bytes=64 * MIB)
    seen = sh(sandbox, "head -c 200000000 /dev/zero | tail >/dev/null; echo the shell lived on")
    assert seen.result.ended is Ended.OUT_OF_MEMORY
    assert seen.result.message == "It ran out of memory; 64 MiB are allowed."
    assert sh(sandbox, "echo next").text == "next\n"


def test_processes_are_bounded_by_the_kernel(open_kind: OpenSandbox) -> None:
    script = (
        "import os, time\nstarted = 0\n"
        "try:\n  for _ in range(300):\n    started += 1\n    if os.fork() == 0:\n      time.sleep(600)\n"
        "except BlockingIOError:\n  print('refused after', started, flush=True)\ntime.sleep(600)"
    )
    seen = py(open_kind("docker", processes=40), script)
    assert seen.result.ended is Ended.TOO_MANY_PROCESSES
    assert 40 <= int((seen.text or "refused after 40").split()[2]) <= 40 + 32


def test_the_trial_finds_that_the_limits_hold() -> None:
    found = trial.attempt(Engine())
    assert found.held, found.complaints


def test_the_trial_finds_a_limit_that_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that forgets what it was told, as one on a kernel without the control groups does."""
    from docker import APIClient

    honest = APIClient.create_host_config

    def forgetful(self: APIClient, *args: object, **options: object) -> dict[str, object]:
        return honest(self, **{key: value for key, value in options.items() if key != "pids_limit"})

    monkeypatch.setattr(APIClient, "create_host_config", forgetful)
    assert trial.attempt(Engine()).complaints == ("nothing limits the number of processes",)
