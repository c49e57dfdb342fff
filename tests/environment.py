"""Loaded before Django reads its settings (`-p tests.environment`): tests never touch a real home or server.

HIVE_TEST_DATABASE=postgresql runs them on a private PostgreSQL instead of SQLite; an address, on the server there.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile

KEPT = ("HIVE_REQUIRE", "HIVE_TEST_DATABASE")  # what .ci/run demands: not to be skipped, and on which database

for name in [name for name in os.environ if name.startswith("HIVE_") and name not in KEPT]:
    del os.environ[name]
os.environ["HIVE_HOME"] = tempfile.mkdtemp(prefix="hive-test-")
atexit.register(shutil.rmtree, os.environ["HIVE_HOME"], ignore_errors=True)
os.environ["HIVE_BROKER_URL"] = "memory://"

# pytest keeps the test modules as it has rewritten them, whatever PYTHONDONTWRITEBYTECODE says: 15 s per worker.
sys.dont_write_bytecode = False

if "TEST_MIGRATED" not in os.environ:  # pytest-xdist's workers find the one of their master (tests/migrated.py)
    os.environ["TEST_MIGRATED"] = tempfile.mkdtemp(prefix="hive-migrated-")
    atexit.register(shutil.rmtree, os.environ["TEST_MIGRATED"], ignore_errors=True)

if os.environ.get("HIVE_TEST_DATABASE") == "postgresql":
    from tests.servers.postgres import postgres

    running = postgres()
    os.environ["HIVE_TEST_DATABASE"] = running.__enter__().url("hive")  # for pytest-xdist's workers too
    atexit.register(running.__exit__, None, None, None)
if "HIVE_TEST_DATABASE" in os.environ:
    os.environ["HIVE_DATABASE_URL"] = os.environ["HIVE_TEST_DATABASE"]
