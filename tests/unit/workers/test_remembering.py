"""remember, recall, forget as a job has them."""

from __future__ import annotations

import pytest

from apps.memory.models import Note
from apps.memory.services import Author, remember
from apps.runs.models import Job
from apps.runs.services.output import LeaseLost
from tests.conftest import People
from tests.unit.workers.jobs import held, planned
from tests.unit.workers.llm.tools.work import call
from workers.llm.tools.memory import MATERIAL, memory_tools
from workers.llm.tools.port import Instrument, ToolFailed
from workers.remembering import JobMemory


@pytest.fixture
def tools(people: People, home: object) -> dict[str, Instrument]:
    run = planned(people)
    job = held(run, "coding.code", run.tasks.get())
    return {one.name: one for one in memory_tools(JobMemory(job))}


def test_what_one_job_notes_a_later_one_recalls_with_who_and_when(tools: dict[str, Instrument], people: People) -> None:
    call(tools["remember"], text="The tests need LANG=C.")
    note = Note.objects.get(project=people.project)
    said = call(tools["recall"], query="lang")
    assert said.startswith(f"{MATERIAL}\n\nNote {note.pk} (coding job {note.job_number} of run {note.run_number}, ")
    assert said.endswith("The tests need LANG=C.")


def test_an_empty_question_shows_the_newest(tools: dict[str, Instrument], people: People) -> None:
    for text in ("first", "second", "third"):
        call(tools["remember"], text=text)
    said = call(tools["recall"], limit=2)
    assert [text in said for text in ("first", "second", "third")] == [False, True, True]
    assert call(tools["recall"], query="nowhere") == "No note has any of these words: nowhere"


def test_a_job_forgets_a_note_of_its_project_and_no_other(tools: dict[str, Instrument], people: People) -> None:
    theirs = remember(people.foreign_project, "theirs", Author(people.outsider))
    ours = remember(people.project, "ours", Author(people.owner))
    assert call(tools["forget"], number=ours.pk) == f"Note {ours.pk} is forgotten."
    with pytest.raises(ToolFailed, match="no note"):
        call(tools["forget"], number=theirs.pk)
    assert Note.objects.get() == theirs


def test_a_worker_that_was_cut_off_writes_and_erases_nothing(tools: dict[str, Instrument], people: People) -> None:
    ours = remember(people.project, "ours", Author(people.owner))
    Job.objects.filter(step="coding.code").update(lease_token="another")
    for name, arguments in (("remember", {"text": "late"}), ("forget", {"number": ours.pk})):
        with pytest.raises(LeaseLost):
            call(tools[name], **arguments)
    assert Note.objects.get() == ours


def test_planning_may_recall_and_change_nothing(tools: dict[str, Instrument]) -> None:
    assert [one.name for one in tools.values() if not one.changes] == ["recall"]
