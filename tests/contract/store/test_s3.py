"""What the S3 store does beyond the port's contract: large uploads, links, and a server that is away."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from apps.artifacts.store import ArtifactStore, NotStored, StoreUnavailable, open_store
from apps.artifacts.store.s3.store import PART_BYTES
from tests.servers.s3 import KEY, S3, SECRET

MIB = 1024 * 1024
PIECE = bytes(range(256)) * 4096
LARGE = 20 * MIB  # three parts


@pytest.fixture
def store(server: S3, bucket: str) -> Iterator[ArtifactStore]:
    yield open_store(server.create(bucket))
    server.come_back()


def large() -> Iterator[bytes]:
    return iter([PIECE] * (LARGE // MIB))


def test_a_large_stream_goes_up_in_parts_and_comes_down_the_same(store: ArtifactStore, server: S3, bucket: str) -> None:
    stored = store.put(large(), "runs/1/tree.tar")
    assert (stored.size_bytes, stored.sha256) == (LARGE, hashlib.sha256(PIECE * (LARGE // MIB)).hexdigest())
    assert server.client.head_object(Bucket=bucket, Key="runs/1/tree.tar")["ETag"].endswith('-3"')
    assert b"".join(store.get("runs/1/tree.tar", PART_BYTES - 5, PART_BYTES + 5)) == (PIECE * 9)[PART_BYTES - 5 :][:10]
    assert server.unfinished(bucket) == 0


def test_memory_does_not_grow_with_the_stream(store: ArtifactStore) -> None:
    tracemalloc.start()
    store.put(iter([PIECE] * 64), "k")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * PART_BYTES < 64 * MIB


def test_a_stream_that_breaks_off_late_leaves_no_parts(store: ArtifactStore, server: S3, bucket: str) -> None:
    def broken() -> Iterator[bytes]:
        yield from large()
        raise ConnectionError("the worker died")

    with pytest.raises(ConnectionError, match="the worker died"):
        store.put(broken(), "k")
    assert (server.keys(bucket), server.unfinished(bucket)) == ([], 0)


WRITE_AND_DIE = """
import os, sys
from django.conf import settings
settings.configure()
from apps.artifacts.store import open_store
def stream():
    yield b"x" * 9_000_000
    os.kill(os.getpid(), 9)
