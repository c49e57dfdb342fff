"""Open a store by its address."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.artifacts.store.local import LocalStore
from apps.artifacts.store.port import ArtifactStore


def _local(url: str) -> ArtifactStore:
    return LocalStore.at(Path(unquote(urlsplit(url).path)))


def _s3(url: str) -> ArtifactStore:
    from apps.artifacts.store.s3 import S3Store, read_address  # 0.1 s and 5 MB for the client of whoever has one

    return S3Store(read_address(url))


# A new kind of store is a module beside local.py and a line here.
KINDS: dict[str, Callable[[str], ArtifactStore]] = {"file": _local, "s3": _s3}


def open_store(url: str) -> ArtifactStore:
    """The store at this address. Raises ImproperlyConfigured for a scheme that is not known."""
    scheme = urlsplit(url).scheme
    if scheme not in KINDS:
        raise ImproperlyConfigured(
            f"HIVE_STORE_URL: {scheme!r} is not known; use file:///folder or s3://key:secret@host/bucket."
        )
    return KINDS[scheme](url)


def store() -> ArtifactStore:
    """The store of this installation."""
    url = settings.STORE_URL
    if url not in _opened:
        _opened[url] = open_store(url)
    return _opened[url]


_opened: dict[str, ArtifactStore] = {}


@contextlib.contextmanager
def installed(replacement: ArtifactStore) -> Iterator[None]:
    """Within this block store() is the replacement: how tests put a fake, or a store that fails, in its place."""
    url = settings.STORE_URL
    before = _opened.get(url)
    _opened[url] = replacement
    try:
        yield
    finally:
        if before is None:
            del _opened[url]
        else:
            _opened[url] = before
