"""Links that need no signing in: to the bucket, or to Hive's web server where browsers cannot reach the bucket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.utils.http import content_disposition_header
from minio import Minio

from apps.artifacts.store import links
from apps.artifacts.store.port import Link
from apps.artifacts.store.s3.address import THROUGH_HIVE, Address
from apps.artifacts.store.s3.presign import Asked, Signer

LONGEST_S = 7 * 24 * 3600  # S3's own bound


class Links(Protocol):
    def to_get(self, key: str, expires_s: float, file_name: str, content_type: str) -> Link: ...

    def to_put(self, key: str, expires_s: float, size_bytes: int) -> Link: ...

    def to_part(self, key: str, upload: str, number: int, expires_s: float, size_bytes: int) -> Link: ...


def links_to(address: Address) -> Links:
    """Through Hive they are those of a local store: apps.api.store serves them."""
    return links if address.links == THROUGH_HIVE else ToBucket(address)


class ToBucket:
    """Signed here; the server is not asked."""

    def __init__(self, address: Address) -> None:
        origin = urlsplit(address.links)
        self._bucket = address.bucket
        self._signer = Signer(address.key, address.secret, address.region)
        self._client = Minio(
            origin.netloc or address.endpoint,
            address.key,
            address.secret,
            secure=origin.scheme == "https" if origin.scheme else address.secure,
            region=address.region,
        )

    def to_get(self, key: str, expires_s: float, file_name: str, content_type: str) -> Link:
        """What the browser is told of the file stands in the link, under the signature."""
        at, expires = _when(expires_s)
        name = file_name or key.rpartition("/")[2]
        told = {"response-content-disposition": content_disposition_header(as_attachment=True, filename=name)}
        if content_type:
            told["response-content-type"] = content_type
        return Link(self._url("GET", key, expires, at, told), at + expires)

    def to_put(self, key: str, expires_s: float, size_bytes: int) -> Link:
        return self._sized(key, expires_s, size_bytes, {})

    def to_part(self, key: str, upload: str, number: int, expires_s: float, size_bytes: int) -> Link:
        return self._sized(key, expires_s, size_bytes, {"partNumber": str(number), "uploadId": upload})

    def _sized(self, key: str, expires_s: float, size_bytes: int, query: dict[str, str]) -> Link:
        """S3 can bind a PUT to its size in one way: the header that says it is signed too."""
        at, expires = _when(expires_s)
        bare = self._url("PUT", key, expires, at).partition("?")[0]
        asked = Asked("PUT", bare, {"content-length": str(size_bytes)}, query)
        return Link(self._signer.link(asked, at, int(expires.total_seconds())), at + expires)

    def _url(self, method: str, key: str, expires: timedelta, at: datetime, told: dict[str, Any] | None = None) -> str:
        return self._client.get_presigned_url(
            method, self._bucket, key, expires, response_headers=told, request_date=at
        )


def _when(expires_s: float) -> tuple[datetime, timedelta]:
    """S3 counts in whole seconds."""
    seconds = min(max(int(expires_s), 1), LONGEST_S)
    return datetime.now(UTC).replace(microsecond=0), timedelta(seconds=seconds)
