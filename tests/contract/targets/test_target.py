"""What every target promises, asked through the port alone."""

from __future__ import annotations

import pytest

from tests.contract.targets.place import Place, checkout, wait_for
from workers.deployment.targets.port import NotBuilt, StaleSwitch, TargetError


def test_a_release_is_built_started_checked_shown_and_stopped(place: Place) -> None:
    release = place.site("v1")
    standing = place.target.start(release)
    assert (standing.release, standing.running, standing.launches) == (release, True, 1)
    health = place.target.healthy(release, within_s=30)
    assert (health.ok, health.status) == (True, 200)
    shown = place.target.switch(release, 1)
    assert (shown.port, shown.generation) == (place.port, 1)
    assert shown.url == f"http://127.0.0.1:{place.port}"
    place.target.stop(release)
    assert not place.target.look(release).running


def test_everything_may_come_twice(place: Place) -> None:
    release = place.site("v1")
    again = place.target.build(release, checkout({}), place.recipe(directory="site"))
    assert again.ok
    first = place.target.start(release)
    assert place.target.start(release) == first
    assert place.target.switch(release, 1) == place.target.switch(release, 1)
    place.target.stop(release)
    place.target.stop(release)
    assert place.target.look(release).message == "It was stopped."


def test_what_was_never_built_cannot_be_started_checked_or_shown(place: Place) -> None:
    target = place.target
    for ask in (target.start, lambda name: target.switch(name, 1), lambda name: target.healthy(name, 1)):
        with pytest.raises(NotBuilt, match="is not built here; build it first"):
            ask(place.id("nothing"))


def test_what_was_never_started_does_not_run_and_has_no_log(place: Place) -> None:
    standing = place.target.look(place.id("nothing"))
    assert (standing.running, standing.message) == (False, "It was never started.")
    assert place.target.logs(place.id("nothing"), 1000) == b""
    place.target.stop(place.id("nothing"))
    with pytest.raises(TargetError) as refused:
        place.target.restart(place.id("nothing"))
    assert refused.value.permanent


def test_a_switch_that_comes_too_late_is_refused(place: Place) -> None:
    new, late = place.site("new"), place.site("late")
    place.show(new, 5)
    place.target.start(late)
    for generation in (4, 5):
        with pytest.raises(StaleSwitch, match="generation 5"):
            place.target.switch(late, generation)
    with pytest.raises(StaleSwitch):
        place.target.hide("blog/devsite", 5)


def test_a_rollback_is_the_release_before_with_the_next_generation(place: Place) -> None:
    old, new = place.site("old"), place.site("new")
    place.show(old, 1)
    place.show(new, 2)
    place.target.stop(old)
    shown = place.show(old, 3)
    assert (shown.port, shown.generation) == (place.port, 3)
    assert place.target.look(old).launches == 2


def test_hiding_what_was_never_shown_is_fine(place: Place) -> None:
    place.target.hide("nowhere", 1)


def test_a_release_that_dies_is_seen_with_its_exit_code(place: Place) -> None:
    release = place.service("v1")
    place.show(release, 1)
    place.kill(release)  # type: ignore[attr-defined]
    wait_for(lambda: not place.target.look(release).running)
    standing = place.target.look(release)
    assert (standing.exit_code, standing.message, standing.address) == (3, "It exited with 3.", None)
    health = place.target.healthy(release, within_s=30)
    assert (health.ok, health.status) == (False, None)
    assert "It exited with 3." in health.message


def test_two_who_saw_the_same_death_restart_it_once(place: Place) -> None:
    release = place.service("v1")
    place.show(release, 1)
    place.kill(release)  # type: ignore[attr-defined]
    wait_for(lambda: not place.target.look(release).running)
    seen = place.target.look(release)
    assert place.target.restart(release, launches=seen.launches).running
    assert place.target.restart(release, launches=seen.launches).launches == seen.launches + 1


def test_a_release_keeps_the_end_of_what_it_printed(place: Place) -> None:
    release = place.service("v1")
    place.show(release, 1)
    wait_for(lambda: place.target.logs(release, 1000))
    assert len(place.target.logs(release, 5)) == 5


def test_prune_keeps_what_is_named_runs_or_is_shown(place: Place) -> None:
    previous, live, running, old = (place.site(name) for name in ("previous", "live", "running", "old"))
    place.show(previous, 1)
    place.show(live, 2)
    place.target.start(running)
    place.target.stop(previous)
    elsewhere = place.site("elsewhere", environment="blog/other")
    assert place.target.prune("blog/devsite", keep=[previous]) == [old]
    assert place.target.prune("blog/devsite", keep=[previous]) == []
    with pytest.raises(NotBuilt):
        place.target.start(old)
    for kept in (previous, live, running, elsewhere):
        assert place.target.start(kept).running
