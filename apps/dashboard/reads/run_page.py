"""The parts of a run's page. Each is read by itself, as each is drawn anew by itself when something happens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.artifacts.models import Artifact
from apps.artifacts.queries import read_piece
from apps.dashboard.plan.cards import Card, cards_of
from apps.dashboard.plan.picture import Picture, draw
from apps.dashboard.reads.run_rows import RunRows
from apps.events.lifecycle import can_move
from apps.runs.models import Gate, Job, Run
from apps.runs.progress import Progress
from apps.runs.queries import read_state
from apps.runs.services.start import why_not_again
from apps.runs.states import GateStatus, RunStatus, TaskStatus

ARTIFACTS_SHOWN = 100
SAID_OF_ARTIFACTS = ("run", "name", "kind", "size_bytes", "created_at", "job__step", "job__task__title")
CHILDREN_SHOWN = 20
TAIL_BYTES = 32 * 1024  # of a log, for readers without scripts
# Terminal sequences (colours, links, character sets), and control characters but for tab, line feed and return.
CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]+[0-~]|\x1b[@-_]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]"
)


@dataclass(frozen=True)
class Head:
    """What stands at the top of the page, and which buttons the table of moves allows."""

    run: Run
    progress: Progress
    may_cancel: bool
    may_retry: bool
    stopping: bool
    asks: bool  # a gate waits for a person
    children: Sequence[Run]  # that it has started, the first so many


def head_of(rows: RunRows) -> Head:
    run = rows.run
    asked = bool(run.stop_reason) and not run.ended
    return Head(
        run=run,
        progress=rows.progress(),
        may_cancel=can_move(run, RunStatus.CANCELED) and not run.stop_reason,
        may_retry=not why_not_again(run),
        stopping=asked,
        asks=not asked and not run.ended and any(gate.status == GateStatus.PENDING for gate in rows.gates),
        children=list(run.children.only("cause").order_by("-pk")[:CHILDREN_SHOWN]),
    )


@dataclass(frozen=True)
class PlanView:
    """The plan drawn twice, for wide and for narrow; or, where it is too large for that, counted."""

    cards: Sequence[Card]
    wide: Picture | None
    narrow: Picture | None
    counted: Sequence[tuple[str, int]]
    tasks: int


def plan_of(rows: RunRows, now: datetime) -> PlanView:
    if not rows.is_drawn:
        return _counted(rows.run)
    titles = {task.key: task.title for task in rows.first_tasks}
    cards = cards_of(read_state(rows.run, rows.first_tasks, rows.jobs, rows.gates), titles, now)
    return PlanView(cards, draw(cards), draw(cards, downwards=True), (), len(titles))


def _counted(run: Run) -> PlanView:
    statuses = list(run.tasks.order_by().values_list("status", flat=True))
    counted = [(status, statuses.count(status)) for status in TaskStatus.values if status in statuses]
    return PlanView((), None, None, counted, len(statuses))


def gates_of(rows: RunRows) -> Sequence[Gate]:
    """Those that wait for a person first, then those that were decided."""
    return sorted(rows.gates, key=lambda gate: (gate.status != GateStatus.PENDING, gate.pk))


def artifacts_of(run: Run) -> tuple[Sequence[Artifact], int]:
    """The newest ones, and how many more there are."""
    found = run.artifacts.select_related("job__task").only(*SAID_OF_ARTIFACTS)
    shown = list(found.order_by("-pk")[: ARTIFACTS_SHOWN + 1])
    more = run.artifacts.count() - ARTIFACTS_SHOWN if len(shown) > ARTIFACTS_SHOWN else 0
    return shown[:ARTIFACTS_SHOWN], more


def log_tail(job: Job, size: int) -> str:
    """The end of the log as plain text: colours and other control sequences are taken out."""
    data = read_piece(job.pk, max(size - TAIL_BYTES, 0), TAIL_BYTES)
    return plain_text(data)


def plain_text(data: bytes) -> str:
    text = CONTROL.sub("", data.decode(errors="replace").replace("\r\n", "\n"))
    return "\n".join(line.rpartition("\r")[2] for line in text.split("\n"))


def attempts_of(job: Job) -> Sequence[Job]:
    """Every attempt at the same piece of work in any round, oldest first."""
    same = Job.objects.filter(run=job.run_id, task=job.task_id, step=job.step)
    return list(same.defer("outcome").order_by("pk")[:50])
