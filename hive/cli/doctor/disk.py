"""The home's disk: room, writing, fsync, and whether SQLite's WAL works on its file system."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from hive import env
from hive.cli.doctor.finding import Finding, fail, nearest_folder, ok, warn
from hive.cli.up.checks import SPACE_TO_START_BYTES
from hive.home import Home

SLOW_FSYNC_S = 0.5
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph"})
ELSEWHERE = "Set HIVE_HOME to a folder on a local disk."


def check_room(home: Home) -> list[Finding]:
    folder = nearest_folder(home.root)
    free_bytes = shutil.disk_usage(folder).free
    seen = f"{free_bytes / 1e9:.1f} GB free for {home.root}"
    if free_bytes < SPACE_TO_START_BYTES:
        return fail("disk room", seen, "Make room, or set HIVE_HOME to a folder on another disk.")
    if free_bytes < env.get("HIVE_MIN_FREE_MB") * 1024 * 1024:
        return warn("disk room", seen, "Make room: no new job starts below HIVE_MIN_FREE_MB.")
    return ok("disk room", seen)


def check_writing(home: Home) -> list[Finding]:
    folder = nearest_folder(home.root)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".hive-doctor-") as file:
            began_at = time.monotonic()
            file.write(bytes(64 * 1024))
            file.flush()
            os.fsync(file.fileno())
            took_s = time.monotonic() - began_at
    except OSError as error:
        return fail("disk writing", f"{folder}: {error.strerror}", "Set HIVE_HOME to a folder that you may write.")
    if took_s > SLOW_FSYNC_S:
        return warn("disk writing", f"{folder}: fsync takes {took_s:.2f} s", f"Everything waits for it. {ELSEWHERE}")
    return ok("disk writing", f"{folder}: 64 kB written and synced in {took_s * 1000:.0f} ms")


def check_wal(home: Home) -> list[Finding]:
    """Two connections, as two processes of Hive have them: one writes while the other reads."""
    if env.get("HIVE_DATABASE_URL"):
        return ok("database", "HIVE_DATABASE_URL names a server; SQLite is not used")
    folder = nearest_folder(home.root)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".hive-doctor-") as trial:
            mode, seen = _try_wal(Path(trial) / "trial.sqlite3")
    except (OSError, sqlite3.Error) as error:
        return fail("database", f"SQLite does not work in {folder}: {error}", ELSEWHERE)
    if mode != "wal" or seen != 1:
        return fail("database", f"SQLite has no WAL in {folder} (it says {mode!r})", ELSEWHERE)
    kind = file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        return warn(
            "database", f"{folder} lies on {kind}", f"SQLite's locks are not safe on network file systems. {ELSEWHERE}"
        )
    return ok("database", f"SQLite with WAL works in {folder}")


def _try_wal(path: Path) -> tuple[str, int]:
    """(journal mode, rows that a reader sees after another connection has written one)."""
    writer, reader = sqlite3.connect(path), sqlite3.connect(path)
    try:
        mode = writer.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        writer.execute("CREATE TABLE trial (id INTEGER)")
        reader.execute("SELECT count(*) FROM trial").fetchone()
        writer.execute("INSERT INTO trial VALUES (1)")
        writer.commit()
        return mode, reader.execute("SELECT count(*) FROM trial").fetchone()[0]
    finally:
        reader.close()
        writer.close()


def file_system(folder: Path) -> str:
    """Its kind as the kernel names it (ext4, nfs4 …); empty where the kernel does not tell."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    mounts = {Path(point.replace("\\040", " ")): kind for _, point, kind, *_ in map(str.split, lines)}
    resolved = folder.resolve()
    return next((mounts[path] for path in (resolved, *resolved.parents) if path in mounts), "")
