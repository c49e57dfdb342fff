"""The report of a run that has ended is kept: once, whoever dies and however many do it, and outlives its evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apps.artifacts.models import Artifact
from apps.artifacts.services.keep_reports import keep_report, keep_reports
from apps.artifacts.store import Source, Stored, StoreUnavailable, installed, store
from apps.artifacts.store.memory import MemoryStore
from apps.events import clock
from apps.runs.models import Run
from apps.runs.services.stop import cancel_run
from tests.conftest import People
from tests.stories import runs


class Died(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class Dying(MemoryStore):
    """Its process dies after so many files."""

    left = 99

    def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:
        if self.left == 0:
            raise Died
        self.left -= 1
        return super().put(stream, key, patience_s)


class Away(MemoryStore):
    def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:
        raise StoreUnavailable("The store is away.")


@pytest.fixture
def run(people: People, memory: MemoryStore) -> Run:
    return runs.failing(people.project, people.owner)


def kept(run: Run) -> dict[str, str]:
    rows = Artifact.objects.filter(run=run, name__startswith="run-report")
    return {row.name: b"".join(store().get(row.store_key)).decode() for row in rows}


def test_it_is_kept_as_markdown_and_json_once(run: Run) -> None:
    assert (keep_reports(), keep_reports()) == (1, 0)
    files = kept(run)
    assert sorted(files) == ["run-report.json", "run-report.md"]
    told = json.loads(files["run-report.json"])
    assert (told["run"], told["status"], told["message"]) == (run.pk, "failed", run.message)
    assert told["lines"]
    assert files["run-report.md"].startswith(f"# Run {run.pk}: ")


def test_an_end_that_is_processed_twice_at_once_keeps_one_and_leaves_no_bytes(run: Run, memory: MemoryStore) -> None:
    before = {info.key for info in memory.list()}
    first, second = Run.objects.get(pk=run.pk), Run.objects.get(pk=run.pk)
    assert (keep_report(first), keep_report(second)) == (True, False)
    rows = Artifact.objects.filter(run=run, name__startswith="run-report")
    assert {info.key for info in memory.list()} - before == set(rows.values_list("store_key", flat=True))


def test_a_process_that_dies_in_the_middle_keeps_nothing_and_the_next_pass_all(people: People) -> None:
    with installed(dying := Dying()):
        run = runs.failing(people.project, people.owner)
        dying.left = 1
        with pytest.raises(Died):
            keep_reports()
        assert kept(run) == {}
        dying.left = 9
        assert keep_reports() == 1
        assert len(kept(run)) == 2


def test_a_store_that_is_away_is_asked_again(people: People, memory: MemoryStore) -> None:
    run = runs.failing(people.project, people.owner)
    with installed(Away()):
        assert keep_reports() == 0
    assert keep_reports() == 1
    assert len(kept(run)) == 2


def test_a_run_that_goes_on_has_none_and_one_that_never_began_has_one(people: People, memory: MemoryStore) -> None:
    run = runs.running(people.project, people.owner)
    assert keep_reports() == 0
    cancel_run(run, people.owner)
    Run.objects.filter(pk=run.pk).update(status="canceled", finished_at=clock.now())
    assert keep_reports() == 1


def test_what_others_have_written_is_no_markup_in_it(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(title="<b>A</b> | B", message="line\n# heading")
    keep_reports()
    text = kept(run)["run-report.md"]
    assert "\\<b\\>A\\</b\\> \\| B" in text
    assert "\n# heading" not in text


def test_it_can_be_downloaded_when_the_evidence_is_gone(run: Run, tmp_path: Path) -> None:
    keep_reports()
    run.jobs.update(outcome={})
    run.tasks.update(evidence={})
    assert json.loads(kept(run)["run-report.json"])["lines"]
