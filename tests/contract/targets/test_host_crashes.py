"""The process target while its host is killed, stopped, doubled and brought back."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.contract.targets.place import RealPlace, checkout, get, wait_for
from workers.deployment.targets.port import StaleSwitch, TargetError


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
    real.host.patience_s = 60


def test_a_busy_port_gives_another_that_stays_after_the_host_was_killed(real: RealPlace) -> None:
    release = real.site("r")
    with socket.create_server(("127.0.0.1", real.port)):
        shown = real.show(release, 1)
    assert shown.port != real.port
    real.end_host(signal.SIGKILL)
    real.start_host()
    wait_for(lambda: get(shown.url) == (200, "r"))
    assert real.target.switch(real.id("r"), 1).port == shown.port


def test_two_hosts_for_one_home_are_one_too_many(real: RealPlace) -> None:
    assert real.process
    second = subprocess.run(real.process.args, capture_output=True, timeout=60, check=False)
    assert second.returncode == 2
    assert b"Another host runs for" in second.stderr


def kill_again_and_again(real: RealPlace, times: int) -> None:
    """SIGKILL the host at random moments, and start it again as `hive up` would."""
    for _ in range(times):
        time.sleep(random.uniform(0.02, 0.5))
        real.end_host(signal.SIGKILL)
        real.start_host()


def test_deployments_end_right_however_often_the_host_is_killed(real: RealPlace) -> None:
    releases = [real.site(f"v{number}") for number in range(4)]
    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill_again_and_again, real, 8)
        for generation, release in enumerate(releases, start=1):
            shown = real.show(release, generation)
            if generation > 1:
                real.target.stop(releases[generation - 2])
        killing.result(60)
    wait_for(lambda: get(shown.url) == (200, "v3"))
    assert [real.target.look(release).running for release in releases] == [False, False, False, True]
    with pytest.raises(StaleSwitch):
        real.target.switch(releases[0], len(releases))
