"""The notes: what is kept, what is refused, and what a crash leaves."""

from __future__ import annotations

import json
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from app.errors import Invalid, NotFound
from app.store import MAX_TEXT, Store


class StoreCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "data" / "notes.json"
        self.store = Store(self.path)


class TestKeeping(StoreCase):
    def test_a_note_that_was_added_can_be_read(self) -> None:
        note = self.store.add("hello")
        self.assertEqual(self.store.get(note.id), note)

    def test_newest_first(self) -> None:
        for text in ("one", "two"):
            self.store.add(text)
        self.assertEqual([note.text for note in self.store.all()], ["two", "one"])

    def test_some_can_be_picked_by_what_they_contain(self) -> None:
        for text in ("Bread", "milk", "bread again"):
            self.store.add(text)
        self.assertEqual([note.text for note in self.store.all("BREAD")], ["bread again", "Bread"])

    def test_a_change_keeps_id_and_birthday(self) -> None:
        note = self.store.add("one")
        changed = self.store.change(note.id, "two")
        self.assertEqual((changed.id, changed.created_at, changed.text), (note.id, note.created_at, "two"))

    def test_what_is_forgotten_is_gone(self) -> None:
        note = self.store.add("one")
        self.store.forget(note.id)
        with self.assertRaises(NotFound):
            self.store.get(note.id)

    def test_an_id_is_never_given_twice(self) -> None:
        first = self.store.add("one")
        self.store.forget(first.id)
        self.assertNotEqual(Store(self.path).add("two").id, first.id)


class TestRefusing(StoreCase):
    def test_what_is_no_text(self) -> None:
        for text in ("", "  \n", None, 5, ["x"], "x" * (MAX_TEXT + 1)):
            with self.subTest(text=str(text)[:10]), self.assertRaises(Invalid):
                self.store.add(text)
        self.assertEqual(self.store.all(), [])

    def test_a_note_that_is_not_there(self) -> None:
        for ask in (self.store.get, self.store.forget, lambda number: self.store.change(number, "x")):
            with self.assertRaises(NotFound):
                ask(7)


class TestDisk(StoreCase):
    def test_notes_outlive_the_process(self) -> None:
        note = self.store.add("über 😀")
        self.assertEqual(Store(self.path).get(note.id), note)

    def test_a_disk_that_fails_changes_nothing(self) -> None:
        kept = self.store.add("one")
        with mock.patch("os.fsync", side_effect=OSError("full")), self.assertRaises(OSError):
            self.store.add("two")
        self.assertEqual(self.store.all(), [kept])
        self.assertEqual([note["text"] for note in json.loads(self.path.read_text())["notes"]], ["one"])

    def test_many_at_once_lose_nothing(self) -> None:
        threads = [threading.Thread(target=self.store.add, args=(f"note {number}",)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len({note.id for note in Store(self.path).all()}), 30)
