"""Uploads in parts: what every store promises of them, and links to the parts as their senders use them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client

from apps.artifacts.store import ArtifactStore, BadKey, NotStored, StoreError, installed, open_store
from tests.servers.s3 import S3

LEAST = 5 * 1024 * 1024  # S3's bound of all parts but the last
FIRST, LAST = b"1" * LEAST, b"22"


def send(url: str, data: bytes) -> int:
    """As someone who is not signed in: to Hive's web server, or to the store's own."""
    parts = urlsplit(url)
    if not parts.hostname:
        answer = Client().put(url, data, content_type="application/octet-stream")
        return 200 if answer.status_code == 201 else answer.status_code
    return httpx.put(url, content=data).status_code


def read(store: ArtifactStore, key: str) -> bytes:
    return b"".join(store.get(key))


def test_parts_come_in_any_order_and_again_and_are_joined_by_their_numbers(store: ArtifactStore) -> None:
    upload = store.parts.begin("runs/1/big")
    assert store.parts.arrived("runs/1/big", upload) == {}
    assert store.parts.put(io.BytesIO(LAST), "runs/1/big", upload, 11) == 2
    store.parts.put(io.BytesIO(b"wrong"), "runs/1/big", upload, 2)
    store.parts.put(io.BytesIO(FIRST), "runs/1/big", upload, 2)
    assert store.parts.arrived("runs/1/big", upload) == {2: LEAST, 11: 2}
    assert not store.exists("runs/1/big")
    assert list(store.list()) == []
    store.parts.join("runs/1/big", upload)
    assert read(store, "runs/1/big") == FIRST + LAST


def test_an_upload_that_was_joined_or_never_begun_is_not_stored(store: ArtifactStore) -> None:
    upload = store.parts.begin("k")
    store.parts.put(io.BytesIO(b"x"), "k", upload, 1)
    store.parts.join("k", upload)
    for name in (upload, "0" * 32, "../../etc"):
        for call in (store.parts.arrived, store.parts.join):
            with pytest.raises(NotStored):
                call("k", name)
        with pytest.raises(StoreError):  # moto fails with a 500 where S3 says that there is no such upload
            store.parts.put(io.BytesIO(b"y"), "k", name, 1)
    assert read(store, "k") == b"x"


def test_parts_are_for_keys_alone(store: ArtifactStore) -> None:
    with pytest.raises(BadKey):
        store.parts.begin("../k")


def test_what_the_stream_raises_goes_through_and_no_part_is_there(store: ArtifactStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise OSError("the line broke")

    upload = store.parts.begin("k")
    with pytest.raises(OSError, match="the line broke"):
        store.parts.put(broken(), "k", upload, 1)
    assert store.parts.arrived("k", upload) == {}


def test_a_link_takes_its_own_part_of_its_own_size(store: ArtifactStore) -> None:
    with installed(store):
        upload = store.parts.begin("k")
        links = [
            store.parts.link("k", upload, number, 60, size_bytes=len(data)) for number, data in ((1, FIRST), (2, LAST))
        ]
        assert send(links[0].url, FIRST + b"1") in (403, 413)
        assert [send(links[0].url, FIRST), send(links[1].url, LAST)] == [200, 200]
        assert store.parts.arrived("k", upload) == {1: LEAST, 2: 2}
        store.parts.join("k", upload)
        assert send(links[1].url, b"33") in (404, 500)  # moto's is the 500
    assert read(store, "k") == FIRST + LAST


def test_parts_reach_a_bucket_that_only_hive_can_reach(server: S3, bucket: str) -> None:
    store = open_store(f"{server.create(bucket)}&links=hive")
    with installed(store):
        upload = store.parts.begin("k")
        link = store.parts.link("k", upload, 1, 60, size_bytes=2)
        assert link.url.startswith("/api/v1/store/")
        assert [send(link.url, b"333"), send(link.url, LAST)] == [413, 200]
        store.parts.join("k", upload)
    assert read(store, "k") == LAST


def test_a_link_to_a_part_of_a_bucket_is_for_that_part_alone(server: S3, bucket: str) -> None:
    store = open_store(server.create(bucket))
    upload = store.parts.begin("k")
    url = store.parts.link("k", upload, 1, 60, size_bytes=2).url
    assert httpx.put(url.replace("partNumber=1", "partNumber=2"), content=LAST).status_code == 403
    assert httpx.put(url.partition("?")[0], content=LAST).status_code == 403
    assert httpx.put(url, content=LAST).status_code == 200


@pytest.mark.parametrize("store", ["local", "s3"], indirect=True)
def test_an_upload_that_nobody_joins_is_taken_back(store: ArtifactStore) -> None:
    upload = store.parts.begin("k")
    store.parts.put(io.BytesIO(b"x"), "k", upload, 1)
    assert store.remove_partials(datetime.now(UTC) + timedelta(minutes=1)) == 1
    with pytest.raises(NotStored):
        store.parts.arrived("k", upload)
