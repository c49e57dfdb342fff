"""What happened, and what was printed: append-only rows, the source of every live view."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class EventType(models.TextChoices):
    """What kind of thing an event tells. The shape of `data` per type stands in docs/events.md."""

    RUN = "run"  # {id, from, to, reason, message}: a status changed; likewise task, job, gate, release, incident
    TASK = "task"
    JOB = "job"
    GATE = "gate"
    RELEASE = "release"
    INCIDENT = "incident"
    PHASE = "phase"  # {name}: the run entered a phase: plan, code, test, deploy …
    ACTIVITY = "activity"  # {text}: what a job is doing right now
    TOOL_START = "tool_start"
    TOOL_END = "tool_end"
    FILE = "file"  # {path, change}
    TEST_RUN = "test_run"  # {command, passed, failed, skipped, seconds, commit}
    MODEL = "model"  # heartbeat while a model thinks
    PROGRESS = "progress"  # {done, total, elapsed_s, estimate_s}
    GUARD = "guard"  # {task, commit, paths}: tests, CI files or test commands were changed
    CHECK = "check"  # {url, status, ok, took_ms, message}: an acceptance check answered
    ERROR = "error"  # {message}


class Sequence(models.Model):
    """The number of the last event of a run.

    Taking a number locks this row until the transaction ends. So numbers become visible in their own order, and a
    reader that has seen N will never be shown a smaller number later.
    """

    run_id = models.BigIntegerField(primary_key=True)
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return f"run {self.run_id}: {self.last}"


class Event(models.Model):
    """One thing that happened in a run, numbered 1, 2, 3 … without gaps. Written once, never changed."""

    run_id = models.BigIntegerField()
    number = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    type = models.CharField(max_length=20, choices=EventType)
    job_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["run_id", "number"]
        constraints = [models.UniqueConstraint(fields=["run_id", "number"], name="event_number_once")]

    def __str__(self) -> str:
        return f"run {self.run_id} #{self.number} {self.type}"


class LogChunk(models.Model):
    """A piece of a job's output, by byte offset. Moves to the artifact store when the job has ended."""

    job_id = models.BigIntegerField()
    offset = models.BigIntegerField()
    size = models.IntegerField()
    data = models.BinaryField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["job_id", "offset"]
        constraints = [models.UniqueConstraint(fields=["job_id", "offset"], name="log_offset_once")]

    def __str__(self) -> str:
        return f"job {self.job_id} bytes {self.offset}+{self.size}"
