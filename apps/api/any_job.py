"""A job as an operator sees it: whose it is, who does it, how long it spent where, and what was tried before."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.api.jobs import JobSerializer
from apps.api.reasons import ReasonField
from apps.events import clock
from apps.fleet.job_list import CI, OTHER
from apps.fleet.stages import NAMES, stages_of
from apps.runs.models import Job, Run
from apps.runs.states import JobStatus

ATTEMPTS = 50


class StageSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(NAMES)
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(help_text="So far, where it goes on.")


class AgentOfJob(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="agent.pk")
    name = serializers.CharField(source="agent.name")
    offers = serializers.IntegerField(min_value=1, help_text="How often the job was offered to somebody.")


class AttemptSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    round = serializers.IntegerField()
    attempt = serializers.IntegerField()
    status = serializers.ChoiceField(JobStatus.choices)
    reason = ReasonField()
    message = serializers.CharField(allow_blank=True)


class AnyJobSerializer(JobSerializer):
    """A job as an operator sees it. `stages`: how long it spent where; `agent`: null for a Celery worker's."""

    outcome: Any = None  # it may be long: the job by itself tells it
    title = serializers.CharField(source="run.title")
    project = serializers.CharField(source="run.project.slug")
    kind = serializers.SerializerMethodField()
    agent = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()

    class Meta(JobSerializer.Meta):
        fields: Any = (
            *(one for one in JobSerializer.Meta.fields if one != "outcome"),
            *("title", "project", "kind", "stages"),
        )
        read_only_fields = fields

    def get_url(self, job: Job) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:admin-job", args=[job.pk]))

    @extend_schema_field(serializers.ChoiceField([CI, OTHER]))
    def get_kind(self, job: Job) -> str:
        return CI if job.run.workflow == "ci" else OTHER

    @extend_schema_field(AgentOfJob(allow_null=True))
    def get_agent(self, job: Job) -> Any:
        given = getattr(job, "assignment", None)
        return AgentOfJob(given).data if given else None

    @extend_schema_field(StageSerializer(many=True))
    def get_stages(self, job: Job) -> Any:
        now = clock.now()
        return [
            {"name": one.name, "began_at": one.began_at, "ended_at": one.ended_at, "seconds": one.seconds(now)}
            for one in stages_of(job)
        ]


class OneJobSerializer(AnyJobSerializer):
    """With what its work returned, and every attempt at the same piece of work, oldest first."""

    outcome = serializers.DictField()
    attempts = serializers.SerializerMethodField()

    class Meta(AnyJobSerializer.Meta):
        fields: Any = (*AnyJobSerializer.Meta.fields, "outcome", "attempts")
        read_only_fields = fields

    @extend_schema_field(AttemptSerializer(many=True))
    def get_attempts(self, job: Job) -> Any:
        same = Job.objects.filter(run=job.run_id, task=job.task_id, step=job.step).defer("outcome").order_by("pk")
        return AttemptSerializer(list(same[:ATTEMPTS]), many=True).data


class AgainSerializer(serializers.Serializer[Run]):
    """The run that does the same once more."""

    run = serializers.IntegerField(source="pk")
    status = serializers.CharField()
    jobs = serializers.SerializerMethodField()

    def get_jobs(self, run: Run) -> list[int]:
        return list(run.jobs.order_by("pk").values_list("pk", flat=True))
