"""Agent, EnrolmentToken, Command, Assignment, Upload: remote machines, and the jobs that they have been given."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Organisation
from apps.runs.models import Job


class EnrolmentToken(models.Model):
    """Lets so many machines join, until then. Only the SHA-256 of its secret is kept; it is shown once.

    What it says of tags and organisation counts for the agents that it let in, whatever they claim themselves.
    """

    class State(models.TextChoices):
        GOOD = "good", "Good"
        USED_UP = "used_up", "Used up"
        EXPIRED = "expired", "Expired"
        REVOKED = "revoked", "Revoked"

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    tags = models.JSONField(default=list)
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: jobs of all of them."
    )
    most = models.PositiveIntegerField(default=1, help_text="How many agents it may let in.")
    used = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def state(self, now: datetime) -> EnrolmentToken.State:
        """Whether it still lets anybody in, and why not."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.expires_at <= now:
            return self.State.EXPIRED
        return self.State.USED_UP if self.used >= self.most else self.State.GOOD


class Agent(models.Model):
    """A remote machine that takes jobs over HTTP.

    `tags` are what the server lets it run; `claimed_tags`, where it names any, narrow that. `generation` counts its
    revocations: a token of an older one opens nothing. What an operator says of it (drain, pause, note) outlives it.
    """

    name = models.CharField(max_length=100)
    tags = models.JSONField(default=list)
    claimed_tags = models.JSONField(default=list)
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, blank=True, related_name="+")
    capabilities = models.JSONField(default=dict)
    slots = models.PositiveSmallIntegerField(default=1)
    version = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True, max_length=2000)

    digest = models.CharField(max_length=64)
    generation = models.PositiveIntegerField(default=1)
    enrolled_by = models.ForeignKey(EnrolmentToken, models.SET_NULL, null=True, related_name="agents")
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    seen_at = models.DateTimeField(default=timezone.now)
    load = models.FloatField(null=True, help_text="Of the last minute, per processor.")
    free_disk_bytes = models.BigIntegerField(null=True)
    draining_at = models.DateTimeField(null=True, blank=True)
    draining_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="It goes on by itself then.")

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["seen_at"], name="agent_live", condition=Q(revoked_at=None))]

    def __str__(self) -> str:
        return self.name

    @property
    def effective_tags(self) -> list[str]:
        """What it may run and wants to."""
        claimed = set(self.claimed_tags)
        return [tag for tag in self.tags if not claimed or tag in claimed]

    def is_paused(self, now: datetime) -> bool:
        """A pause with an end is over then, whether or not somebody has noted it."""
        return self.paused_at is not None and (self.paused_until is None or self.paused_until > now)

    @property
    def matched_tags(self) -> list[str]:
        """What a job's `runs_on` is held against: those, and the kinds of sandbox that it says it has."""
        kinds = self.capabilities.get("sandboxes")
        return [*self.effective_tags, *(f"sandbox:{kind}" for kind in (kinds if isinstance(kinds, list) else ()))]


class Command(models.Model):
    """What an agent is told, repeated with each answer until it says that it has heard it."""

    class Kind(models.TextChoices):
        DRAIN = "drain", "Finish and take no more"
        PAUSE = "pause", "Take no more for now"
        RESUME = "resume", "Take jobs again"
        UPGRADE = "upgrade-needed", "Its version is too old"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="commands")
    kind = models.CharField(max_length=16, choices=Kind)
    created_at = models.DateTimeField(default=timezone.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["agent", "id"], name="command_open", condition=Q(acknowledged_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} for {self.agent_id}"


class Assignment(models.Model):
    """Which agent was given a job, under which lease, and how far its output has come. One row per job.

    offered ──▶ acknowledged ──▶ ended        the job's own status says how
       └──▶ offered again, to whoever asks, once `expires_at` has passed
    """

    job = models.OneToOneField(Job, models.CASCADE, related_name="assignment")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="assignments")
    lease_token = models.CharField(max_length=32)
    offers = models.PositiveIntegerField(default=1)
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Of the offer; the lease's own time stands with the job.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    prepared_s = models.FloatField(null=True, help_text="From the acknowledgement to the first command.")
    ended_at = models.DateTimeField(null=True, blank=True)
    log_bytes = models.BigIntegerField(default=0)
    log_crc32 = models.BigIntegerField(default=0, help_text="Of the output as it arrived.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["agent", "-id"], name="assignment_history")]

    def __str__(self) -> str:
        return f"Job {self.job_id} for agent {self.agent_id}"


class Upload(models.Model):
    """A file that an agent has announced: it becomes an artifact when its bytes are in the store, and are those."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    store_key = models.CharField(max_length=300, unique=True)
    parts = models.CharField(max_length=500, blank=True, help_text="The store's name of an upload in parts.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["assignment", "name"], name="upload_name_once")]

    def __str__(self) -> str:
        return self.name
