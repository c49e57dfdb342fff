"""The sample specs on a real Hive, as a user runs them: with the `hive` command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.real.evidence import SPEC, check_ended_right
from tests.flows.real.hive import ROOT, Hive, running, until

SERVER = """
import http.server, os
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(os.environ["PORT"]), bind="127.0.0.1")
"""
pytestmark = [pytest.mark.flow]


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    with running(tmp_path_factory.mktemp("pipeline") / "home", HIVE_SANDBOX="") as hive:
        yield hive


def command(hive: Hive, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HIVE_")}
    return subprocess.run(
        [sys.executable, "-c", "from hive.cli.main import run; run()", *words],
        cwd=ROOT,
        env={**environ, "HIVE_HOME": str(hive.home)},
        capture_output=True,
        text=True,
        timeout=150,
    )


def test_the_sample_blog_becomes_a_site_that_answers(hive: Hive) -> None:
    done = command(hive, "run", "specs/create-blog.yaml", "--wait", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert answer["status"] == "completed"
    assert [job["role"] for job in answer["jobs"]] == ["manager", "coding", "testing", "deployment", "monitoring"]
    page = httpx.get(answer["release"]["url"], trust_env=False)
    assert page.status_code == 200
    assert "<title>" in page.text


def test_the_same_spec_again_is_a_new_release_at_the_same_address(hive: Hive) -> None:
    first, second = (
        json.loads(command(hive, "run", "specs/create-blog.yaml", "--wait", "--json").stdout)["release"]
        for _ in range(2)
    )
    assert first["url"] == second["url"]
    assert first["id"] < second["id"]
    assert httpx.get(second["url"], trust_env=False).status_code == 200


def test_a_diamond_is_written_side_by_side_merged_and_tested_as_a_whole(hive: Hive) -> None:
    done = command(hive, "run", "specs/diamond.yaml", "--wait", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    steps = [job["step"] for job in answer["jobs"]]
    assert steps.count("coding.code") == steps.count("testing.test") == 4
    assert {"coding.merge", "testing.verify"} <= set(steps)
    check_ended_right(hive, answer["id"])


def test_red_tests_go_back_to_coding_once_and_then_fail_the_run(hive: Hive) -> None:
    done = command(hive, "run", "specs/failing-tests.yaml", "--wait", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["reason"]) == (1, "failed", "tests_failed")
    assert [job["round"] for job in answer["jobs"] if job["step"] == "testing.test"] == [1, 2]


def test_a_gate_waits_until_it_is_approved(hive: Hive) -> None:
    started = json.loads(command(hive, "run", "specs/approve-before-deploy.yaml", "--json").stdout)
    gates = until(lambda: hive.get("gates", run=started["id"])["results"], 60, lambda: "no gate opens")
    assert "before_deploy" in command(hive, "approve").stdout
    approved = command(hive, "approve", str(gates[0]["id"]), "-m", "fine")
    assert "is approved" in approved.stdout
    check_ended_right(hive, started["id"])


def test_a_rejected_gate_ends_the_run(hive: Hive) -> None:
    started = json.loads(command(hive, "run", "specs/approve-before-deploy.yaml", "--json").stdout)
    gates = until(lambda: hive.get("gates", run=started["id"])["results"], 60, lambda: "no gate opens")
    command(hive, "approve", "--reject", str(gates[0]["id"]), "-m", "not now")
    run = hive.wait(started["id"])
    assert (run["status"], run["reason"], run["message"]) == ("failed", "rejected", "not now")


def test_cancel_stops_the_command_and_everything_it_started_within_two_seconds(hive: Hive) -> None:
    marker = f"sleep 4321.{os.getpid()}"  # on other servers, beside this one, runs the same test
    spec: dict[str, Any] = {**SPEC, "tests": [{"run": f"trap '' TERM; (setsid {marker} &) ; {marker}"}]}
    run_id = hive.start(spec=spec)
    until(lambda: _alive(marker), 60, lambda: "the test never starts")
    assert "being canceled" in command(hive, "cancel", str(run_id)).stdout
    run = hive.wait(run_id, 60)
    assert (run["status"], run["reason"]) == ("canceled", "canceled_by_user")
    assert not _alive(marker)
    stopped = next(one for one in hive.all(f"runs/{run_id}/jobs") if one["step"] == "testing.test")
    assert stopped["status"] == "canceled"


def _alive(marker: str) -> list[int]:
    return [pid for pid, words in _processes() if words == marker]


def test_a_run_that_is_waited_for_and_canceled_exits_with_three(hive: Hive) -> None:
    started = json.loads(command(hive, "run", "specs/approve-before-deploy.yaml", "--json").stdout)
    command(hive, "cancel", str(started["id"]))
    assert hive.wait(started["id"])["status"] == "canceled"


def test_logs_of_a_run_are_printed_whole(hive: Hive) -> None:
    run_id = hive.start(spec=SPEC)
    followed = command(hive, "logs", str(run_id), "-f").stdout
    assert "\ntested\n" in followed
    assert "\ntested\n" in command(hive, "logs", str(run_id)).stdout


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ({"run": "sleep 100", "timeout": 1}, "timed_out"),
        ({"run": "exec python3 -c \"raise SystemExit('no')\""}, "tests_failed"),
        ({"run": "echo 'Ran 0 tests in 0.0s'"}, "no_tests"),
    ],
    ids=["too long", "red", "nothing run"],
)
def test_every_failure_has_its_reason(hive: Hive, test: dict[str, Any], reason: str) -> None:
    run = hive.wait(hive.start(spec={**SPEC, "tests": [test], "repair": {"rounds": 0}}))
    assert (run["status"], run["reason"]) == ("failed", reason)


def test_silence_is_ended_with_its_reason(hive: Hive) -> None:
    spec = {**SPEC, "tests": [{"run": "sleep 100"}], "constraints": {"no_output": 1}, "repair": {"rounds": 0}}
    assert hive.wait(hive.start(spec=spec))["reason"] == "no_output"


def test_the_runs_own_timeout_ends_it(hive: Hive) -> None:
    spec = {**SPEC, "timeout": 2, "tests": [{"run": "while true; do echo x; sleep 0.2; done"}]}
    run = hive.wait(hive.start(spec=spec))
    assert (run["status"], run["reason"]) == ("failed", "timed_out")


def test_a_release_that_dies_is_seen_restarted_and_recorded(hive: Hive) -> None:
    spec = {
        **SPEC,
        "id": "mortal",
        "inputs": [*SPEC["inputs"], {"type": "file", "path": "mortal.py", "content": SERVER}],
        "deploy": {"command": "python3 mortal.py", "port": 18090},
        "acceptance": [{"url": "http://devsite:18090/", "contains": "Hello"}],
    }
    run = hive.wait(hive.start(spec=spec))
    assert run["status"] == "completed", run
    pids = until(lambda: _running("mortal.py"), 60, lambda: "the release does not run")
    for pid in pids:
        os.kill(pid, 9)
    events = until(
        lambda: [
            one
            for one in hive.get(f"runs/{run['id']}/events", page_size=100, after=20)["results"]
            if one["type"] == "incident"
        ],
        60,
        lambda: "no incident is recorded",
    )
    assert events[0]["data"]["to"] == "open"
    until(lambda: _answers(run["release"]["url"]), 60, lambda: "the release does not come back")


def _running(script: str) -> list[int]:
    """Processes of this script, inside their sandboxes."""
    return [pid for pid, words in _processes() if words.endswith(f" {script}")]


def _processes() -> Iterator[tuple[int, str]]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield int(path.parent.name), path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_story_without_a_model_says_what_to_configure(hive: Hive) -> None:
    refused = command(hive, "run", "--story", "A blog about bees")
    assert refused.returncode == 2
    assert "HIVE_MODEL" in refused.stderr


def test_a_bad_spec_is_refused_with_every_problem_at_its_line(hive: Hive, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: x\ntitel: A\noutputs:\n  - path: ../../etc\ntests:\n  - run: 'true'\n")
    refused = command(hive, "run", str(bad), "--wait")
    assert refused.returncode == 2
    assert f"{bad}:2:1: `titel` is not known here. Did you mean `title`?" in refused.stderr
    assert f"{bad}:4:11:" in refused.stderr


def test_what_is_no_text_or_too_large_is_refused(hive: Hive, tmp_path: Path) -> None:
    (tmp_path / "junk").write_bytes(os.urandom(1000))
    (tmp_path / "large").write_bytes(b"#" * (2 * 1024 * 1024))
    assert "is not a text" in command(hive, "run", str(tmp_path / "junk")).stderr
    assert "1 MiB at most" in command(hive, "run", str(tmp_path / "large")).stderr
