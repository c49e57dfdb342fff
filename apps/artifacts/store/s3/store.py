"""S3Store: a key is an object of one bucket, which is Hive's alone.

An object appears as a whole when its upload is completed, so a writer who dies leaves at most parts that nobody sees
(and that cost money: remove_partials() takes them back).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

import urllib3
from minio import Minio
from minio.error import S3Error

from apps.artifacts.store.keys import check_key, check_prefix, is_key
from apps.artifacts.store.port import PIECE_BYTES, Info, Link, NotStored, Source, Stored, StoreUnavailable
from apps.artifacts.store.s3.address import Address
from apps.artifacts.store.s3.linking import links_to
from apps.artifacts.store.s3.parts import S3Parts
from apps.artifacts.store.s3.source import Counting
from apps.artifacts.store.s3.wire import NO_BUCKET, Patient, connections, said_clearly

PART_BYTES = 8 * 1024 * 1024  # of at most 10,000: 80 GB; a few of them are in memory at a time
USUAL_PATIENCE_S = 1.0  # for a connection that was kept too long, and a server that is busy for a moment


class S3Store:
    """See port.ArtifactStore. Nothing is asked of the server before the first call."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._bucket = address.bucket
        self._links = links_to(address)
        self._lock = threading.Lock()
        self._process, self._pool = 0, urllib3.PoolManager()

    def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:
        check_key(key)
        source = Counting(stream)
        try:
            with said_clearly("write"):
                self._upload(source, key, max(patience_s, USUAL_PATIENCE_S))
        except Exception:
            if source.failure is not None:
                raise source.failure from None
            raise
        return source.stored

    def _upload(self, source: Counting, key: str, patience_s: float) -> None:
        file = cast(BinaryIO, source)  # minio only ever reads it
        try:
            self._client(patience_s).put_object(
                self._bucket, key, file, length=-1, part_size=PART_BYTES, num_parallel_uploads=1
            )
        except S3Error as error:
            if error.code != "NoSuchUpload" or not source.ended or not self._arrived(key, source.stored):
                raise

    def _arrived(self, key: str, stored: Stored) -> bool:
        """The last request was carried out and its answer lost; asked again, the server knows of no such upload."""
        with contextlib.suppress(NotStored):
            return self.info(key).size_bytes == stored.size_bytes
        return False

    @property
    def parts(self) -> S3Parts:
        return S3Parts(self._client, self._bucket, self._links)

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        check_key(key)
        if stop is not None and stop <= start:
            self.info(key)
            return iter(())
        length = 0 if stop is None else stop - start
        with said_clearly("read", key):
            try:
                response = self._client().get_object(self._bucket, key, offset=start, length=length)
            except S3Error as error:
                if error.code != "InvalidRange":
                    raise
                return iter(())  # beyond the end
        return _read(response)

    def info(self, key: str) -> Info:
        check_key(key)
        try:
            with said_clearly("read", key):
                found = self._client().stat_object(self._bucket, key)
        except NotStored:
            self.check()  # a bucket that is gone is not a bucket without this key; HEAD answers 404 to both
            raise
        return Info(key, found.size or 0, found.last_modified or datetime.now(UTC))

    def exists(self, key: str) -> bool:
        try:
            self.info(key)
        except NotStored:
            return False
        return True

    def delete(self, key: str) -> None:
        with said_clearly("delete from"):
            self._client().remove_object(self._bucket, check_key(key))

    def list(self, prefix: str = "") -> Iterator[Info]:
        check_prefix(prefix)
        with said_clearly("read"):
            for found in self._client().list_objects(self._bucket, prefix=prefix, recursive=True):
                name = found.object_name or ""
                if is_key(name):  # else it is none of Hive's
                    yield Info(name, found.size or 0, found.last_modified or datetime.now(UTC))

    def link_to_get(self, key: str, expires_s: float, *, file_name: str = "", content_type: str = "") -> Link:
        return self._links.to_get(check_key(key), expires_s, file_name, content_type)

    def link_to_put(self, key: str, expires_s: float, *, size_bytes: int) -> Link:
        return self._links.to_put(check_key(key), expires_s, size_bytes)

    def prepare(self, patience_s: float = 0.0) -> None:
        """The bucket is made only where it is missing: a key that may not make one need not."""
        client = self._client(max(patience_s, USUAL_PATIENCE_S))
        with said_clearly("reach"):
            if client.bucket_exists(self._bucket):
                return
            try:
                client.make_bucket(self._bucket, location=self._address.region)
            except S3Error as error:
                if error.code != "BucketAlreadyOwnedByYou":  # another one got there first
                    raise

    def check(self) -> None:
        with said_clearly("reach"):
            there = self._client(patience_s=0.0).bucket_exists(self._bucket)
        if not there:
            raise StoreUnavailable(f"Cannot reach the artifact store: {NO_BUCKET}.")

    def remove_partials(self, before: datetime) -> int:
        """minio has no public name for the two calls; its version is pinned, and a test makes them."""
        client, removed = self._client(), 0
        with said_clearly("tidy"):
            for key, upload_id in list(_uploads(client, self._bucket, before)):
                client._abort_multipart_upload(self._bucket, key, upload_id)
                removed += 1
        return removed

    def _client(self, patience_s: float = USUAL_PATIENCE_S) -> Minio:
        address = self._address
        with self._lock:
            if self._process != os.getpid():  # connections are not to be shared with the process that forked this one
                self._process, self._pool = os.getpid(), connections()
            http = Patient(self._pool, patience_s)
        return Minio(
            address.endpoint,
            address.key,
            address.secret,
            secure=address.secure,
            region=address.region,
            http_client=http,
        )


def _read(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        with said_clearly("read"):
            yield from response.stream(PIECE_BYTES, decode_content=False)
    finally:
        response.close()
        response.release_conn()


def _uploads(client: Minio, bucket: str, before: datetime) -> Iterator[tuple[str, str]]:
    """Key and id of every multipart upload that was begun before that moment and never ended."""
    key_marker = id_marker = None
    while True:
        page = client._list_multipart_uploads(bucket, key_marker=key_marker, upload_id_marker=id_marker)
        for upload in page.uploads:
            ours = is_key(upload.object_name) and upload.upload_id
            if ours and upload.initiated_time and upload.initiated_time < before:
                yield upload.object_name, upload.upload_id or ""
        if not page.is_truncated:
            return
        key_marker, id_marker = page.next_key_marker, page.next_upload_id_marker
