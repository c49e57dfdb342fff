"""Switches of an environment: reserved, then made; the later one wins."""

import pytest

from apps.releases.models import Environment, Release
from apps.releases.services import (
    Outdated,
    abandoned,
    environment_of,
    go_live,
    reserve_switch,
    restore_release,
    stop_release,
)
from apps.runs.models import Run
from apps.runs.states import Reason
from tests.conftest import People

SITE = {"url": "http://127.0.0.1:8080", "address": ["tcp", "127.0.0.1", 8080]}


def deploying(people: People) -> Release:
    run = Run.objects.create(project=people.project, title="Site", commit="c" * 40)
    return Release.objects.create(
        environment=environment_of(people.project, "devsite"),
        run=run,
        commit=run.commit,
        target="process",
        config={},
        status="deploying",
    )


def live(people: People) -> Release:
    release = deploying(people)
    go_live(release, reserve_switch(release), **SITE)
    return release


def test_an_environment_is_made_once(people: People) -> None:
    assert environment_of(people.project, "devsite") == environment_of(people.project, "devsite")


def test_the_newer_release_supersedes_the_older(people: People) -> None:
    first, second = live(people), live(people)
    environment = Environment.objects.get()
    assert (environment.live, environment.previous) == (second, first)
    first.refresh_from_db()
    assert first.status == "superseded"
    assert environment.url == SITE["url"]


def test_who_reserved_earlier_comes_too_late(people: People) -> None:
    early, late = deploying(people), deploying(people)
    generation = reserve_switch(early)
    go_live(late, reserve_switch(late), **SITE)
    with pytest.raises(Outdated):
        go_live(early, generation, **SITE)
    assert Environment.objects.get().live == late
    early.refresh_from_db()
    assert early.status == "deploying"


def test_a_release_that_restores_another_rolls_the_live_one_back(people: People) -> None:
    first, second = live(people), live(people)
    restored = restore_release(Environment.objects.get(), first)
    go_live(restored, reserve_switch(restored), **SITE)
    second.refresh_from_db()
    assert second.status == "rolled_back"
    assert Environment.objects.get().previous is None


def test_a_stopped_release_leaves_nothing_live(people: People) -> None:
    stop_release(live(people), Reason.CANCELED_BY_USER, "Stopped.")
    assert Environment.objects.get().live is None


def test_releases_that_nobody_is_deploying_any_more_are_found(people: People) -> None:
    half = deploying(people)
    live(people)
    assert abandoned(half.environment) == [half]
