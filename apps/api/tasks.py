"""Tasks: the plan of a run."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import serializers

from apps.api.base import READ_RUNS
from apps.api.lists import ListView
from apps.api.reasons import ReasonField
from apps.api.runs import run_of
from apps.runs.models import Task


class TaskSerializer(serializers.ModelSerializer[Task]):
    """A node of the plan. `needs` are keys of tasks; `evidence` is what was seen: outputs, tests, checks."""

    needs = serializers.ListField(child=serializers.CharField())
    reason = ReasonField()
    evidence = serializers.DictField()

    class Meta:
        model = Task
        fields = (
            *("id", "run", "key", "title", "position", "needs", "status", "reason", "message", "round", "commit"),
            "evidence",
        )
        read_only_fields = fields


class RunTasks(ListView):
    """The run's tasks, in the order of the plan; none before it was planned."""

    scopes = READ_RUNS
    serializer_class = TaskSerializer

    def rows(self) -> QuerySet[Task]:
        return run_of(self, self.kwargs["pk"]).tasks.order_by("position")
