"""S3Parts: S3's own multipart uploads, whose parts others send.

minio has no public names for these calls; its version is pinned, and the contract's tests make each of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from minio import Minio
from minio.datatypes import Part
from minio.error import S3Error

from apps.artifacts.store.keys import check_key, pieces
from apps.artifacts.store.port import NO_UPLOAD, Link, NotStored, Source
from apps.artifacts.store.s3.linking import Links
from apps.artifacts.store.s3.wire import said_clearly

# What AWS, MinIO and SeaweedFS say of an upload that is over; and of a name that none can have.
OVER = ("NoSuchUpload", "InvalidArgument")


class S3Parts:
    def __init__(self, client: Callable[[], Minio], bucket: str, links: Links) -> None:
        self._client = client
        self._bucket = bucket
        self._links = links

    def begin(self, key: str) -> str:
        with said_clearly("write"):
            return self._client()._create_multipart_upload(
                self._bucket, check_key(key), {"Content-Type": "application/octet-stream"}
            )

    def link(self, key: str, upload: str, number: int, expires_s: float, *, size_bytes: int) -> Link:
        return self._links.to_part(check_key(key), upload, number, expires_s, size_bytes)

    def put(self, stream: Source, key: str, upload: str, number: int) -> int:
        """In memory meanwhile: S3 wants to know a part's length before its first byte."""
        data = b"".join(pieces(stream))
        with _an_upload("write"):
            self._client()._upload_part(self._bucket, check_key(key), data, None, upload, number)
        return len(data)

    def arrived(self, key: str, upload: str) -> dict[int, int]:
        return {part.part_number: part.size or 0 for part in self._parts(key, upload)}

    def join(self, key: str, upload: str) -> None:
        parts = self._parts(key, upload)
        with _an_upload("write"):
            self._client()._complete_multipart_upload(self._bucket, key, upload, parts)

    def _parts(self, key: str, upload: str) -> list[Part]:
        found: list[Part] = []
        client, marker = self._client(), None
        with _an_upload("read"):
            while True:
                page = client._list_parts(self._bucket, check_key(key), upload, part_number_marker=marker)
                found += page.parts
                if not page.is_truncated:
                    return found
                marker = str(page.next_part_number_marker)


@contextlib.contextmanager
def _an_upload(doing: str) -> Iterator[None]:
    with said_clearly(doing):
        try:
            yield
        except S3Error as error:
            if error.code in OVER:
                raise NotStored(NO_UPLOAD) from error
            raise
