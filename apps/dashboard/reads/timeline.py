"""The jobs of a run on one axis of time: when each waited, when it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.dashboard.reads.run_rows import RunRows
from apps.dashboard.wording import span, step_label
from apps.runs.models import Job

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_TICKS = 5


@dataclass(frozen=True)
class Bar:
    """One job. Places and widths are percentages of the axis."""

    job: Job
    label: str
    queued_at: float
    queued_width: float
    ran_at: float
    ran_width: float


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Timeline:
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    left_out: int
    active: bool

    @property
    def changes_with(self) -> str:
        """The events that it is drawn anew for; while something runs, time itself is one."""
        return "job run tick" if self.active else "job run"


def timeline_of(rows: RunRows, now: datetime) -> Timeline:
    """The axis begins with the first job shown and ends with the run, or now."""
    run = rows.run
    jobs, left_out = rows.newest_jobs()
    jobs.sort(key=lambda job: (job.started_at is None, job.started_at or job.queued_at, job.pk))
    if not jobs:
        return Timeline((), (), 0, not run.ended)
    start = min(job.queued_at for job in jobs)
    end = max([job.finished_at or now for job in jobs] if not run.ended else [_end(job) for job in jobs])
    axis = _Axis(start, max(end - start, timedelta(milliseconds=100)))
    return Timeline([_bar(job, axis, now) for job in jobs], axis.ticks(), left_out, not run.ended)


def _end(job: Job) -> datetime:
    return job.finished_at or job.started_at or job.queued_at


@dataclass(frozen=True)
class _Axis:
    start: datetime
    length: timedelta

    def percent(self, at: datetime) -> float:
        return round(100 * max((at - self.start) / self.length, 0), 2)

    def ticks(self) -> list[Tick]:
        total = self.length.total_seconds()
        step = next((tick for tick in TICKS if total / tick <= MOST_TICKS), total / MOST_TICKS)
        return [Tick(round(100 * step * n / total, 2), _label(step * n)) for n in range(int(total / step) + 1)]


def _label(seconds: float) -> str:
    """Ticks are round: 0 s, 5 s, 2 min."""
    if seconds < 10:
        return f"{seconds:g} s"
    return span(seconds).replace(" 00 s", "").replace(" 00 min", "")


def _bar(job: Job, axis: _Axis, now: datetime) -> Bar:
    end = job.finished_at or now
    began = job.started_at or end
    queued_at, ran_at, ended_at = (axis.percent(at) for at in (job.queued_at, began, end))
    return Bar(
        job=job,
        label=step_label(job.step),
        queued_at=queued_at,
        queued_width=round(max(ran_at - queued_at, 0), 2),
        ran_at=min(ran_at, 99.5),
        ran_width=round(max(ended_at - ran_at, 0.5), 2) if job.started_at else 0,
    )
