"""What every artifact store promises about bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from apps.artifacts.store import ArtifactStore, BadKey, NotStored
from apps.artifacts.store.port import PIECE_BYTES

BIG = bytes(range(256)) * 4096  # 1 MiB: several pieces


def read(store: ArtifactStore, key: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(store.get(key, start, stop))


def test_what_was_put_is_what_is_read(store: ArtifactStore) -> None:
    stored = store.put(io.BytesIO(BIG), "runs/1/tree.tar")
    assert (stored.size_bytes, stored.sha256) == (len(BIG), hashlib.sha256(BIG).hexdigest())
    assert read(store, "runs/1/tree.tar") == BIG


def test_a_stream_may_be_an_iterator_of_pieces(store: ArtifactStore) -> None:
    assert store.put(iter([b"one ", b"", b"two"]), "k").size_bytes == 7
    assert read(store, "k") == b"one two"


def test_an_empty_stream_is_an_empty_file(store: ArtifactStore) -> None:
    assert store.put(io.BytesIO(b""), "empty").size_bytes == 0
    assert store.exists("empty")
    assert read(store, "empty") == b""


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (5, 10), (PIECE_BYTES - 1, PIECE_BYTES + 1), (0, None), (len(BIG) - 3, None), (len(BIG) - 3, 10**12)],
)
def test_a_range_gives_just_these_bytes(store: ArtifactStore, start: int, stop: int | None) -> None:
    store.put(io.BytesIO(BIG), "k")
    assert read(store, "k", start, stop) == BIG[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(len(BIG), None), (10**12, None), (7, 7), (9, 3)])
def test_a_range_beyond_the_end_or_without_length_gives_nothing(
    store: ArtifactStore, start: int, stop: int | None
) -> None:
    store.put(io.BytesIO(BIG), "k")
    assert read(store, "k", start, stop) == b""


def test_no_piece_is_larger_than_the_bound(store: ArtifactStore) -> None:
    store.put(iter([BIG]), "k")
    assert max(len(piece) for piece in store.get("k")) <= PIECE_BYTES


def test_putting_again_replaces(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b"long old content"), "k")
    store.put(io.BytesIO(b"new"), "k")
    assert read(store, "k") == b"new"


def test_a_reader_under_way_is_not_disturbed_by_a_new_put(store: ArtifactStore) -> None:
    store.put(io.BytesIO(BIG), "k")
    reader = store.get("k")
    first = next(reader)
    store.put(io.BytesIO(b"new"), "k")
    assert first + b"".join(reader) == BIG


def test_a_stream_that_breaks_off_leaves_nothing_and_says_why(store: ArtifactStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("the worker died")

    with pytest.raises(ConnectionError, match="the worker died"):
        store.put(broken(), "k")
    assert not store.exists("k")
    assert list(store.list()) == []


def test_info_tells_size_and_time(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b"12345"), "a/b.txt")
    info = store.info("a/b.txt")
    assert (info.key, info.size_bytes) == ("a/b.txt", 5)
    assert abs(datetime.now(UTC) - info.modified_at) < timedelta(minutes=1)


def test_what_is_not_there_is_said_to_be_missing(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b""), "folder/key")
    for key in ("nothing", "folder", "folder/key/below"):
        assert not store.exists(key)
        with pytest.raises(NotStored, match=key):
            store.info(key)
        with pytest.raises(NotStored, match=key):
            store.get(key)


def test_deleting_twice_is_no_error(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b"x"), "a/k")
    store.delete("a/k")
    store.delete("a/k")
    store.delete("a")
    assert not store.exists("a/k")


def test_a_list_is_in_order_and_holds_one_prefix(store: ArtifactStore) -> None:
    keys = ["a-b/1", "a/2", "a/1/x", "a.txt", "b/1", "a/10"]
    for key in keys:
        store.put(io.BytesIO(key.encode()), key)
    assert [info.key for info in store.list()] == sorted(keys)
    assert [info.key for info in store.list("a/1")] == ["a/1/x", "a/10"]
    assert [info.size_bytes for info in store.list("b/")] == [3]
    assert list(store.list("c")) == []


BAD_KEYS = [
    "",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a//b",
    "a/",
    ".hidden",
    "a/.partial",
    "a\0b",
    "a\nb",
    "ä",
    "a" * 301,
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_bad_key_is_refused_by_every_method(store: ArtifactStore, key: str) -> None:
    for call in (store.get, store.info, store.exists, store.delete, lambda key: store.put(io.BytesIO(b""), key)):
        with pytest.raises(BadKey):
            call(key)
    with pytest.raises(BadKey):
        store.link_to_get(key, 60)


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", ".partial", "a//"])
def test_a_bad_prefix_is_refused(store: ArtifactStore, prefix: str) -> None:
    with pytest.raises(BadKey):
        list(store.list(prefix))


def test_a_link_says_when_it_expires(store: ArtifactStore) -> None:
    link = store.link_to_get("a/k", 60, file_name="k.txt")
    assert link.url
    assert timedelta(seconds=50) < link.expires_at - datetime.now(UTC) <= timedelta(seconds=60)
    assert store.link_to_put("a/k", 60, size_bytes=3).url != link.url
