"""Purse and ModelCall: what may be spent, and each call that was paid from it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Purse(models.Model):
    """One budget. A run has one that it shares with everything it starts; a project and a person have one per day.

    `held_*` is set aside for calls under way, `used_*` was really used. A limit that is null is none. Every change is
    one UPDATE whose WHERE holds used + held + more <= limit: jobs that spend at once can never pass it together.
    """

    class Scope(models.TextChoices):
        RUN = "run", "Run"
        PROJECT = "project", "Project, per day"
        USER = "user", "Person, per day"

    scope = models.CharField(max_length=10, choices=Scope)
    owner_id = models.BigIntegerField(
        help_text="Of the first run of those that share it, of the project, of the person."
    )
    day = models.DateField(null=True, blank=True, help_text="In UTC. Empty for a run's.")

    max_micros = models.BigIntegerField(null=True, blank=True, help_text="Millionths of a US dollar.")
    max_tokens = models.BigIntegerField(null=True, blank=True)
    max_calls = models.BigIntegerField(null=True, blank=True)
    max_steps = models.BigIntegerField(null=True, blank=True)
    max_seconds = models.BigIntegerField(null=True, blank=True, help_text="Of a run, without waiting for people.")

    used_micros = models.BigIntegerField(default=0)
    used_tokens = models.BigIntegerField(default=0)
    used_calls = models.BigIntegerField(default=0)
    used_steps = models.BigIntegerField(default=0)
    held_micros = models.BigIntegerField(default=0)
    held_tokens = models.BigIntegerField(default=0)
    held_calls = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "owner_id"], name="purse_once", condition=Q(day__isnull=True)),
            models.UniqueConstraint(
                fields=["scope", "owner_id", "day"], name="purse_once_a_day", condition=Q(day__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.scope} {self.owner_id}{f' on {self.day}' if self.day else ''}"


class ModelCall(models.Model):
    """One call of a model, from the moment at which its most was set aside.

    reserved ──▶ settled     with what the provider says that it used
        └──────▶ released    the provider did nothing for it, or the job ended in the middle of it
                    └──────▶ settled   a worker that was cut off comes back: what was spent is booked all the same
    """

    class State(models.TextChoices):
        RESERVED = "reserved", "Under way"
        SETTLED = "settled", "Done"
        RELEASED = "released", "Given back"

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="model_calls")
    job = models.ForeignKey("runs.Job", models.CASCADE, related_name="model_calls")
    purses = models.JSONField(help_text="Ids of the purses that it is paid from.")
    model = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)

    most_tokens = models.BigIntegerField()
    most_micros = models.BigIntegerField(null=True, help_text="Null where the model's price is unknown.")
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0)
    micros = models.BigIntegerField(null=True)
    estimated = models.BooleanField(default=False, help_text="The provider did not say; Hive's guess.")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job"], name="call_under_way", condition=Q(state="reserved"))]

    def __str__(self) -> str:
        return f"Call {self.pk} of {self.model}"
