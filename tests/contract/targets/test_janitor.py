"""The janitor against a real host and a real engine: what the database does not know of, goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from docker.types import Mount

from apps.releases.models import Environment, Release
from apps.releases.states import ReleaseStatus
from hive.home import Home
from tests.conftest import People
from tests.contract.targets.containers import DockerPlace
from tests.contract.targets.place import checkout, get
from tests.servers.docker import PYTHON_IMAGE, engine
from tests.unit.workers.jobs import planned
from workers.deployment import janitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(engine_place: DockerPlace, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerPlace]:
    monkeypatch.setattr(settings, "HOME", Home(engine_place.home))
    monkeypatch.setattr(janitor, "installation", lambda: engine_place.installation)
    return engine_place


@pytest.fixture
def environment(people: People) -> Environment:
    return Environment.objects.create(project=people.project, name="devsite")


def release(place: DockerPlace, environment: Environment, people: People, status: ReleaseStatus) -> str:
    """A row, and what belongs to it: built and running."""
    row = Release.objects.create(
        environment=environment, run=planned(people), commit="c", target="docker", config={}, status=status
    )
    recipe = place.recipe(directory="site", environment=f"e{environment.pk}")
    assert place.target.build(f"r{row.pk}", checkout({"site/index.html": f"r{row.pk}"}), recipe).ok
    place.target.start(f"r{row.pk}")
    return f"r{row.pk}"


def test_what_runs_and_should_not_is_stopped_and_what_nobody_can_go_back_to_is_removed(
    place: DockerPlace, environment: Environment, people: People
) -> None:
    old = release(place, environment, people, ReleaseStatus.SUPERSEDED)
    before = release(place, environment, people, ReleaseStatus.SUPERSEDED)
    live = release(place, environment, people, ReleaseStatus.LIVE)
    url = place.target.switch(live, 1).url
    rows = {row: Release.objects.get(pk=int(row[1:])) for row in (before, live)}
    Environment.objects.update(previous=rows[before], live=rows[live])
    assert sorted(janitor.tidy()) == sorted([old, before, old])
    assert [place.target.look(one).running for one in (old, before, live)] == [False, False, True]
    assert sorted(place.containers()) == sorted(f"hive-{place.installation}-{one}-web" for one in (before, live))
    assert get(url) == (200, live)
    assert place.target.start(before).running, "what one can go back to is still there"


def test_a_deployment_whose_worker_died_leaves_nothing(
    place: DockerPlace, environment: Environment, people: People
) -> None:
    release(place, environment, people, ReleaseStatus.DEPLOYING)
    assert janitor.tidy() == [], "a rollback that may still be under way"
    Release.objects.update(created_at="2020-01-01T00:00:00Z")
    assert janitor.tidy()
    assert (place.containers(), place.images()) == ([], [])


def test_data_goes_with_its_environment_and_not_before(place: DockerPlace, environment: Environment) -> None:
    for key in (f"e{environment.pk}", "e999999"):
        marks = {"hive.installation": place.installation, "hive.environment": key}
        with engine() as client:
            client.volumes.create(f"hive-{place.installation}-{key}-data", labels=marks)
            client.containers.create(
                PYTHON_IMAGE,
                name=f"hive-{place.installation}-{key}-store",
                labels=marks,
                mounts=[Mount("/data", f"hive-{place.installation}-{key}-data")],
            )
    janitor.tidy()
    with engine() as client:
        left = [volume.name for volume in client.volumes.list(filters=place.mine)]
    assert left == [f"hive-{place.installation}-e{environment.pk}-data"]
    assert place.containers() == []


def test_another_installation_on_the_same_engine_is_left_alone(
    place: DockerPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_id = place.site("r")
    place.target.start(release_id)
    monkeypatch.setattr(janitor, "installation", lambda: "somebody-else")
    monkeypatch.setattr(settings, "HOME", Home(place.home / "elsewhere"))
    assert janitor.tidy() == []
    assert place.target.look(release_id).running


def test_without_an_engine_there_is_nothing_to_do(place: DockerPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("DOCKER_HOST", f"unix://{place.home}/no.sock")
        assert janitor.tidy() == []
