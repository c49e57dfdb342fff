"""Releases on the process target: what people see while releases come, go, fail and crash."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.contract.targets.place import RealPlace, checkout, get, wait_for
from workers.deployment.targets.port import StaleSwitch
from workers.probe.check import check
from workers.sandbox import Limits

MIB = 1024 * 1024


def test_a_command_gets_its_variables_and_its_port(real: RealPlace) -> None:
    release = real.service("r", env={"GREETING": "good day"})
    assert get(real.show(release, 1).url) == (200, "good day")
    assert b"listening on" in real.target.logs(release, 1000)


def test_old_and_new_run_side_by_side_until_the_switch(real: RealPlace) -> None:
    url = real.show(real.service("old", env={"GREETING": "old"}), 1).url
    new = real.service("new", env={"GREETING": "new"})
    real.target.start(new)
    assert real.target.healthy(new, within_s=30).ok
    assert get(url) == (200, "old")
    assert real.target.switch(new, 2).url == url
    assert get(url) == (200, "new")


def test_a_rollback_shows_the_release_before_again(real: RealPlace) -> None:
    old, new = real.site("old"), real.site("new")
    url = real.show(old, 1).url
    real.show(new, 2)
    real.target.stop(old)
    assert get(url) == (200, "new")
    real.show(old, 3)
    assert get(url) == (200, "old")


def test_a_switch_of_a_deployer_that_is_late_changes_nothing(real: RealPlace) -> None:
    late = real.site("late")
    real.target.start(late)
    url = real.show(real.site("new"), 2).url
    with pytest.raises(StaleSwitch):
        real.target.switch(late, 1)
    assert get(url) == (200, "new")


def test_a_release_that_never_listens_is_unhealthy_and_seen_by_nobody(real: RealPlace) -> None:
    url = real.show(real.site("old"), 1).url
    release = real.service("mute", command=("sleep", "600"))
    real.target.start(release)
    health = real.target.healthy(release, within_s=1)
    assert (health.ok, health.status) == (False, None)
    assert "times in 1 s" in health.message
    assert get(url) == (200, "old")


def test_a_release_that_ends_at_once_is_told_with_its_log(real: RealPlace) -> None:
    release = real.service("r", command=("sh", "-c", "echo no database; exit 7"))
    real.target.start(release)
    began = time.monotonic()
    health = real.target.healthy(release, within_s=120)
    assert time.monotonic() - began < 60
    assert "It exited with 7." in health.message
    assert real.target.logs(release, 1000) == b"no database\n"


def test_a_command_that_is_not_there_is_told(real: RealPlace) -> None:
    release = real.service("r", command=("no-such-program",))
    real.target.start(release)
    wait_for(lambda: not real.target.look(release).running)
    assert real.target.look(release).exit_code == 127
    assert "no-such-program" in real.target.look(release).message


def test_a_health_path_that_answers_an_error_is_unhealthy(real: RealPlace) -> None:
    release = real.site("r", health_path="/missing")
    real.target.start(release)
    wait_for(lambda: real.target.healthy(release, within_s=1).status == 404)
    assert not real.target.healthy(release, within_s=1).ok


def test_a_dead_release_is_a_503_until_it_is_restarted_on_the_same_address(real: RealPlace) -> None:
    release = real.service("r")
    url = real.show(release, 1).url
    real.kill(release)
    wait_for(lambda: not real.target.look(release).running)
    assert get(url)[0] == 503
    seen = check(url, address=("tcp", "127.0.0.1", real.port), status=503)
    assert not seen.ok, "a probe must not take Hive's own page for the release"
    real.target.restart(release)
    assert get(url) == (200, "hello")


def test_a_release_that_eats_memory_is_ended_with_the_reason(real: RealPlace) -> None:
    hog = "import time\nheld = []\nwhile True:\n    held.append(bytearray(10_000_000))\n    time.sleep(0.02)\n"
    recipe = real.recipe(command=("python3", "hog.py"), limits=Limits(memory_bytes=100 * MIB))
    assert real.target.build(real.id("r"), checkout({"hog.py": hog}), recipe).ok
    real.target.start(real.id("r"))
    wait_for(lambda: not real.target.look(real.id("r")).running, within_s=60)
    assert "memory" in real.target.look(real.id("r")).message


def test_what_a_release_scribbles_over_its_files_is_gone_after_a_restart(real: RealPlace) -> None:
    script = "test -e done && exit 9; touch done; exec python3 service.py"
    release = real.service("r", command=("sh", "-c", script))
    real.show(release, 1)
    real.target.restart(release)
    assert real.target.healthy(release, within_s=30).ok


def test_two_environments_with_the_same_wish_have_a_port_each(real: RealPlace) -> None:
    one = real.site("one", environment="one/devsite")
    two = real.site("two", environment="two/devsite")
    urls = [real.show(release, 1).url for release in (one, two)]
    assert [get(url)[1] for url in urls] == ["one", "two"]


def test_an_answer_that_takes_its_time_is_not_cut_off_by_a_switch(real: RealPlace) -> None:
    """SERVICE dies at once when it is told to end; so the host must not tell it before its visitors have gone."""
    old = real.service("old", env={"GREETING": "old"})
    url = real.show(old, 1).url
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(get, f"{url}/slow")
        wait_for(lambda: b"thinking" in real.target.logs(old, 1000))
        real.show(real.service("new", env={"GREETING": "new"}), 2)
        real.target.stop(old)
        assert slow.result(60) == (200, "old")
    assert get(url) == (200, "new")


@pytest.mark.parametrize("keep_alive", [True, False])
def test_nobody_sees_an_error_while_releases_are_switched(real: RealPlace, keep_alive: bool) -> None:
    old = real.site("v0")
    url = real.show(old, 1).url
    over, seen, errors = threading.Event(), set(), []

    def visit() -> None:
        limits = httpx.Limits(max_keepalive_connections=1 if keep_alive else 0)
        with httpx.Client(trust_env=False, limits=limits, timeout=30) as visitor:
            while not over.is_set():
                try:
                    answer = visitor.get(url)
                    seen.add((answer.status_code, answer.text))
                except httpx.HTTPError as error:
                    errors.append(repr(error))

    visitors = [threading.Thread(target=visit) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    for number in (1, 2):
        new = real.site(f"v{number}")
        real.show(new, number + 1)
        real.target.stop(old)
        old = new
    wait_for(lambda: (200, "v2") in seen)
    over.set()
    for visitor in visitors:
        visitor.join()
    assert errors == []
    assert seen == {(200, f"v{number}") for number in range(3)}
