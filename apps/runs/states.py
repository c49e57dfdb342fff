"""States, allowed moves and reasons of runs, tasks, jobs and gates."""

from __future__ import annotations

from django.db.models import TextChoices


class RunStatus(TextChoices):
    QUEUED = "queued", "Queued"  # recorded; the manager has not looked at it yet
    RUNNING = "running", "Running"  # planned or being planned; jobs come and go
    COMPLETED = "completed", "Completed"  # every step of its plan is done, with evidence
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class TaskStatus(TextChoices):
    CREATED = "created", "Created"  # in the plan
    ASSIGNED = "assigned", "Assigned"  # its coding job is queued
    IN_PROGRESS = "in_progress", "In progress"  # being written
    COMPLETE = "complete", "Complete"  # the promised outputs exist in the commit
    VERIFIED = "verified", "Verified"  # its tests passed at that commit, in a fresh sandbox
    DEPLOYED = "deployed", "Deployed"  # the acceptance checks of its release answered
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class JobStatus(TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


class GateStatus(TextChoices):
    PENDING = "pending", "Pending"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class Reason(TextChoices):
    """Why something did not succeed. The sentence beside it is for the reader; this is for programs."""

    INVALID_SPEC = "invalid_spec", "The spec cannot be planned"
    SCRIPT_FAILED = "script_failed", "A command failed"
    TESTS_FAILED = "tests_failed", "Tests failed"
    NO_TESTS = "no_tests", "A test command ran no test"
    TESTS_REFUSED = "tests_refused", "The tester wrote no tests that fail first"
    SAME_FAILURE = "same_failure", "A repair changed nothing about the failure"
    OUTPUT_MISSING = "output_missing", "A promised output is missing"
    MERGE_CONFLICT = "merge_conflict", "Two tasks changed the same lines"
    UNHEALTHY = "unhealthy", "The release did not become healthy"
    ACCEPTANCE_FAILED = "acceptance_failed", "An acceptance check failed"
    TIMED_OUT = "timed_out", "It took too long"
    NO_OUTPUT = "no_output", "It printed nothing for too long"
    QUEUE_TIMEOUT = "queue_timeout", "It waited too long for a worker"
    OUT_OF_MEMORY = "out_of_memory", "It used more memory than it may"
    TOO_MANY_PROCESSES = "too_many_processes", "It started more processes than it may"
    DISK_LIMIT = "disk_limit", "It wrote more than it may"
    IMAGE_MISSING = "image_missing", "Its container image is not there, or not allowed"
    ORIGIN_REFUSED = "origin_refused", "The project's origin refused, or is not one"
    BAD_PACKAGE = "bad_package", "Its package cannot be had, or not be unpacked"
    BUDGET_EXHAUSTED = "budget_exhausted", "The budget is used up"
    STUCK = "stuck", "It went in circles"
    ASKED = "asked", "It asked a person, and goes on with the answers"
    PAUSED = "paused", "A person paused it; it goes on from where it was"
    DELEGATED = "delegated", "It waits for a sub-task, and goes on with its result"
    HANDED_OFF = "handed_off", "A person handed its work to another role"
    REJECTED = "rejected", "A person rejected it at a gate"
    CANCELED_BY_USER = "canceled_by_user", "A person canceled it"
    SIBLING_FAILED = "sibling_failed", "Another part of the run failed first"
    LOST = "lost", "Its worker disappeared"
    INFRASTRUCTURE = "infrastructure", "Hive or its machine failed"


_REASONS = Reason.choices  # made once: an admin list asks for them in every cell


def reasons() -> list[tuple[str, str]]:
    """For the fields that hold one. A migration keeps this function's name, so that a new reason needs no migration."""
    return _REASONS


# It gave its worker back and goes on later, in an attempt that does not count as one more.
PUT_ASIDE = frozenset({Reason.ASKED, Reason.PAUSED, Reason.DELEGATED})
# Not the job's fault: tried again by itself, a bounded number of times.
RETRIED = frozenset({Reason.LOST, Reason.INFRASTRUCTURE})
# No other code would change it: a test that ended so is no reason to write the task once more.
NOT_OF_THE_CODE = RETRIED | {Reason.IMAGE_MISSING, Reason.BAD_PACKAGE}


def _table(**moves: str) -> dict[str, frozenset[str]]:
    return {old: frozenset(new.split()) for old, new in moves.items()}


RUN_MOVES = _table(
    queued="running canceled",
    running="completed failed canceled",
    completed="",
    failed="",
    canceled="",
)
TASK_MOVES = _table(
    created="assigned failed canceled",
    assigned="in_progress failed canceled",
    in_progress="complete failed canceled",
    complete="verified in_progress failed canceled",
    verified="deployed failed canceled",
    deployed="",
    failed="",
    canceled="",
)
JOB_MOVES = _table(
    queued="running canceled",
    running="completed failed canceled",
    completed="",
    failed="",
    canceled="",
)
GATE_MOVES = _table(pending="approved rejected", approved="", rejected="")

RUN_ENDED = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED})
JOB_ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED})
