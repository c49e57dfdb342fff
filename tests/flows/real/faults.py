"""Kills processes of a real Hive at exactly named moments.

The warm process imports this beside what it usually preloads (see table()), so every worker that is forked from it
carries the traps. A trap is armed by a file in the home: {"at": moment, "step": step, "kill": who}; it springs once.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRAP = "trap.json"
DIES_WITHIN_S = 30.0
MOMENTS = ("before claim", "after claim", "before finish", "after finish", "before publish")
OF_AGENTS = ("within the final word", "behind the final word")  # before it is committed; before anybody hears of it


@dataclass(frozen=True)
class Trap:
    at: str
    step: str  # which step's job springs it; for "before publish" any run's
    kill: str  # child (of the worker), worker, web, valkey, beat, host


def arm(home: Path, trap: Trap) -> None:
    (home / "trap.tmp").write_text(json.dumps(trap.__dict__))
    (home / "trap.tmp").rename(home / TRAP)


def is_armed(home: Path) -> bool:
    return (home / TRAP).exists()


def spring(at: str, step: str) -> None:
    """Kill, if the trap that is armed says here and now. Renaming it decides who springs it."""
    path = Path(os.environ["HIVE_HOME"]) / TRAP
    try:
        trap = Trap(**json.loads(path.read_text()))
        if (trap.at, trap.step) != (at, step):
            return
        path.rename(path.with_suffix(f".{os.getpid()}"))
    except FileNotFoundError:
        return
    _kill(trap.kill)


def _kill(who: str) -> None:
    if who == "child":
        os.kill(os.getpid(), signal.SIGKILL)
    elif who == "worker":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(DIES_WITHIN_S)  # this process ends with its worker; what it did until then would be chance
    else:
        state = json.loads((Path(os.environ["HIVE_HOME"]) / "run" / "up.json").read_text())
        os.kill(state["children"][who]["pid"], signal.SIGKILL)


def lay() -> None:
    """Put the traps into the code that runs jobs. Names are looked up at the call, so that forks have them too."""
    from apps.runs.services import dispatch, perform
    from workers.manager import advance

    real_claim, real_attempt, real_finish = perform.claim, perform.attempt, perform.finish

    def claim(job_id: int, *rest: Any) -> Any:
        from apps.runs.models import Job

        spring("before claim", Job.objects.values_list("step", flat=True).get(pk=job_id))
        row = real_claim(job_id, *rest)
        if row is not None:
            spring("after claim", row.step)
        return row

    def attempt(active: Any, work: Any) -> Any:
        outcome = real_attempt(active, work)
        spring("before finish", active.row.step)
        return outcome

    def finish(active: Any, outcome: Any, epoch: int, **more: Any) -> bool:
        go_on = real_finish(active, outcome, epoch, **more)
        spring("after finish", active.row.step)
        return go_on

    def publish(call: Callable[[], object], what: str, ids: tuple[int, ...]) -> None:
        spring("before publish", what)
        dispatch.publish(call, what, ids)

    perform.claim, perform.attempt, perform.finish = claim, attempt, finish
    advance.publish = publish
    _lay_for_agents()


def _lay_for_agents() -> None:
    """Where the web server records how an agent's job ended."""
    from django.db import transaction

    from apps.fleet.services import report

    real_finish = report.finish

    def finish(active: Any, outcome: Any, epoch: int, **more: Any) -> bool:
        transaction.on_commit(lambda: spring("behind the final word", active.row.step))
        go_on = real_finish(active, outcome, epoch, **more)
        spring("within the final word", active.row.step)
        return go_on

    report.finish = finish


def deliver_twice() -> None:
    """Every message that anybody sends arrives twice."""
    from hive.celery import app

    real = app.amqp.send_task_message

    def twice(*args: Any, **options: Any) -> Any:
        real(*args, **options)
        return real(*args, **options)

    app.amqp.send_task_message = twice
