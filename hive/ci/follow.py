"""Follow a job: what it waits for, its output as it comes, its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hive.ci.client import Client

ENDED = ("completed", "failed", "canceled")
WAIT_S = 20

Write = Callable[[str], None]


def follow(client: Client, status: Any, write: Write, say: Write) -> Any:
    """The status at the end. `write` gets the jobs' output, one job after the other; `say` what Hive has to add."""
    shown: set[int] = set()
    told = ""
    while True:
        several = len(status["cells"]) > 1
        for cell in status["cells"]:
            if cell["started_at"] and cell["job"] not in shown:
                shown.add(cell["job"])
                say(f"==> {cell['title']}" if several else f"Job {cell['job']} has begun on {cell['worker']}.")
                for text in client.log(cell["job"]):
                    write(text)
        if status["status"] in ENDED:
            return status
        why = (status["waits"] or {}).get("why", "")
        if why != told and why:
            say(f"Waiting: {why}")
        told = why
        status = client.get(f"ci/jobs/{status['id']}/status", wait=WAIT_S, after=status["version"])


def exit_code(status: Any) -> int:
    """That of the job: 0 completed, its own code where it failed, 3 canceled."""
    if status["status"] == "completed":
        return 0
    if status["status"] == "canceled":
        return 3
    code = status["exit_code"]
    return code if isinstance(code, int) and 0 < code < 256 else 1


def sentence(status: Any) -> str:
    """How it ended, on one line."""
    tests = status["tests"]
    counts = f" {tests['passed']} tests passed, {tests['failed']} failed, {tests['skipped']} skipped." if tests else ""
    why = f": {status['message']}" if status["message"] else "."
    return f"CI job {status['id']} {status['status']}{why}{counts}".replace("\n", " ")