open_store(sys.argv[1]).put(stream(), "key")
"""


def test_what_a_killed_writer_left_is_seen_by_nobody_and_taken_back(
    store: ArtifactStore, server: S3, bucket: str, root: Path
) -> None:
    died = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, server.url(bucket)], cwd=root, check=False)
    assert died.returncode == -signal.SIGKILL
    assert (store.exists("key"), server.unfinished(bucket)) == (False, 1)
    assert store.remove_partials(datetime(2009, 1, 1, tzinfo=UTC)) == 0  # moto says that all began in 2010
    assert store.remove_partials(datetime.now(UTC) - timedelta(days=1)) == 1
    assert server.unfinished(bucket) == 0


def test_a_link_downloads_without_a_key_under_the_name_and_type_it_holds(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b"<x/>"), "k")
    link = store.link_to_get("k", 60, file_name="größe 1.xml", content_type="text/xml")
    response = httpx.get(link.url)
    assert (response.status_code, response.content, response.headers["content-type"]) == (200, b"<x/>", "text/xml")
    assert response.headers["content-disposition"] == "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe%201.xml"
    assert httpx.get(link.url, headers={"Range": "bytes=1-2"}).content == b"x/"


def test_a_link_is_for_one_key_one_name_and_one_method(store: ArtifactStore) -> None:
    for key in ("k", "other"):
        store.put(io.BytesIO(b"x"), key)
    url = store.link_to_get("k", 60, file_name="good.txt").url
    assert httpx.get(url).status_code == 200
    for changed in (url.replace("/k?", "/other?"), url.replace("good.txt", "evil.exe")):
        assert httpx.get(changed).status_code == 403
    assert httpx.put(url, content=b"y").status_code == 403
    assert httpx.delete(url).status_code == 403


def test_links_expire(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b"x"), "k")
    links = [store.link_to_get("k", 1).url, store.link_to_put("k", 1, size_bytes=1).url]
    time.sleep(2.1)
    assert [httpx.get(links[0]).status_code, httpx.put(links[1], content=b"y").status_code] == [403, 403]
    assert b"".join(store.get("k")) == b"x"


def test_a_link_to_put_takes_its_size_and_no_other(store: ArtifactStore) -> None:
    url = store.link_to_put("k", 60, size_bytes=5).url
    for wrong in (b"1234", b"123456", b""):
        assert httpx.put(url, content=wrong).status_code == 403
    assert not store.exists("k")
    assert httpx.put(url, content=b"12345").status_code == 200
    assert store.info("k").size_bytes == 5


def test_links_lead_to_the_address_that_browsers_know(server: S3, bucket: str) -> None:
    server.create(bucket)
    store = open_store(f"{server.url(bucket)}&links=https://files.example.com")
    assert store.link_to_get("k", 60).url.startswith(f"https://files.example.com/{bucket}/k?")
    assert store.link_to_put("k", 60, size_bytes=1).url.startswith(f"https://files.example.com/{bucket}/k?")
    through = open_store(f"{server.url(bucket)}&links=hive")
    assert through.link_to_get("k", 60).url.startswith("/api/v1/store/")


def test_a_store_that_is_away_is_said_soon_and_without_its_address(store: ArtifactStore, server: S3) -> None:
    server.go_away()
    began = time.monotonic()
    calls = (
        lambda: store.put(io.BytesIO(b"x"), "k"),
        lambda: store.get("k"),
        lambda: store.exists("k"),
        lambda: store.delete("k"),
        lambda: list(store.list()),
        lambda: store.remove_partials(datetime.now(UTC)),
        store.check,
    )
    for call in calls:
        with pytest.raises(StoreUnavailable, match="the artifact store: it does not answer") as said:
            call()
        assert not {str(server.port), "127.0.0.1", KEY, SECRET} & set(str(said.value).split())
    assert time.monotonic() - began < 30


def back_after(server: S3, seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, server.come_back)
    timer.start()
    return timer


def test_a_patient_writer_waits_until_the_store_is_back(store: ArtifactStore, server: S3) -> None:
    server.go_away()
    timer = back_after(server, 2.5)
    store.put(io.BytesIO(b"x"), "k", patience_s=60)
    timer.join()
    assert b"".join(store.get("k")) == b"x"


def test_a_store_that_goes_in_the_middle_of_an_upload_gets_every_byte_once(store: ArtifactStore, server: S3) -> None:
    timers = []

    def stream() -> Iterator[bytes]:
        for number, piece in enumerate(large()):
            if number == 10:  # the first part is there
                server.go_away()
                timers.append(back_after(server, 1.5))
            yield piece

    stored = store.put(stream(), "k", patience_s=60)
    timers[0].join()
    assert hashlib.sha256(b"".join(store.get("k"))).hexdigest() == stored.sha256
    assert stored.size_bytes == LARGE


def test_patience_ends(store: ArtifactStore, server: S3) -> None:
    server.go_away()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.put(io.BytesIO(b"x"), "k", patience_s=2)
    assert 1 < time.monotonic() - began < 20


def test_a_busy_server_is_asked_again(store: ArtifactStore, server: S3) -> None:
    server.fail(2)
    store.put(io.BytesIO(b"x"), "k")
    server.fail(1)
    assert b"".join(store.get("k")) == b"x"


def test_an_upload_whose_last_answer_was_lost_is_an_upload(store: ArtifactStore, server: S3) -> None:
    server.lose(1)
    assert store.put(large(), "k").size_bytes == LARGE
    assert store.info("k").size_bytes == LARGE


def test_a_reader_that_is_left_in_the_middle_leaves_the_next_one_its_connection(store: ArtifactStore) -> None:
    store.put(large(), "k")
    for _ in range(12):
        reader = store.get("k")
        next(reader)
        reader.close()  # type: ignore[attr-defined]
    assert len(b"".join(store.get("k"))) == LARGE


def test_a_bucket_that_is_not_there_is_not_a_bucket_without_the_key(server: S3, bucket: str) -> None:
    store = open_store(server.url(bucket))
    for call in (
        lambda: store.exists("k"),
        lambda: store.get("k"),
        lambda: store.put(io.BytesIO(b""), "k"),
        store.check,
    ):
        with pytest.raises(StoreUnavailable, match="there is no such bucket"):
            call()


def test_a_wrong_secret_is_said(server: S3, bucket: str) -> None:
    server.create(bucket)
    store = open_store(server.url(bucket, secret="guessed"))
    for call in (lambda: store.put(io.BytesIO(b""), "k"), lambda: store.exists("k"), store.check):
        with pytest.raises(StoreUnavailable, match="refuses the key"):
            call()


def test_what_others_have_put_into_the_bucket_is_not_listed(store: ArtifactStore, server: S3, bucket: str) -> None:
    for key in ("a folder/", ".hidden", "ok"):
        server.client.put_object(Bucket=bucket, Key=key, Body=b"")
    assert [info.key for info in store.list()] == ["ok"]


def test_what_goes_between_the_list_and_the_reader_is_missing_not_broken(store: ArtifactStore) -> None:
    store.put(io.BytesIO(b"x"), "k")
    store.delete("k")
    with pytest.raises(NotStored):
        store.get("k")
