"""What an agent does with a job, in this process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from apps.artifacts.store import store
from apps.fleet.orders import order_of, with_secrets
from apps.runs.models import Job
from tests.unit.workers.agent.desk import Remembering
from workers.agent.runner import run
from workers.agent.work import final_word
from workers.sandbox import Sandbox, open_sandbox


def carry_out(job: Job, folder: Path) -> tuple[Remembering, dict[str, Any]]:
    """All of its order, in a sandbox of this machine; what it would say in the end."""
    order = with_secrets(job, order_of(job))
    assert order.package is not None
    desk = Remembering(packed=b"".join(store().get(order.package.source)))

    def opened(_: object) -> AbstractContextManager[Sandbox]:
        return open_sandbox("process", scratch=folder, label=f"job-{job.pk}")

    folder.mkdir(exist_ok=True)
    return desk, final_word(run(order, desk, opened, folder), None)
