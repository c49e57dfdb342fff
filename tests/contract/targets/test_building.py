"""Builds on the process target: red ones, endless ones, hostile ones, two at once."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import busy
from tests.contract.targets.place import RealPlace, checkout, get, wait_for
from workers.deployment.targets.port import Build, Kill, NotBuilt, TargetError
from workers.sandbox import Ended


def build(real: RealPlace, script: str, **values: object) -> Build:
    recipe = real.recipe(**({"directory": "site", "build": ("sh", "-c", script)} | values))
    return real.target.build(real.id("r"), checkout({"page.txt": "hello"}), recipe)


def test_what_the_build_makes_is_what_people_see(real: RealPlace) -> None:
    printed = bytearray()
    recipe = real.recipe(directory="out", build=("sh", "-c", "echo making; mkdir out; cp page.txt out/index.html"))
    result = real.target.build(real.id("r"), checkout({"page.txt": "made"}), recipe, on_output=printed.extend)
    assert (result.ok, result.notes) == (True, ())
    assert printed == b"making\n"
    assert get(real.show(real.id("r"), 1).url) == (200, "made")


def test_a_build_starts_in_its_own_folder(real: RealPlace) -> None:
    command = ("sh", "-c", "mkdir out; cp a out/index.html")
    recipe = real.recipe(cwd="/workspace/tasks/one", directory="out", build=command)
    assert real.target.build(real.id("r"), checkout({"tasks/one/a": "one"}), recipe).ok
    assert get(real.show(real.id("r"), 1).url) == (200, "one")


def test_only_the_served_folder_is_public(real: RealPlace) -> None:
    release = real.site("r")
    url = real.show(release, 1).url
    for path in ("/../release.tar", "/static_server.py", "/.hive/static_server.py", "/site/index.html"):
        assert get(url + path)[0] == 404


def test_a_red_build_is_told_with_its_exit_code_and_output(real: RealPlace) -> None:
    result = build(real, "echo the parser is missing; exit 3")
    assert (result.ok, result.exit_code, result.ended) == (False, 3, Ended.EXITED)
    assert result.message == "The build command failed. It exited with 3."
    assert result.output == "the parser is missing\n"
    with pytest.raises(NotBuilt):
        real.target.start(real.id("r"))


def test_a_red_build_may_be_tried_again(real: RealPlace) -> None:
    assert not build(real, "exit 1").ok
    assert build(real, "mkdir site; echo fine > site/index.html").ok


@pytest.mark.parametrize(
    ("values", "ended"),
    [({"build_timeout_s": 0.5}, Ended.TIMED_OUT), ({"build_no_output_s": 0.5}, Ended.NO_OUTPUT)],
)
def test_a_build_without_end_is_ended(real: RealPlace, values: dict[str, object], ended: Ended) -> None:
    result = build(real, "sleep 600", **values)
    assert (result.ok, result.ended) == (False, ended)


def test_a_build_can_be_ended_from_another_thread(real: RealPlace) -> None:
    kills: list[Kill] = []
    began = threading.Event()
    recipe = real.recipe(directory="site", build=("sh", "-c", "trap '' TERM; echo on; sleep 600"))
    with ThreadPoolExecutor(1) as threads:
        building = threads.submit(
            real.target.build,
            real.id("r"),
            checkout({}),
            recipe,
            on_output=lambda _data: began.set(),
            on_begin=kills.append,
        )
        assert began.wait(30)
        asked = time.monotonic()
        kills[0]("Canceled by ada.")
        result = building.result(60)
        assert time.monotonic() - asked < busy.allowed(2)
    assert (result.ok, result.ended, result.message) == (False, Ended.STOPPED, "Canceled by ada.")


def test_a_build_that_was_ended_before_it_began_does_not_begin(real: RealPlace) -> None:
    recipe = real.recipe(directory="site", build=("sh", "-c", "sleep 600"))
    result = real.target.build(real.id("r"), checkout({}), recipe, on_begin=lambda kill: kill("Too late."))
    assert (result.ok, result.message) == (False, "Too late.")


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"index.html": "x"}, "There is no folder 'site' in the commit"),
        ({"site": "x"}, "'site' is a file; `directory` should name the folder"),
    ],
)
def test_a_folder_that_is_not_there_is_said(real: RealPlace, files: dict[str, str], complaint: str) -> None:
    result = real.target.build(real.id("r"), checkout(files), real.recipe(directory="site"))
    assert not result.ok
    assert complaint in result.message


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_commit_that_reaches_out_of_its_folder_is_refused(real: RealPlace, name: str) -> None:
    result = real.target.build(real.id("r"), checkout({name: "x"}), real.recipe(directory="site"))
    assert not result.ok
    assert "cannot be released" in result.message


def test_a_link_that_a_build_makes_to_the_outside_is_left_out_and_noted(real: RealPlace) -> None:
    result = build(real, "mkdir site; echo hi > site/index.html; ln -s /etc/passwd site/passwd.txt")
    assert result.ok
    assert any("passwd.txt" in note for note in result.notes)
    assert get(real.show(real.id("r"), 1).url + "/passwd.txt")[0] == 404


def test_what_is_no_archive_is_the_callers_fault_and_for_good(real: RealPlace) -> None:
    with pytest.raises(TargetError) as refused:
        real.target.build(real.id("r"), io.BytesIO(b"not a tar" * 1000), real.recipe(directory="site"))
    assert refused.value.permanent


def test_another_recipe_under_the_same_id_is_refused(real: RealPlace) -> None:
    release = real.site("r")
    with pytest.raises(TargetError, match="built with another recipe; use a new id"):
        real.target.build(release, checkout({}), real.recipe(directory="other"))


def test_two_workers_that_build_the_same_release_make_one(real: RealPlace) -> None:
    """A worker that lost its lease goes on building while the next one starts."""
    recipe = real.recipe(directory="site", build=("sh", "-c", "mkdir site; date +%N > site/index.html; sleep 0.5"))
    with ThreadPoolExecutor(2) as threads:
        targets = [real.another_target(), real.another_target()]
        results = list(threads.map(lambda target: target.build(real.id("r"), checkout({}), recipe), targets))
    assert [result.ok for result in results] == [True, True]
    assert sorted(result.message for result in results)[1] == "It was built before."


def test_a_worker_that_is_killed_while_it_builds_leaves_nothing_in_the_way(real: RealPlace) -> None:
    script = (
        "import io, pathlib, sys\n"
        "from workers.deployment.targets.building import Builder\n"
        "from workers.deployment.targets.process import ProcessTarget\n"
        "from workers.deployment.targets.recipe import Recipe\n"
        "home, release, kind, tar = pathlib.Path(sys.argv[1]), *sys.argv[2:4], open(sys.argv[4], 'rb')\n"
        "recipe = Recipe('e', directory='site', build=('sh', '-c', 'echo on; sleep 600'), sandbox=kind)\n"
        "ProcessTarget(home / 'releases', Builder(home / 'work'), None).build(\n"
        "    release, tar, recipe, on_output=lambda data: print('on', flush=True))\n"
    )
    tar = real.home / "commit.tar"
    tar.write_bytes(checkout({"site/index.html": "x"}).read())
    argv = [sys.executable, "-c", script, str(real.home), real.id("r"), real.sandbox, str(tar)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == b"on\n"
        worker.kill()
    assert real.site("r") == real.id("r")
    assert get(real.show(real.id("r"), 1).url) == (200, "r")


def test_a_full_archive_is_a_plain_tar_of_what_was_built(real: RealPlace) -> None:
    release = real.service("r")
    with tarfile.open(real.home / "releases" / release / "release.tar", "r:") as tar:
        assert "service.py" in tar.getnames()
    wait_for(lambda: not list((real.home / "work").iterdir()))
