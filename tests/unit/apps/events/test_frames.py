"""What goes over the wire of a stream."""

from __future__ import annotations

import json

import pytest

from apps.events.services import record
from apps.events.stream import frames
from apps.events.stream.frames import event_frames, frame


def test_a_frame_has_id_event_and_data_on_one_line_each() -> None:
    assert frame(7, "job", {"text": "a\nb"}) == b'id: 7\nevent: job\ndata: {"text":"a\\nb"}\n\n'


@pytest.mark.parametrize("text", ["Grüße", "\u2028", "\r\n", '"', "\ud800"])
def test_no_text_breaks_out_of_its_line(text: str) -> None:
    lines = frame(1, "job", {"text": text}).split(b"\n")
    assert len(lines) == 5
    assert json.loads(lines[2].removeprefix(b"data: "))["text"] in (text, "?")


def test_a_type_that_is_not_a_word_does_not_break_out_of_its_line() -> None:
    assert b"\nevent: message\n" in frame(1, "x\ndata: forged", {})


@pytest.mark.django_db
def test_events_come_as_frames_in_order_after_a_number() -> None:
    for number in range(5):
        record(1, "activity", {"text": str(number)}, job_id=3)
    record(2, "activity", {"text": "of another run"})
    batch = event_frames(1, 3, lambda: True)
    assert [(piece.start, piece.end) for piece in batch.pieces] == [(3, 4), (4, 5)]
    assert (batch.more, batch.ended) == (False, True)
    assert not event_frames(1, 3, lambda: False).ended
    shown = json.loads(batch.pieces[0].data.split(b"data: ")[1])
    assert (shown["number"], shown["type"], shown["job"], shown["data"]) == (4, "activity", 3, {"text": "3"})
    assert shown["at"].endswith("Z")


@pytest.mark.django_db
def test_a_batch_is_bounded_in_bytes_and_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "BATCH_BYTES", 1000)
    for _ in range(5):
        record(1, "activity", {"text": "x" * 600})
    batch = event_frames(1, 0, lambda: True)
    assert len(batch.pieces) == 2
    assert batch.more
    assert not batch.ended
