"""The Action's own steps, as a runner runs them: bash, INPUT_…, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, signals."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hive.ci.output import Shown
from tests.unit.hive.ci.runner import ACTION, INPUT, ROOT, Runner
from tests.unit.hive.ci.server import Script, cell, serving, status

EVIL = (
    "::set-env name=PATH::/evil\n  ::add-path::/evil\nx\r::error::fake\n"
    "##[add-path]/evil\n\x1b]0;title\x07\x1b[31mred\x1b[0m\n"
)


def obeyed(said: str) -> list[str]:
    """The commands that a runner would have taken out of this output: those outside of stop-commands."""
    found, word = [], ""
    for line in re.split(r"\r\n|\r|\n", said):
        bare = line.strip()
        if word:
            word = "" if bare == f"::{word}::" else word
        elif bare.startswith("::stop-commands::"):
            word = bare.removeprefix("::stop-commands::")
        elif bare.startswith("::") or "##[" in bare:
            found.append(bare)
    return found


FAILURE = {"name": "t.a,b", "message": "no: 100%\n::set-env name=X::y", "file": "tests/t.py", "line": 3}
TESTS = {
    "passed": 2,
    "failed": 1,
    "skipped": 0,
    "seconds": 1,
    "failures": [FAILURE],
    "slowest": [{"name": "s", "seconds": 2.5}],
}


def test_a_job_that_completes(tmp_path: Path) -> None:
    with serving(Script()) as script:
        runner = Runner(tmp_path, script.url)
        code, said = runner.run()
    assert code == 0, said
    assert "one\ntwo\n" in said
    outputs = runner.outputs()
    assert (outputs["id"], outputs["status"], outputs["exit_code"], outputs["url"]) == (
        "3",
        "completed",
        "0",
        "http://hive/runs/3/",
    )
    assert "Tests: completed" in (tmp_path / "summary").read_text()
    assert b"commands: [make]" in script.bodies[0]
    assert b'"commit": "abc"' in script.bodies[0]


class Forgejo(Runner):
    """Its runner and Gitea's set their own names beside GitHub's; older ones know no step summary."""

    def environment(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> dict[str, str]:
        env = super().environment(step, inputs)
        del env["GITHUB_STEP_SUMMARY"]
        return {
            **env,
            "GITEA_ACTIONS": "true",
            "FORGEJO_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://code.example.org",
        }


def test_a_runner_without_a_step_summary_runs_it_too(tmp_path: Path) -> None:
    failed = status(status="failed", exit_code=7, reason="tests_failed", tests=TESTS, cells=[cell(tests=TESTS)])
    with serving(Script(statuses=[failed])) as script:
        runner = Forgejo(tmp_path, script.url)
        code, said = runner.run()
    assert (code, runner.outputs()["exit_code"]) == (7, "7"), said
    assert any(line.startswith("::error title=") for line in obeyed(said)), said
    assert not (tmp_path / "summary").exists()


def test_the_step_has_the_jobs_exit_code_annotations_and_a_summary(tmp_path: Path) -> None:
    failed = status(
        status="failed", exit_code=7, reason="tests_failed", message="t.a: no", tests=TESTS, cells=[cell(tests=TESTS)]
    )
    with serving(Script(statuses=[failed])) as script:
        runner = Runner(tmp_path, script.url)
        code, said = runner.run()
    assert code == 7
    assert "::error title=t.a%2Cb,file=tests/t.py,line=3::no: 100%25%0A::set-env name=X::y" in obeyed(said)
    assert (runner.outputs()["reason"], runner.outputs()["tests_failed"]) == ("tests_failed", "1")
    summary = (tmp_path / "summary").read_text()
    assert "2 passed, 1 failed, 0 skipped" in summary
    assert "2.50" in summary


def test_what_the_job_prints_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    with serving(Script(log=[EVIL])) as script:
        code, said = Runner(tmp_path, script.url).run()
    assert code == 0
    assert obeyed(said) == ["::add-mask::hive_key"]
    assert "set-env name=PATH" in said
    assert "\x1b]0;" not in said
    assert "\x1b[31mred\x1b[0m" in said


def test_nor_would_it_be_by_a_runner_that_knows_no_stop_commands(tmp_path: Path) -> None:
    with serving(Script(log=[EVIL, "\ufeff::set-env::x\n", "split :", ":set-env::x\n", ":", ":set-env::x"])) as script:
        _, said = Runner(tmp_path, script.url).run()
    inside = said[said.index("::stop-commands") :].splitlines()[1:]
    ours = [line for line in inside if line.lstrip("\ufeff \t").startswith("::")]
    assert len(ours) == 1, ours
    assert "##[" not in "".join(inside)


def test_an_output_cannot_be_forged_by_a_value(tmp_path: Path) -> None:
    forged = status(status="failed", exit_code=1, reason="x\nhive-0\nstatus<<hive-0\ncompleted")
    with serving(Script(statuses=[forged])) as script:
        runner = Runner(tmp_path, script.url)
        runner.run()
    assert runner.outputs()["status"] == "failed"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_workflow_that_is_canceled_cancels_the_job(tmp_path: Path, sent: signal.Signals) -> None:
    running = status(status="running", cells=[cell(started_at=None)])
    with serving(Script(statuses=[running])) as script:
        runner = Runner(tmp_path, script.url)
        process = runner.start()
        while not runner.outputs().get("url") or len(script.asked) < 3:
            assert process.poll() is None
        process.send_signal(sent)
        said, _ = process.communicate(timeout=30)
        assert (process.returncode, script.canceled.is_set()) == (130, True), said
    assert runner.outputs()["status"] == "canceled"


def test_a_runner_that_killed_the_step_cancels_the_job_by_the_next_one(tmp_path: Path) -> None:
    assert ACTION["runs"]["steps"][1]["if"] == "${{ cancelled() }}"
    with serving(Script(statuses=[status(status="running", cells=[])])) as script:
        runner = Runner(tmp_path, script.url)
        process = runner.start()
        while not runner.outputs().get("url"):
            assert process.poll() is None
        process.kill()
        process.communicate(timeout=30)
        assert not script.canceled.is_set()
        code, said = runner.run(1)
        assert (code, script.canceled.is_set()) == (0, True), said


def test_a_job_that_takes_too_long_is_canceled(tmp_path: Path) -> None:
    with serving(Script(statuses=[status(status="running", cells=[])])) as script:
        code, _ = Runner(tmp_path, script.url).run(timeout="2s")
        assert (code, script.canceled.is_set()) == (124, True)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"key": ""}, "`key` is empty"),
        ({"url": "x"}, "https://"),
        ({"timeout": "soon"}, "timeout"),
        ({"job": "no.yaml"}, "no.yaml"),
    ],
)
def test_an_input_that_is_wrong_is_said_as_an_annotation(tmp_path: Path, inputs: dict[str, str], why: str) -> None:
    with serving(Script()) as script:
        code, said = Runner(tmp_path, script.url).run(**inputs)
    assert code == 2
    assert why in "".join(line for line in obeyed(said) if line.startswith("::error"))


def test_every_input_reaches_the_program_and_every_output_is_one_that_it_writes() -> None:
    first = ACTION["runs"]["steps"][0]
    assert {INPUT.search(value)[1] for value in first["env"].values() if INPUT.search(value)} == set(ACTION["inputs"])  # type: ignore[index]
    source = (ROOT / "hive/ci/action.py").read_text()
    assert all(re.search(rf"\b{name}=", source) for name in ACTION["outputs"])


def test_a_line_without_an_end_is_not_held_for_ever() -> None:
    import io

    out = io.StringIO()
    Shown(out).write("x" * 70_000)
    assert out.getvalue().startswith("x")
