"""A database on which every migration has run: made once for all of pytest's workers, and copied where one is wanted.

Migrating takes seconds of a processor, and dozens of tests begin on a new home. That a home without a database gets
one is shown where that is the point: tests/flows/up/test_the_real_hive.py, and all that runs on PostgreSQL.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from hive.home import Home

ROOT = Path(__file__).resolve().parent.parent
SHARED = "TEST_MIGRATED"  # the folder of the original; pytest alone has one (tests/environment.py), benchmarks do not


def give_records(home: Path) -> None:
    """This home finds all of its tables, if it has no database yet."""
    wanted = Home(home).database
    if SHARED in os.environ and not wanted.exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_original(), wanted)


def fill(address: str) -> sqlite3.Connection:
    """A database in memory, with all tables; it lasts as long as somebody is connected to it."""
    target = sqlite3.connect(address, uri=True)
    with closing(sqlite3.connect(_original())) as source:
        source.backup(target)
    return target


def _original() -> Path:
    """Whoever comes first makes it; the others wait for that."""
    home = Home(Path(os.environ[SHARED]))
    done = home.root / "done"
    with (home.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _migrate(home)
            done.touch()
    return home.database


def _migrate(home: Home) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HIVE_")}
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env={**environ, "HIVE_HOME": str(home.root)}, check=True)
    with closing(sqlite3.connect(home.database)) as connection:  # one file, without a log beside it
        connection.execute("PRAGMA journal_mode=DELETE")
