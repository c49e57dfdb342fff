"""What is older than its kind is kept goes: rows and bytes, once, and nothing of a run that has not ended."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.artifacts.models import Artifact
from apps.artifacts.services import expire
from apps.artifacts.services.archive_logs import archive_logs
from apps.artifacts.services.expire import expire_artifacts
from apps.artifacts.services.remove_orphans import remove_orphans
from apps.artifacts.services.save import save
from apps.artifacts.store import StoreUnavailable, installed
from apps.artifacts.store.memory import MemoryStore
from apps.runs.models import Job, Run
from apps.runs.services.active import ActiveJob
from apps.runs.states import RunStatus

Begin = Callable[[], ActiveJob]


@pytest.fixture(autouse=True)
def _kept(settings: Settings) -> None:
    settings.KEEP_WORKSPACE_DAYS, settings.KEEP_LOG_DAYS, settings.KEEP_ARTIFACT_DAYS = 7, 90, 0


def end_all_runs() -> None:
    Run.objects.update(status=RunStatus.COMPLETED)


def after(days: float) -> int:
    return expire_artifacts(timezone.now() + timedelta(days=days))


@pytest.fixture
def kept(memory: MemoryStore, begin_job: Begin) -> list[Artifact]:
    job = begin_job()
    made = [save(job, kind, kind, io.BytesIO(kind.encode())) for kind in ("workspace", "tree", "report")]
    end_all_runs()
    return made


def test_each_kind_goes_at_its_age_with_its_bytes(memory: MemoryStore, kept: list[Artifact], ended_job: object) -> None:
    job: Job = ended_job(b"printed")  # type: ignore[operator]
    archive_logs()
    end_all_runs()
    assert [after(6.9), after(7.1), after(89), after(91), after(5000)] == [0, 1, 0, 1, 0]
    assert set(Artifact.objects.values_list("name", flat=True)) == {"tree", "report"}
    assert {info.key for info in memory.list()} == {artifact.store_key for artifact in kept[1:]}
    assert not Artifact.objects.filter(job=job).exists()


def test_other_kinds_go_where_that_is_set(settings: Settings, memory: MemoryStore, kept: list[Artifact]) -> None:
    settings.KEEP_ARTIFACT_DAYS = 30
    assert after(31) == 3
    assert list(memory.list()) == []


def test_zero_days_are_for_ever(settings: Settings, kept: list[Artifact]) -> None:
    settings.KEEP_WORKSPACE_DAYS = 0
    assert after(5000) == 0


def test_nothing_goes_of_a_run_that_has_not_ended(kept: list[Artifact]) -> None:
    Run.objects.update(status=RunStatus.RUNNING)
    assert after(5000) == 0
    end_all_runs()
    assert after(5000) == 1


class Died(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def test_dying_between_row_and_bytes_leaves_what_the_next_tidying_finds(begin_job: Begin) -> None:
    class Dying(MemoryStore):
        def delete(self, key: str) -> None:
            raise Died

    store, dying = MemoryStore(), Dying()
    dying._kept = store._kept
    with installed(store):
        save(begin_job(), "w", "workspace", io.BytesIO(b"x"))
        end_all_runs()
    with installed(dying), pytest.raises(Died):
        after(8)
    assert not Artifact.objects.exists()
    assert len(list(store.list())) == 1
    with installed(store):
        assert remove_orphans(timezone.now() + timedelta(days=2)) == 1
    assert list(store.list()) == []


def test_two_at_once_delete_each_once_and_do_not_fail(begin_job: Begin, memory: MemoryStore) -> None:
    save(begin_job(), "w", "workspace", io.BytesIO(b"x"))
    end_all_runs()
    due = expire._due("workspace", timezone.now() + timedelta(days=8))
    first = dict(due.values_list("pk", "store_key"))
    assert after(8) == 1  # the other one, while this one holds its list
    for key in first.values():
        memory.delete(key)
    assert after(8) == 0
    assert list(memory.list()) == []


def test_with_the_store_away_nothing_goes(begin_job: Begin) -> None:
    class Away(MemoryStore):
        def check(self) -> None:
            raise StoreUnavailable("Cannot reach the artifact store: it does not answer.")

    with installed(Away()):
        save(begin_job(), "w", "workspace", io.BytesIO(b"x"))
        end_all_runs()
        assert after(8) == 0
    assert Artifact.objects.count() == 1


def test_a_pass_is_short_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, memory: MemoryStore, begin_job: Begin
) -> None:
    job = begin_job()
    for number in range(5):
        save(job, f"w{number}", "workspace", io.BytesIO(b"x"))
    end_all_runs()
    monkeypatch.setattr(expire, "BATCH", 2)
    monkeypatch.setattr(expire, "PASS_S", 0)
    assert after(8) == 0
    monkeypatch.setattr(expire, "PASS_S", 60)
    assert after(8) == 5


def test_what_is_due_is_found_by_the_index(db: None) -> None:
    text = str(expire._due("workspace", timezone.now()).values("pk").explain())
    assert "artifact_age_of_a_kind" in text, text
