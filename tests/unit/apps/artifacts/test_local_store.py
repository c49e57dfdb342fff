"""What the folder store does beyond the port's contract: crashes, full disks, links that lead out."""

from __future__ import annotations

import io
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apps.artifacts.store import BadKey, NotStored, StoreUnavailable
from apps.artifacts.store.local import PARTIAL, LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore.at(tmp_path / "store")


def test_a_folder_that_leads_out_of_the_store_is_refused(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (store.root / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadKey, match="leads out"):
        store.put(io.BytesIO(b"x"), "out/file")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_that_is_a_link_is_not_read(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (store.root / "key").symlink_to(tmp_path / "secret")
    assert not store.exists("key")
    with pytest.raises((NotStored, StoreUnavailable)):
        store.get("key")
    assert list(store.list()) == []


def test_a_full_disk_is_said_and_leaves_the_old_bytes(store: LocalStore) -> None:
    store.put(io.BytesIO(b"old"), "key")
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old_signal = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old_limit[1]))
    try:
        with pytest.raises(StoreUnavailable, match="Cannot write the artifact store: File too large"):
            store.put(io.BytesIO(bytes(1_000_000)), "key")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_signal)
    assert b"".join(store.get("key")) == b"old"
    assert list((store.root / PARTIAL).iterdir()) == []


WRITE_AND_DIE = """
import os, sys
from pathlib import Path
from apps.artifacts.store.local import LocalStore
def stream():
    yield b"x" * 1_000_000
    os.kill(os.getpid(), 9)
LocalStore.at(Path(sys.argv[1])).put(stream(), "key")
"""


def test_a_writer_that_is_killed_leaves_a_part_that_nobody_sees(store: LocalStore, root: Path) -> None:
    died = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(store.root)], cwd=root, check=False)
    assert died.returncode == -signal.SIGKILL
    assert not store.exists("key")
    assert len(list((store.root / PARTIAL).iterdir())) == 1
    assert store.remove_partials(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.remove_partials(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert list((store.root / PARTIAL).iterdir()) == []


def test_a_store_whose_folder_went_away_is_not_a_store_without_the_key(store: LocalStore) -> None:
    store.root.rename(store.root.with_name("gone"))
    with pytest.raises(StoreUnavailable):
        store.exists("key")


def test_a_place_where_no_folder_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="Cannot open the artifact store"):
        LocalStore.at(tmp_path / "file" / "store")
