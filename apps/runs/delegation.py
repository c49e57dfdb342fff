"""Delegation: a call of a model's tool, and the run that does what it asked for."""

from __future__ import annotations

from django.db import models


class Delegation(models.Model):
    """Made together with its child run, and found by the call: a parent that dies and comes back starts no second one.

    `call` is how long the parent's conversation was when it asked, in its task and round.
    """

    task = models.ForeignKey("runs.Task", models.CASCADE, related_name="delegations", help_text="That asked.")
    round = models.PositiveSmallIntegerField()
    call = models.PositiveIntegerField()
    child = models.OneToOneField("runs.Run", models.CASCADE, related_name="delegation")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["task", "round", "call"], name="delegation_once")]

    def __str__(self) -> str:
        return f"Run {self.child_id} for task {self.task_id}"
