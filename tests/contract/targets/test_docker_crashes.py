"""Releases in containers while their host is killed, and while the engine goes away and comes back."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.contract.targets.containers import DockerPlace, Relay
from tests.contract.targets.place import get, wait_for
from tests.servers.docker import engine


def test_a_container_outlives_its_host_and_is_taken_over_by_the_next(engine_place: DockerPlace) -> None:
    release = engine_place.service("r")
    url = engine_place.show(release, 1).url
    (before,) = engine_place.attributes()
    engine_place.end_host(signal.SIGKILL)
    engine_place.start_host()
    wait_for(lambda: get(url) == (200, "hello"))
    (after,) = engine_place.attributes()
    assert after["State"]["StartedAt"] == before["State"]["StartedAt"]
    assert engine_place.target.look(release).running


def test_a_stopped_host_leaves_no_container_running_and_brings_them_back(engine_place: DockerPlace) -> None:
    url = engine_place.show(engine_place.service("r"), 1).url
    assert engine_place.end_host() == 0
    assert engine_place.containers(running=True) == []
    engine_place.start_host()
    wait_for(lambda: get(url) == (200, "hello"))


def test_a_host_that_dies_while_it_starts_a_release_is_no_obstacle(engine_place: DockerPlace) -> None:
    release = engine_place.service("r")
    for _ in range(3):
        engine_place.target.start(release)
        engine_place.end_host(signal.SIGKILL)
        engine_place.start_host()
    assert get(engine_place.show(release, 1).url) == (200, "hello")
    assert len(engine_place.containers()) == 1


def test_what_died_with_its_engine_comes_back_with_it(tmp_path: Path, engine_place: DockerPlace) -> None:
    """The host's way to the engine is cut, as when the engine ends; its containers end; both come back."""
    with Relay(tmp_path / "engine.sock") as relay:
        engine_place.end_host()
        engine_place.start_host(DOCKER_HOST=f"unix://{relay.path}")
        release = engine_place.service("r")
        url = engine_place.show(release, 1).url
        launches = engine_place.target.look(release).launches
        relay.close()
        with engine() as client:
            client.containers.get(engine_place.containers()[0]).kill()
        wait_for(lambda: get(url)[0] == 503)
        assert engine_place.target.look(release).running, "its death was not its own doing, so it is not told as such"
        relay.open()
        wait_for(lambda: get(url) == (200, "hello"))
        assert engine_place.target.look(release).launches == launches
        engine_place.kill(release)
        wait_for(lambda: not engine_place.target.look(release).running)
        assert engine_place.target.look(release).message == "It exited with 3."


def test_a_host_that_is_there_before_its_engine_waits_for_it(tmp_path: Path, engine_place: DockerPlace) -> None:
    release = engine_place.service("r")
    url = engine_place.show(release, 1).url
    engine_place.end_host()
    with Relay(tmp_path / "engine.sock") as relay:
        relay.close()
        engine_place.start_host(DOCKER_HOST=f"unix://{relay.path}")
        wait_for(lambda: engine_place.target.look(release).running)
        relay.open()
        wait_for(lambda: get(url) == (200, "hello"))
        engine_place.end_host()


def test_a_container_that_somebody_removed_has_ended(engine_place: DockerPlace) -> None:
    release = engine_place.service("r")
    engine_place.show(release, 1)
    with engine() as client:
        client.containers.get(engine_place.containers()[0]).remove(force=True)
    wait_for(lambda: not engine_place.target.look(release).running)
    assert engine_place.target.restart(release).running
    assert engine_place.target.healthy(release, within_s=30).ok
