"""Loaded before Django reads its settings (`-p tests.environment`): tests never touch a real home or server."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

KEPT = ("HIVE_REQUIRE",)  # what .ci/run demands not to be skipped

for name in [name for name in os.environ if name.startswith("HIVE_") and name not in KEPT]:
    del os.environ[name]
os.environ["HIVE_HOME"] = tempfile.mkdtemp(prefix="hive-test-")
atexit.register(shutil.rmtree, os.environ["HIVE_HOME"], ignore_errors=True)
os.environ["HIVE_BROKER_URL"] = "memory://"
