"""MemoryStore: the fake for tests. Keeps the port's promises, and nothing when the process ends."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from apps.artifacts.store import links
from apps.artifacts.store.keys import check_key, check_prefix, pieces
from apps.artifacts.store.port import NO_UPLOAD, PIECE_BYTES, Info, Link, NotStored, Source, Stored


class MemoryParts:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._begun: dict[str, dict[int, bytes]] = {}

    def begin(self, key: str) -> str:
        check_key(key)
        upload = secrets.token_hex(16)
        self._begun[upload] = {}
        return upload

    def link(self, key: str, upload: str, number: int, expires_s: float, *, size_bytes: int) -> Link:
        return links.to_part(key, upload, number, expires_s, size_bytes)

    def put(self, stream: Source, key: str, upload: str, number: int) -> int:
        check_key(key)
        data = b"".join(pieces(stream))
        self._find(upload)[number] = data
        return len(data)

    def arrived(self, key: str, upload: str) -> dict[int, int]:
        check_key(key)
        return {number: len(data) for number, data in self._find(upload).items()}

    def join(self, key: str, upload: str) -> None:
        self._store.put([data for _, data in sorted(self._find(upload).items())], key)
        self._begun.pop(upload, None)

    def _find(self, upload: str) -> dict[int, bytes]:
        try:
            return self._begun[upload]
        except KeyError:
            raise NotStored(NO_UPLOAD) from None


class MemoryStore:
    def __init__(self) -> None:
        self.parts = MemoryParts(self)
        self._kept: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def put(self, stream: Source, key: str, patience_s: float = 0.0) -> Stored:  # noqa: ARG002 - never away
        check_key(key)
        data = b"".join(pieces(stream))
        with self._lock:
            self._kept[key] = data, datetime.now(UTC)
        return Stored(len(data), hashlib.sha256(data).hexdigest())

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        wanted = self._find(key)[0][start:stop]
        return (wanted[at : at + PIECE_BYTES] for at in range(0, len(wanted), PIECE_BYTES))

    def info(self, key: str) -> Info:
        data, modified_at = self._find(key)
        return Info(key, len(data), modified_at)

    def exists(self, key: str) -> bool:
        return check_key(key) in self._kept

    def delete(self, key: str) -> None:
        with self._lock:
            self._kept.pop(check_key(key), None)

    def list(self, prefix: str = "") -> Iterator[Info]:
        check_prefix(prefix)
        with self._lock:
            keys = sorted(key for key in self._kept if key.startswith(prefix))
        return (self.info(key) for key in keys if key in self._kept)

    def link_to_get(self, key: str, expires_s: float, *, file_name: str = "", content_type: str = "") -> Link:
        return links.to_get(key, expires_s, file_name, content_type)

    def link_to_put(self, key: str, expires_s: float, *, size_bytes: int) -> Link:
        return links.to_put(key, expires_s, size_bytes)

    def prepare(self, patience_s: float = 0.0) -> None:
        """It is there."""

    def check(self) -> None:
        """Always there."""

    def remove_partials(self, before: datetime) -> int:  # noqa: ARG002
        """Nothing is ever half written."""
        return 0

    def _find(self, key: str) -> tuple[bytes, datetime]:
        try:
            return self._kept[check_key(key)]
        except KeyError:
            raise NotStored(f"Nothing is stored under {key}.") from None
