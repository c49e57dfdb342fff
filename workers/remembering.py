"""A job's memory: the notes of its project, and of no other one. Joins the tools of workers.llm and the records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from apps.memory.models import Note
from apps.memory.queries import notes_of
from apps.memory.search import search
from apps.memory.services import Author, MemoryRefused, forget, remember
from apps.runs.services.active import ActiveJob
from apps.runs.services.outage import outlast
from workers.llm.tools.memory import Remembered
from workers.llm.tools.port import ToolFailed

T = TypeVar("T")


class JobMemory:
    """See tools.memory.Memory. What changes it is fenced by the job's lease: a worker that was cut off changes nothing.

    Every call may come twice, of a worker that died before it could answer: the second finds what the first has done.
    """

    def __init__(self, job: ActiveJob) -> None:
        self._job = job
        self._project = job.run.project

    def remember(self, text: str, days: int | None) -> int:
        row = self._job.row
        author = Author(run_number=row.run_id, job_number=row.pk, role=row.role)
        try:
            return self._held(lambda: remember(self._project, text, author, days=days)).pk
        except MemoryRefused as error:
            raise ToolFailed(str(error)) from None

    def recall(self, query: str, limit: int) -> Sequence[Remembered]:
        def look() -> list[Note]:
            return search(self._project, query, limit) if query.strip() else list(notes_of(self._project)[:limit])

        return [
            Remembered(note.pk, note.text, note.author, f"{note.written_at:%Y-%m-%d}")
            for note in outlast(look, "memory")
        ]

    def forget(self, number: int) -> bool:
        return self._held(lambda: forget(self._project, number))

    def _held(self, change: Callable[[], T]) -> T:
        def once() -> T:
            with self._job.held():
                return change()

        return outlast(once, "memory")
