"""The notes, in memory and in one file. Many requests may ask at once."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.errors import Invalid, NotFound

MAX_TEXT = 10_000
MAX_NOTES = 10_000


@dataclass(frozen=True)
class Note:
    id: int
    text: str
    created_at: str
    changed_at: str


class Store:
    """Every change is on the disk before it is answered: written beside the file, then put in its place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.last_id = 0
        self.notes: dict[int, Note] = {}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self.last_id = kept["last_id"]
            self.notes = {note["id"]: Note(**note) for note in kept["notes"]}

    def all(self, contains: str = "") -> list[Note]:
        """Newest first."""
        with self.lock:
            found = [note for note in self.notes.values() if contains.lower() in note.text.lower()]
        return sorted(found, key=lambda note: note.id, reverse=True)

    def get(self, note_id: int) -> Note:
        with self.lock:
            return self._get(note_id)

    def add(self, text: object) -> Note:
        text = _checked(text)
        with self.lock:
            if len(self.notes) >= MAX_NOTES:
                raise Invalid(f"There are {MAX_NOTES:,} notes already; forget some first.")
            now = _now()
            note = Note(self.last_id + 1, text, now, now)
            self._keep({**self.notes, note.id: note}, note.id)
            return note

    def change(self, note_id: int, text: object) -> Note:
        text = _checked(text)
        with self.lock:
            note = replace(self._get(note_id), text=text, changed_at=_now())
            self._keep({**self.notes, note_id: note}, self.last_id)
            return note

    def forget(self, note_id: int) -> None:
        with self.lock:
            self._get(note_id)
            self._keep({key: note for key, note in self.notes.items() if key != note_id}, self.last_id)

    def _get(self, note_id: int) -> Note:
        if note_id not in self.notes:
            raise NotFound(f"There is no note {note_id}.")
        return self.notes[note_id]

    def _keep(self, notes: dict[int, Note], last_id: int) -> None:
        """On the disk first: if that fails, nothing has changed. An id is never given twice."""
        content = json.dumps({"last_id": last_id, "notes": [asdict(note) for note in notes.values()]}, indent=1)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        self.notes, self.last_id = notes, last_id


def _checked(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise Invalid("`text` must be some text.")
    if len(text) > MAX_TEXT:
        raise Invalid(f"`text` is longer than {MAX_TEXT:,} characters.")
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
