"""prepare(): what a first start makes, and a later one finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.artifacts.store import StoreUnavailable, open_store
from tests.servers.s3 import S3


def test_the_bucket_is_made_at_the_first_start_and_found_at_the_next(server: S3) -> None:
    store = open_store(server.url("fresh-bucket"))
    with pytest.raises(StoreUnavailable, match="there is no such bucket"):
        store.check()
    store.prepare()
    store.prepare()
    store.check()


def test_so_is_the_folder(tmp_path: Path) -> None:
    store = open_store((tmp_path / "deep" / "folder").as_uri())
    store.prepare()
    store.prepare()
    store.check()
