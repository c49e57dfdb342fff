"""Many runs at once, for operators: cancel, retry, prune. Each answer says what was done, run by run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.operating import OperatorView
from apps.api.parsing import Flag, Number, Slug, Strict
from apps.runs.queries import visible_runs
from apps.runs.services.many import MOST, Told, Wanted, cancel_many, retry_many
from apps.runs.states import RunStatus
from apps.upkeep.prune import prune

MOST_DAYS = 36_500


class ManyRuns(Strict):
    """Which runs: all that fit, the newest first, up to `limit`. Without `ids` and `statuses`: those that go on
    (cancel), those that failed (retry).
    """

    ids = serializers.ListField(
        child=Number(min_value=1, max_value=2**63 - 1), required=False, min_length=1, max_length=MOST
    )
    statuses = serializers.ListField(
        child=serializers.ChoiceField(RunStatus.choices), required=False, min_length=1, max_length=len(RunStatus)
    )
    project = Slug(required=False)
    since = serializers.DateTimeField(required=False, help_text="Ended since then; begun, where it goes on.")
    before = serializers.DateTimeField(required=False, help_text="Ended before then; begun, where it goes on.")
    limit = Number(required=False, default=100, min_value=1, max_value=MOST)
    dry_run = Flag(required=False, default=False, help_text="Only say what would be done.")


class ToldSerializer(serializers.Serializer[Told]):
    run = serializers.IntegerField(source="run_id")
    done = serializers.BooleanField()
    message = serializers.CharField()
    made = serializers.IntegerField(allow_null=True, help_text="The run that a retry has started, now or before.")


class ToldOfMany(serializers.Serializer[dict[str, Any]]):
    done = serializers.IntegerField(help_text="How many were canceled, or started again.")
    runs = ToldSerializer(many=True)


class Prune(Strict):
    older_than_days = Number(min_value=1, max_value=MOST_DAYS, help_text="Of runs that ended before that.")
    project = Slug(required=False, default="")
    limit = Number(required=False, default=MOST, min_value=1, max_value=MOST)
    dry_run = Flag(required=False, default=False, help_text="Only say what would go.")


class PrunedSerializer(serializers.Serializer[Any]):
    """`more`: there are more of them; ask again."""

    runs = serializers.IntegerField()
    artifacts = serializers.IntegerField()
    size_bytes = serializers.IntegerField()
    looked_at = serializers.IntegerField(help_text="With those that something holds on to.")
    more = serializers.BooleanField()


class CancelMany(OperatorView):
    @extend_schema(request=ManyRuns, responses=ToldOfMany)
    def post(self, request: Request) -> Response:
        """Ask many runs to stop, whosever they are."""
        return _do(self, cancel_many)


class RetryMany(OperatorView):
    @extend_schema(request=ManyRuns, responses=ToldOfMany)
    def post(self, request: Request) -> Response:
        """Start many runs once more. What was retried before is not started again, so this may be sent twice."""
        return _do(self, retry_many)


class PruneRuns(OperatorView):
    @extend_schema(request=Prune, responses=PrunedSerializer)
    def post(self, request: Request) -> Response:
        """Remove runs that ended long ago, whole, oldest first. What is live, or kept for a rollback, stays."""
        body = Prune(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(PrunedSerializer(prune(body.validated_data.pop("older_than_days"), **body.validated_data)).data)


def _do(view: OperatorView, act: Callable[..., list[Told]]) -> Response:
    body = ManyRuns(data=view.request.data)
    body.is_valid(raise_exception=True)
    dry_run = body.validated_data.pop("dry_run")
    told = act(visible_runs(view.caller.user), Wanted(**body.validated_data), view.caller.user, dry_run=dry_run)
    return Response({"done": sum(one.done for one in told), "runs": [ToldSerializer(one).data for one in told]})
