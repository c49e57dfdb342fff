"""Releases on the process target: what people see while releases come, go, fail and crash."""

from __future__ import annotations

import signal
import socket
import threading
import time

import httpx
import pytest

from tests.contract.targets.place import RealPlace, checkout, free_port, get, wait_for
from workers.deployment.targets.port import StaleSwitch, TargetError
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
    release = real.site("r", directory="site", health_path="/missing")
    real.target.start(release)
    health = real.target.healthy(release, within_s=0.5)
    assert (health.ok, health.status) == (False, 404)


def test_a_dead_release_is_a_503_until_it_is_restarted_on_the_same_address(real: RealPlace) -> None:
    release = real.service("r")
    url = real.show(release, 1).url
    real.kill(release)
    wait_for(lambda: not real.target.look(release).running)
    assert get(url)[0] == 503
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


def test_the_site_is_back_on_its_port_after_the_host_was_killed(real: RealPlace) -> None:
    release = real.service("r")
    url = real.show(release, 1).url
    before = real.target.look(release)
    real.end_host(signal.SIGKILL)
    with pytest.raises(httpx.TransportError):
        get(url)
    real.start_host()
    wait_for(lambda: get(url)[0] == 200)
    after = real.target.look(release)
    assert (after.running, after.launches) == (True, before.launches + 1)
    assert real.target.switch(release, 1).url == url
    with pytest.raises(StaleSwitch):
        real.target.switch(real.site("late"), 1)


def test_a_killed_host_leaves_no_process_behind(real: RealPlace) -> None:
    real.show(real.service("r"), 1)
    assert real.processes()
    real.end_host(signal.SIGKILL)
    wait_for(lambda: not real.processes())


def test_a_stopped_host_leaves_nothing_and_brings_it_all_back(real: RealPlace) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    url = real.show(real.service("r"), 1).url
    recipe = real.recipe(command=("python3", "s.py"))
    real.target.build(real.id("stubborn"), checkout({"s.py": stubborn + "signal.pause()\n"}), recipe)
    real.target.start(real.id("stubborn"))
    assert real.end_host() == 0
    assert real.processes() == []
    real.start_host()
    wait_for(lambda: get(url) == (200, "hello"))
    assert real.target.look(real.id("stubborn")).running


def test_a_deployment_goes_on_while_the_host_dies_and_comes_back(real: RealPlace) -> None:
    release = real.service("r")
    real.end_host(signal.SIGKILL)
    coming = threading.Timer(0.5, real.start_host)
    coming.start()
    assert get(real.show(release, 1).url) == (200, "hello")
    coming.join()


def test_no_host_at_all_is_the_installations_fault_and_may_pass(real: RealPlace) -> None:
    release = real.site("r")
    real.end_host()
    real.host.patience_s = 0
    with pytest.raises(TargetError, match="`hive up` starts it") as refused:
        real.target.start(release)
    assert not refused.value.permanent
    real.host.patience_s = 20


def test_a_busy_port_gives_another_that_stays_after_the_host_was_killed(real: RealPlace) -> None:
    release = real.site("r")
    with socket.create_server(("127.0.0.1", real.port)):
        shown = real.show(release, 1)
    assert shown.port != real.port
    real.end_host(signal.SIGKILL)
    real.start_host()
    wait_for(lambda: get(shown.url) == (200, "r"))
    assert real.target.switch(real.id("r"), 1).port == shown.port


def test_two_environments_with_the_same_wish_have_a_port_each(real: RealPlace) -> None:
    one = real.site("one", directory="site", environment="one/devsite")
    two = real.site("two", directory="site", environment="two/devsite")
    urls = [real.show(release, 1).url for release in (one, two)]
    assert [get(url)[1] for url in urls] == ["one", "two"]


def test_two_hosts_for_one_home_are_one_too_many(real: RealPlace) -> None:
    first = real.process
    argv = list(first.args)  # type: ignore[union-attr,arg-type]
    import subprocess

    second = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert second.returncode == 2
    assert b"Another host runs for" in second.stderr


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
    for number in range(1, 4):
        new = real.site(f"v{number}")
        real.show(new, number + 1)
        real.target.stop(old)
        old = new
    wait_for(lambda: (200, "v3") in seen)
    over.set()
    for visitor in visitors:
        visitor.join()
    assert errors == []
    assert seen == {(200, f"v{number}") for number in range(4)}


def test_a_free_port_is_what_it_says() -> None:
    assert 0 < free_port() < 65536
