"""Run, Task, Job: one pass of a spec through the pipeline, and everything that was tried on the way."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.events.lifecycle import Moves
from apps.projects.models import Project
from apps.runs import states
from apps.runs.delegation import Delegation
from apps.runs.gates import Gate
from apps.runs.spending.models import ModelCall, Purse
from apps.runs.states import JobStatus, RunStatus, TaskStatus, reasons
from apps.runs.stations import Queue, Worker
from apps.runs.steering import Steering
from apps.runs.turns import Turn
from apps.specs.models import SpecVersion

__all__ = [
    "Delegation",
    "Gate",
    "Job",
    "ModelCall",
    "Priority",
    "Purse",
    "Queue",
    "Run",
    "Steering",
    "Sweep",
    "Task",
    "Turn",
    "Worker",
]


class Priority(models.IntegerChoices):
    """Where a run's messages stand in the queue; the broker serves smaller numbers first."""

    HIGH = 0, "high"
    NORMAL = 3, "normal"
    LOW = 6, "low"


class Run(models.Model):
    """One pass of one spec version through the pipeline.

        queued ──▶ running ──▶ completed
          │           ├──────▶ failed
          └───────────┴──────▶ canceled

    `epoch` counts how often the remaining work was published; messages of an older epoch find their claim refused.
    `stop_reason` asks every job of the run to end; the run ends when the last of them has.
    """

    MOVES: ClassVar[Moves] = states.RUN_MOVES
    EVENT: ClassVar[str] = "run"

    class Cause(models.TextChoices):
        REQUEST = "request", "Requested"
        RETRY = "retry", "Retry"  # the same spec version once more
        REPAIR = "repair", "Repair"  # started by an incident of the parent's release
        REPLAN = "replan", "Planned again"  # a person handed the parent's work back to the manager
        DELEGATED = "delegated", "Delegated"  # a sub-task of one of the parent's jobs

    class Landing(models.TextChoices):
        LANDED = "landed", "Landed"
        CONFLICT = "conflict", "In conflict with the branch"

    project = models.ForeignKey(Project, models.PROTECT, related_name="runs")
    spec_version = models.ForeignKey(SpecVersion, models.PROTECT, related_name="runs", null=True, blank=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    cause = models.CharField(max_length=10, choices=Cause, default=Cause.REQUEST)
    workflow = models.CharField(max_length=20, default="build")
    engine = models.CharField(max_length=20, default="template")
    title = models.CharField(max_length=200)
    story = models.TextField(blank=True, help_text="From which the manager writes the spec.")
    unattended = models.BooleanField(default=False, help_text="Nobody is asked; what is unclear is decided.")
    budget = models.JSONField(default=dict, blank=True, help_text="What was asked for; as `budget` in a spec.")
    runs_on = models.JSONField(default=dict, blank=True, help_text="Agents' tags by role; empty: as the spec says.")
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)

    status = models.CharField(max_length=12, choices=RunStatus, default=RunStatus.QUEUED)
    reason = models.CharField(max_length=30, choices=reasons, blank=True)
    message = models.TextField(blank=True)
    stop_reason = models.CharField(max_length=30, choices=reasons, blank=True)
    stop_message = models.TextField(blank=True)

    epoch = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True, blank=True)
    republished = models.PositiveSmallIntegerField(default=0, help_text="By the sweep, since something last moved.")
    round = models.PositiveSmallIntegerField(default=1, help_text="Of the steps that belong to the whole run.")

    base_commit = models.CharField(max_length=40, blank=True)
    commit = models.CharField(max_length=40, blank=True, help_text="What was deployed: every task's work, merged.")

    guarded = models.BooleanField(default=False, help_text="Changed tests wait for a person; settled with the plan.")
    touched = models.JSONField(default=list, help_text="Tests, CI files and test commands that were changed.")
    landing = models.CharField(max_length=10, choices=Landing, blank=True, help_text="On the project's branch.")
    has_origin = models.BooleanField(default=False, help_text="The project's origin is fetched first, and pushed to.")
    from_branch = models.CharField(max_length=100, blank=True, help_text="Where the work begins; empty: the project's.")
    branch = models.CharField(max_length=200, blank=True, help_text="Of the origin: where the work was pushed.")

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="runs")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    reported = models.BooleanField(default=False, help_text="Its report is kept as artifacts, now that it has ended.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-id"], name="run_project"),
            models.Index(fields=["status", "-id"], name="run_status"),
            models.Index(fields=["project", "status", "-id"], name="run_project_status"),
            models.Index(fields=["workflow", "-id"], name="run_workflow"),
            models.Index(fields=["cause", "-id"], name="run_cause"),
            models.Index(fields=["created_at"], name="run_made"),
            models.Index(fields=["workflow", "finished_at"], name="run_due", condition=Q(reported=False)),
            models.Index(fields=["reason", "-id"], name="run_reason", condition=~Q(reason="")),
            models.Index(fields=["published_at"], name="run_in_flight", condition=Q(status__in=["queued", "running"])),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}: {self.title}"

    @property
    def event_run_id(self) -> int:
        return self.pk

    @property
    def ended(self) -> bool:
        return self.status in states.RUN_ENDED


