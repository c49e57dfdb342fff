"""Pack what an agent is given: the very tree that Hive's own worker would unpack, as a tar.gz in the store.

No artifact: it is not masked, as what an agent works on must not be changed, so nobody is shown it. It stays while the
run goes on (see remove_orphans).
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings

from apps.artifacts.store import StoreError, store
from apps.runs.outcome import JobFailed
from apps.runs.states import Reason
from workers.repo.repository import Repository

PIECE_BYTES = 256 * 1024
FASTEST = 1  # on source code, level 6 takes four times as long for a sixth less
GZIP = 31  # zlib's number for its largest window in a gzip file


def put_package(repository: Repository, tree: str) -> dict[str, Any]:
    """The tree (or commit), as an order's `package` names it. Raises JobFailed."""
    key = f"packages/{secrets.token_hex(16)}"
    try:
        with repository.archive(tree) as tar:
            stored = store().put(_compressed(tar), key, settings.STORE_PATIENCE_S)
    except StoreError as error:
        raise JobFailed(Reason.INFRASTRUCTURE, f"The package could not be stored: {error}") from error
    return {"source": key, "sha256": stored.sha256, "size_bytes": stored.size_bytes}


def _compressed(tar: IO[bytes]) -> Iterator[bytes]:
    gzip = zlib.compressobj(FASTEST, zlib.DEFLATED, GZIP)
    while piece := tar.read(PIECE_BYTES):
        if packed := gzip.compress(piece):
            yield packed
    yield gzip.flush()
