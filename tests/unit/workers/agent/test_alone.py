"""The agent is installed alone: nothing of Django's, Celery's or the records' is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    names = {"django", "celery", "kombu", "rest_framework", "redis", "pydantic", "litellm", "minio", "psycopg2", "jwt"}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
import workers.agent.main, hive.cli.main
"""


def test_it_runs_without_django_and_celery(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_both_ends_read_imports_python_alone(root: Path) -> None:
    text = (root / "apps/fleet/order.py").read_text() + (root / "apps/events/masking.py").read_text()
    imports = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert {name.partition(".")[0] for name in imports} <= set(sys.stdlib_module_names) | {"__future__"}