class Task(models.Model):
    """One node of the run's plan: a piece of the product with its own outputs, tests and acceptance.

    created ─▶ assigned ─▶ in_progress ─▶ complete ─▶ verified ─▶ deployed
                                ▲             │
                                └─────────────┘ a repair round: its tests failed
    any unfinished ─▶ failed | canceled
    """

    MOVES: ClassVar[Moves] = states.TASK_MOVES
    EVENT: ClassVar[str] = "task"

    run = models.ForeignKey(Run, models.CASCADE, related_name="tasks")
    key = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    position = models.PositiveIntegerField(help_text="In topological order; merges follow it.")
    needs = models.JSONField(default=list, help_text="Keys of the tasks that this one builds on.")
    spec = models.JSONField(help_text="This task's part of the spec.")
    has_requirements = models.BooleanField(default=False, help_text="The tester writes tests from them first.")
    runs_on = models.JSONField(default=list, help_text="Tags of the agents that test it; empty: Hive's own workers.")
    codes_on = models.JSONField(default=list, help_text="Tags of the agents that run its commands; empty: as above.")
    status = models.CharField(max_length=12, choices=TaskStatus, default=TaskStatus.CREATED)
    reason = models.CharField(max_length=30, choices=reasons, blank=True)
    message = models.TextField(blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    commit = models.CharField(max_length=40, blank=True)
    evidence = models.JSONField(default=dict, help_text="What was seen: outputs, tests, checks, each with its commit.")

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="task_key_once")]

    def __str__(self) -> str:
        return self.key

    @property
    def event_run_id(self) -> int:
        return self.run_id


class Job(models.Model):
    """One attempt by one role at one piece of work, under a lease.

        queued ──▶ running ──▶ completed
          │           ├──────▶ failed
          └───────────┴──────▶ canceled        never back: a retry is a new job

    `step` is the Celery task that does the work (`coding.code`); its first word is the role and the queue.
    """

    MOVES: ClassVar[Moves] = states.JOB_MOVES
    EVENT: ClassVar[str] = "job"

    run = models.ForeignKey(Run, models.CASCADE, related_name="jobs")
    task = models.ForeignKey(Task, models.CASCADE, null=True, blank=True, related_name="jobs")
    role = models.CharField(max_length=12)
    step = models.CharField(max_length=30)
    round = models.PositiveSmallIntegerField(default=1)
    attempt = models.PositiveSmallIntegerField(default=1)
    needs = models.JSONField(default=list, help_text="Ids of the jobs that must be completed before this one.")
    runs_on = models.JSONField(default=list, help_text="Tags of the agents that may do it; empty: a Celery worker.")

    status = models.CharField(max_length=12, choices=JobStatus, default=JobStatus.QUEUED)
    reason = models.CharField(max_length=30, choices=reasons, blank=True)
    message = models.TextField(blank=True)
    outcome = models.JSONField(default=dict, help_text="What the work returned.")

    worker = models.CharField(max_length=120, blank=True)
    lease_token = models.CharField(max_length=32, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "step", "round", "attempt"], name="job_attempt_once", condition=Q(task__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["run", "step", "round", "attempt"], name="job_run_attempt_once", condition=Q(task__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["lease_expires_at"], name="job_leased", condition=Q(status="running")),
            models.Index(fields=["queued_at"], name="job_waiting", condition=Q(status="queued")),
            models.Index(fields=["status", "-id"], name="job_status"),
            models.Index(fields=["reason", "-id"], name="job_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"Job {self.pk}: {self.step}"

    @property
    def event_run_id(self) -> int:
        return self.run_id

    @property
    def ended(self) -> bool:
        return self.status in states.JOB_ENDED


class Sweep(models.Model):
    """When the sweep last ran (one row). Who moves `at` forward does the sweep; a long gap means Hive was away."""

    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
