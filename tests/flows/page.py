"""Commands as a page of the docs gives them: what a reader copies is what the tests run."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(title: str, page: str) -> str:
    """The block below `<!-- title -->`."""
    found = re.search(rf"<!-- {re.escape(title)} -->\n```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert found, f"{page} has no block {title!r}"
    return found[1]


def follow(title: str, folder: Path, timeout_s: float = 120, page: str = "deployment.md", **variables: str) -> None:
    """Run a block in a shell, each of its commands; `variables` are those that the page says to set.

    What the tests themselves run with is not passed on: compose would hand it to every container.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands(title, page)],
        cwd=folder,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("HIVE_")}, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{title} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
