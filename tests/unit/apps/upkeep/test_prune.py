"""Prune: what ended long ago goes whole, what is in use stays, and a death in between loses nothing but waste."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.artifacts.models import Artifact
from apps.artifacts.services import remove_orphans as orphans
from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.events.models import Event, LogChunk, Sequence
from apps.releases.models import Release
from apps.runs.models import Run
from apps.upkeep import prune as pruning
from apps.upkeep.prune import Pruned, prune, prune_on_schedule
from tests.conftest import People
from tests.stories import runs

YEAR_AGO = timezone.now() - timedelta(days=365)


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryStore]:
    with installed(found := MemoryStore()):
        yield found


def old(*found: Run) -> None:
    """They ended a year ago, and their work has landed."""
    Run.objects.filter(pk__in=[run.pk for run in found]).update(finished_at=YEAR_AGO, landing="landed")


def rows_of(run: Run) -> int:
    """Whatever any table of ours says of this run."""
    about = 0
    for model in apps.get_models():
        if model.__module__.startswith("apps."):
            names = [field.attname for field in model._meta.fields if field.attname == "run_id"]
            about += sum(model._default_manager.filter(**{name: run.pk}).count() for name in names)
    return about


def test_a_run_goes_whole(people: People, memory: MemoryStore) -> None:
    gone, stays = runs.failing(people.project, people.owner), runs.failing(people.project, people.owner)
    old(gone)
    kept = set(Artifact.objects.filter(run=stays).values_list("store_key", flat=True))
    told = prune(90)
    assert (told.runs, told.more) == (1, False)
    assert told.artifacts == len(kept)
    assert rows_of(gone) == 0
    assert not Sequence.objects.filter(run_id=gone.pk).exists()
    assert set(LogChunk.objects.values_list("job_id", flat=True)) <= set(stays.jobs.values_list("pk", flat=True))
    assert {info.key for info in memory.list()} == kept
    assert rows_of(stays) > 20


def test_what_goes_on_and_what_ended_lately_stays(people: People) -> None:
    going, lately = runs.running(people.project, people.owner), runs.failing(people.project, people.owner)
    Run.objects.filter(pk=going.pk).update(created_at=YEAR_AGO)
    assert prune(90) == Pruned()
    assert {going, lately} == set(Run.objects.all())


def test_what_people_see_and_what_it_can_be_rolled_back_to_stays(people: People) -> None:
    first, previous, live = (runs.completed(people.project, people.owner, looks=2) for _ in range(3))
    old(first, previous, live)
    assert prune(90).runs == 1
    assert set(Run.objects.all()) == {previous, live}
    assert {release.status for release in Release.objects.all()} == {"live", "superseded"}


def test_work_that_has_not_landed_stays(people: People) -> None:
    first, _, _ = (runs.completed(people.project, people.owner, looks=2) for _ in range(3))
    old(first)
    Run.objects.filter(pk=first.pk).update(landing="")
    assert prune(90) == Pruned()


def test_another_project_is_left_alone(people: People) -> None:
    old(runs.failing(people.project, people.owner), runs.noop(people.foreign_project, people.outsider))
    assert prune(90, project="other").runs == 1
    assert Run.objects.get().project == people.project


def test_a_dry_run_says_what_would_go(people: People) -> None:
    found = [runs.failing(people.project, people.owner) for _ in range(3)]
    old(*found)
    told = prune(90, dry_run=True)
    assert Run.objects.count() == 3
    assert prune(90) == told
    assert told.runs == 3
    assert told.size_bytes > 3 * 40_000


def test_it_goes_on_batch_by_batch_up_to_the_limit(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    old(*[runs.noop(people.project, None) for _ in range(5)])
    assert [prune(90, limit=3).more, prune(90, limit=3).more] == [True, False]
    assert not Run.objects.exists()


def test_time_that_is_up_ends_it_between_batches(people: People) -> None:
    old(runs.noop(people.project, None))
    assert prune(90, for_s=0).more
    assert Run.objects.exists()


def test_whoever_dies_before_the_bytes_go_leaves_waste_and_no_row_without_bytes(
    people: People, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(key: str) -> None:
        raise Killed

    old(runs.failing(people.project, people.owner))
    monkeypatch.setattr(pruning, "discard", die)
    with pytest.raises(Killed):
        prune(90)
    assert not Artifact.objects.exists()
    assert list(memory.list()) != []
    orphans.remove_orphans(timezone.now() + timedelta(days=2))
    assert list(memory.list()) == []


def test_whoever_dies_among_the_rows_has_removed_none(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.failing(people.project, people.owner)
    old(run)
    before = rows_of(run)
    monkeypatch.setattr(pruning.Sequence.objects, "filter", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prune(90)
    monkeypatch.undo()
    assert rows_of(run) == before


def test_what_something_holds_on_to_stays_and_the_others_go(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback made a release of the run between the look and the removal."""
    held = runs.completed(people.project, people.owner, looks=2)
    other = runs.noop(people.project, None)
    old(held, other)
    monkeypatch.setattr(pruning, "prunable", lambda days, project: Run.objects.order_by("pk"))
    real = Release.objects.filter
    monkeypatch.setattr(pruning.Release.objects, "filter", lambda **how: real(**how).none())
    assert prune(90).runs == 1
    assert Run.objects.get() == held


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(people: People, days: int) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        prune(days)


def test_the_schedule_does_nothing_until_it_is_told_to(people: People, settings: object) -> None:
    old(runs.noop(people.project, None))
    assert prune_on_schedule() == Pruned()
    settings.PRUNE_DAYS = 90  # type: ignore[attr-defined]
    assert prune_on_schedule().runs == 1


def test_events_of_others_stay(people: People) -> None:
    gone, stays = runs.noop(people.project, None), runs.noop(people.project, None)
    old(gone)
    prune(90)
    assert set(Event.objects.values_list("run_id", flat=True)) == {stays.pk}
