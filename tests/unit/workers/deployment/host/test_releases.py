from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.workers.deployment.host.hosting import Hosting, wait_for
from workers.deployment.host.errors import LaunchFailed, ReleaseConflict, UnknownRelease
from workers.deployment.host.views import ReleaseState


def test_a_started_release_is_listed_with_where_it_listens(hosting: Hosting) -> None:
    view = hosting.client.start(hosting.plan("r1"))
    assert view.state == ReleaseState.RUNNING
    assert view.address == hosting.launcher.last("r1").address
    assert hosting.client.list().release("r1") == view


def test_starting_it_again_answers_the_same_and_starts_nothing(hosting: Hosting) -> None:
    first = hosting.client.start(hosting.plan("r1"))
    assert hosting.client.start(hosting.plan("r1")) == first
    assert len(hosting.launcher.launched) == 1


def test_eight_who_start_it_at_once_get_one_process(hosting: Hosting) -> None:
    with ThreadPoolExecutor(8) as threads:
        views = list(threads.map(lambda _: hosting.client.start(hosting.plan("r1")), range(8)))
    assert len(set(views)) == 1
    assert len(hosting.launcher.launched) == 1


def test_the_same_id_with_another_command_is_refused_while_it_runs(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    with pytest.raises(ReleaseConflict, match="a new one needs a new id"):
        hosting.client.start(hosting.plan("r1", "something", "else"))


def test_a_release_that_cannot_start_says_why_and_is_listed_as_broken(hosting: Hosting) -> None:
    hosting.launcher.broken["r1"] = "There is no python3 in the sandbox."
    with pytest.raises(LaunchFailed, match="no python3"):
        hosting.client.start(hosting.plan("r1"))
    view = hosting.client.list().release("r1")
    assert view
    assert view.exit
    assert (view.state, view.exit.ran) == (ReleaseState.BROKEN, False)


def test_a_release_that_dies_is_seen_and_not_started_again(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    hosting.launcher.last("r1").die(3)
    wait_for(lambda: hosting.client.list().release("r1").state == ReleaseState.EXITED)
    view = hosting.client.list().release("r1")
    assert (view.exit.code, view.exit.message) == (3, "It exited with 3.")
    assert view.exit.at.endswith("+00:00")
    assert len(hosting.launcher.launched) == 1


def test_restart_brings_a_dead_release_back(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    hosting.launcher.last("r1").die()
    wait_for(lambda: hosting.client.list().release("r1").state == ReleaseState.EXITED)
    view = hosting.client.restart("r1")
    assert (view.state, view.launches, view.exit) == (ReleaseState.RUNNING, 2, None)


def test_two_monitors_that_saw_the_same_death_restart_it_once(hosting: Hosting) -> None:
    seen = hosting.client.start(hosting.plan("r1"))
    hosting.client.restart("r1", launches=seen.launches)
    view = hosting.client.restart("r1", launches=seen.launches)
    assert (view.launches, len(hosting.launcher.launched)) == (2, 2)


def test_restarting_a_stranger_is_refused(hosting: Hosting) -> None:
    with pytest.raises(UnknownRelease, match="never started"):
        hosting.client.restart("nobody")


def test_stop_ends_it_with_the_grace_that_was_asked_for_and_may_come_twice(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    assert hosting.client.stop("r1", grace_s=1.5).state == ReleaseState.STOPPED
    assert hosting.client.stop("r1").state == ReleaseState.STOPPED
    assert hosting.launcher.last("r1").graces_s == [1.5]


def test_stopping_a_stranger_is_fine(hosting: Hosting) -> None:
    assert hosting.client.stop("nobody").state == ReleaseState.STOPPED


def test_a_stopped_release_can_be_started_again(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    hosting.client.stop("r1")
    assert hosting.client.start(hosting.plan("r1")).state == ReleaseState.RUNNING


def test_what_ran_runs_again_after_the_host_and_what_was_stopped_does_not(hosting: Hosting) -> None:
    for name in ("runs", "stopped", "died"):
        hosting.client.start(hosting.plan(name))
    hosting.client.stop("stopped")
    hosting.launcher.last("died").die()
    wait_for(lambda: hosting.client.list().release("died").state == ReleaseState.EXITED)
    hosting.end()
    hosting.start()
    wait_for(lambda: hosting.client.list().release("runs").state == ReleaseState.RUNNING)
    assert hosting.client.list().release("stopped").state == ReleaseState.STOPPED
    assert hosting.client.list().release("died").state == ReleaseState.EXITED
    assert hosting.launcher.sweeps == 2


def test_the_end_of_the_host_ends_every_release(hosting: Hosting) -> None:
    for name in ("r1", "r2"):
        hosting.client.start(hosting.plan(name))
    hosting.end()
    assert all(launched.poll() for launched in hosting.launcher.launched)


def test_a_forgotten_release_is_ended_and_not_listed(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    hosting.client.forget("r1")
    hosting.client.forget("r1")
    assert hosting.client.list().release("r1") is None
    assert hosting.launcher.last("r1").poll()


def test_a_release_that_is_shown_cannot_be_forgotten(hosting: Hosting) -> None:
    hosting.live("r1")
    with pytest.raises(ReleaseConflict, match="devsite shows; switch first"):
        hosting.client.forget("r1")


def test_logs_are_the_end_of_what_the_release_printed(hosting: Hosting) -> None:
    hosting.client.start(hosting.plan("r1"))
    assert hosting.client.logs("r1") == b"fake release r1 listens\n"
    assert hosting.client.logs("r1", limit_bytes=8) == b"listens\n"
    with pytest.raises(UnknownRelease):
        hosting.client.logs("nobody")
