"""HTTP to an S3 server: connections that are kept, patience while it is away, and its errors in the port's words."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import certifi
import urllib3
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from apps.artifacts.store.port import NotStored, StoreError, StoreUnavailable

CONNECT_S, ANSWER_S = 3.0, 15.0
KEPT_CONNECTIONS = 8
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
PASSING = (429, 500, 502, 503, 504)  # what a server says that restarts, or has too much to do

NO_KEY = ("NoSuchKey", "NoSuchVersion", "ResourceNotFound")
REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed")
NO_BUCKET = "there is no such bucket; make it, or mend HIVE_STORE_URL"
SAID = {
    "NoSuchBucket": NO_BUCKET,
    "RequestTimeTooSkewed": "the clocks of Hive's machine and of the store differ by more than 15 minutes",
    **dict.fromkeys(REFUSED, "it refuses the key of HIVE_STORE_URL, or what the key may do"),
}


def connections() -> urllib3.PoolManager:
    """Connections of this process: they are not to be shared with one that was forked."""
    return urllib3.PoolManager(
        maxsize=KEPT_CONNECTIONS,
        timeout=Timeout(connect=CONNECT_S, read=ANSWER_S),
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )


class Patient(urllib3.PoolManager):
    """Another pool's connections, for minio: asks again, as long as its patience lasts, while nobody answers.

    A request that nobody answered may have been carried out all the same. All that this store sends may be sent
    twice; for the end of an upload see S3Store.put. Once out of patience it stays so: what then follows (taking the
    parts back) is tried once.
    """

    def __init__(self, pool: urllib3.PoolManager, patience_s: float) -> None:
        super().__init__(num_pools=1)
        self._pool = pool
        self._patience_s = patience_s

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, **kwargs: Any
    ) -> urllib3.BaseHTTPResponse:
        until, pause_s = time.monotonic() + self._patience_s, FIRST_PAUSE_S
        while True:
            last = time.monotonic() + pause_s > until
            try:
                response = self._pool.urlopen(method, url, retries=False, redirect=False, **kwargs)
                if last or response.status not in PASSING:
                    return response
                response.drain_conn()
            except HTTPError:
                if last:
                    self._patience_s = 0
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def clear(self) -> None:
        """minio clears its pool when it goes; this one outlives it."""


@contextlib.contextmanager
def said_clearly(doing: str, key: str = "") -> Iterator[None]:
    """Every error as a StoreError whose sentence names no address: people read it in answers of the API."""
    try:
        yield
    except S3Error as error:
        if key and error.code in NO_KEY:
            raise NotStored(f"Nothing is stored under {key}.") from error
        raise _cannot(doing, SAID.get(error.code or "", f"it answers {error.code}")) from error
    except MinioException as error:
        status = getattr(error, "status_code", None) or getattr(error, "_code", None)
        raise _cannot(doing, f"it answers with HTTP status {status}") from error
    except HTTPError as error:
        raise _cannot(doing, f"it does not answer ({type(error).__name__})") from error


def _cannot(doing: str, why: str) -> StoreError:
    return StoreUnavailable(f"Cannot {doing} the artifact store: {why}.")
