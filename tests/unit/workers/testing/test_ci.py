"""A cell of a job file, really run in a sandbox of this machine: what reaches its commands, and what of it is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from apps.artifacts.queries import read_log
from apps.ci.definition.check import check_data
from apps.ci.services.submit import keep_package, submit, wanted
from apps.projects.secrets import put_secret
from apps.runs.outcome import Outcome
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.perform import attempt
from apps.runs.states import JobStatus
from hive.home import Home
from tests.archives import tar_of
from tests.conftest import People
from workers.testing.caches import Caches
from workers.testing.ci import ci

HOSTILE = ("LD_PRELOAD", "PATH", "BASH_ENV", "ENV", "DOCKER_HOST", "PYTHONPATH", "GIT_SSH_COMMAND", "IFS")


def package(**files: str) -> bytes:
    return tar_of({name: text.encode() for name, text in files.items()}, "gz")


class Ran:
    """What became of a job of this definition."""

    def __init__(self, people: People, files: dict[str, str] | None = None, **definition: Any) -> None:
        checked = check_data({"timeout": "30s", **definition})
        assert checked.ok, checked.problems
        given = keep_package([package(**files)], "package.tar.gz") if files else None
        run = submit(people.project, wanted(checked, package=given), people.owner)
        row = claim(run.jobs.get().pk, run.epoch, "worker")
        assert row is not None
        self.job = ActiveJob(row)
        self.outcome: Outcome = attempt(self.job, ci)
        self.job.log.close()
        self.log = b"".join(read_log(row.pk)).decode()
        self.kept = set(row.artifacts.values_list("name", flat=True))


@pytest.fixture
def people_here(people: People, home: Home) -> People:
    return people


def test_commands_run_on_the_package_one_after_the_other(people_here: People) -> None:
    ran = Ran(people_here, {"src/a.txt": "hello"}, commands=["cat src/a.txt > out", "cat out"], artifacts="out")
    assert ran.outcome.status == JobStatus.COMPLETED
    assert "hello" in ran.log
    assert ran.kept == {"out", "package.tar.gz"}


def test_a_red_command_is_the_jobs_end_with_its_code(people_here: People) -> None:
    ran = Ran(people_here, commands=["exit 7", "echo never", {"run": "echo cleaned", "always": True}])
    assert (ran.outcome.reason, ran.outcome.data["exit_code"]) == ("script_failed", 7)
    assert "never" not in ran.log.replace("$ echo never", "")
    assert "cleaned" in ran.log


def test_reports_are_counted(people_here: People) -> None:
    report = (
        "<testsuite><testcase name='a' time='1.5'/><testcase name='b'><failure message='no'/></testcase></testsuite>"
    )
    ran = Ran(people_here, {"r.xml": report}, commands=["true"], junit="r.xml")
    assert (ran.outcome.reason, ran.outcome.message) == ("tests_failed", "b: no")
    assert list(ran.outcome.data["counts"]["slowest"]) == [{"name": "a", "seconds": 1.5}]
    assert "r.xml" in ran.kept


def test_what_a_job_sets_is_its_commands_own_and_touches_nothing_of_hive(people_here: People) -> None:
    before = {name: os.environ.get(name) for name in HOSTILE}
    env = {name: f"/nowhere/{name}" for name in HOSTILE} | {"PATH": "/usr/bin:/bin:/nowhere"}
    ran = Ran(people_here, {"a": "x"}, commands=["/usr/bin/env", "cat a"], env=env, artifacts="a")
    assert ran.outcome.status == JobStatus.COMPLETED, ran.log
    assert all(f"{name}={value}" in ran.log for name, value in env.items() if name not in ("LD_PRELOAD", "IFS"))
    assert {name: os.environ.get(name) for name in HOSTILE} == before
    assert "a" in ran.kept


def test_values_reach_the_command_as_they_were_written(people_here: People) -> None:
    value = "--option\n'quoted' \"twice\" $(touch broken) `touch broken` \\ ; touch broken"
    check = 'test "$VALUE" = "$(cat value)" && test ! -e broken && echo the same'
    ran = Ran(people_here, {"value": value}, commands=[check], env={"VALUE": value})
    assert "the same" in ran.log.split("\n")


def test_a_secret_reaches_the_command_that_names_it_and_not_the_log(people_here: People) -> None:
    put_secret(people_here.project, "TOKEN", "hush-hush-hush")
    ran = Ran(people_here, commands=["echo $TOKEN", 'test "$TOKEN" = hush-hush-hush'], secrets=["TOKEN"])
    assert ran.outcome.status == JobStatus.COMPLETED
    assert "hush-hush-hush" not in ran.log.replace('test "$TOKEN" = hush-hush-hush', "")
    other = Ran(people_here, commands=['test -z "$TOKEN"'])
    assert other.outcome.status == JobStatus.COMPLETED


def test_a_secret_that_is_not_there_is_named(people_here: People) -> None:
    ran = Ran(people_here, commands=["true"], secrets=["TOKEN"])
    assert (ran.outcome.reason, "no secret TOKEN" in ran.outcome.message) == ("invalid_spec", True)


def test_control_sequences_and_commands_of_a_runner_are_output_like_any_other(people_here: People) -> None:
    line = "\x1b[2J\x1b]0;title\x07::set-env name=PATH::/evil\r\n##[add-path]/evil\0"
    ran = Ran(people_here, {"bytes": line}, commands=["cat bytes"])
    assert ran.outcome.status == JobStatus.COMPLETED
    assert "::set-env name=PATH::/evil" in ran.log


def test_a_package_that_is_a_trick_ends_the_job_for_good(people_here: People) -> None:
    ran = Ran(people_here, {"A": "1", "a": "2"}, commands=["true"])
    assert ran.outcome.reason == "bad_package"
    assert "case does not count" in ran.outcome.message


def test_a_cache_is_there_for_the_next_job_of_this_project_alone(people_here: People, home: Home) -> None:
    cache = [{"key": "deps", "paths": ["deps"]}]
    Ran(people_here, commands=["mkdir deps", "echo 1 > deps/x"], cache=cache)
    assert Ran(people_here, commands=["cat deps/x"], cache=cache).outcome.status == JobStatus.COMPLETED
    assert Caches(home.caches / str(people_here.foreign_project.pk)).get("deps") is None


def test_caches_stay_within_their_bounds(tmp_path: Path) -> None:
    caches = Caches(tmp_path / "c", largest_bytes=100, all_bytes=150)
    assert not caches.put("huge", iter([bytes(60), bytes(60)]))
    for number, key in enumerate(("one", "two")):
        assert caches.put(key, iter([bytes(100)]))
        os.utime(max(caches._folder.iterdir(), key=lambda path: path.stat().st_mtime), (number, number))
    caches.put("three", iter([bytes(50)]))
    assert [caches.get(key) is not None for key in ("one", "two", "three")] == [False, True, True]
    assert caches.get("../../etc/passwd") is None
