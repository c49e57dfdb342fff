"""Gates: points at which a person approves or rejects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.api.caller import Caller
from apps.api.lists import ChoicesFilter, Filters, ListView, WholeNumberFilter
from apps.api.parsing import Strict, Text
from apps.api.problems import Problem
from apps.api.reasons import ReasonField
from apps.events.lifecycle import can_move
from apps.runs.models import Gate
from apps.runs.questions import AnswersRefused
from apps.runs.services.approve import approve_gate, reject_gate
from apps.runs.states import GateStatus

WRITE_GATES = {"POST": "gates:write"}
WITH = ("run", "run__project", "decided_by")


class QuestionSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    choices = serializers.ListField(
        child=serializers.CharField(), help_text="The answer is one of them; any text where there are none."
    )
    required = serializers.BooleanField()  # type: ignore[assignment]  # a field of this name; the metaclass takes it out


class GateSerializer(serializers.ModelSerializer[Gate]):
    """`message` is what the person wrote. `allowed` says what the reader may do with it now.

    A gate with `questions` belongs to the `job` that asks; `answers` holds one text per question.
    """

    url = serializers.SerializerMethodField()
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    reason = ReasonField()
    questions = QuestionSerializer(many=True, read_only=True)
    answers = serializers.ListField(child=serializers.CharField(), read_only=True)
    allowed = serializers.SerializerMethodField()

    class Meta:
        model = Gate
        fields = (
            *("id", "url", "run", "name", "round", "status", "reason", "message"),
            *("opened_at", "decided_at", "decided_by", "allowed", "job", "questions", "answers"),
        )
        read_only_fields = fields

    def get_url(self, gate: Gate) -> str:
        return self.context["request"].build_absolute_uri(reverse("api:gate", args=[gate.pk]))

    def get_allowed(self, gate: Gate) -> list[str]:
        caller: Caller = self.context["view"].caller
        may = caller.has_scope("gates:write") and caller.may_change(gate.run.project.organisation_id)
        return ["approve", "reject"] if may and can_move(gate, GateStatus.APPROVED) and not gate.run.ended else []


class Decision(Strict):
    message = Text(required=False, allow_blank=True, default="", max_length=2000, help_text="Why; for the record.")


class Approval(Decision):
    answers = serializers.ListField(
        child=Text(allow_blank=True),
        required=False,
        default=list,
        help_text="One text per question, in the gate's order; empty where none is needed.",
    )


class GateFilters(Filters):
    status = ChoicesFilter(choices=GateStatus.choices)
    run = WholeNumberFilter("run_id")

    class Meta:
        model = Gate
        fields: tuple[str, ...] = ()


class GateList(ListView):
    """The gates that you may see, newest first."""

    scopes = READ_RUNS
    serializer_class = GateSerializer
    filterset_class = GateFilters

    def rows(self) -> QuerySet[Gate]:
        return self.caller.gates().select_related(*WITH).order_by("-pk")


class GateView(ApiView):
    """One gate."""

    scopes = READ_RUNS

    @extend_schema(responses=GateSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(_show(self, pk))


class ApproveGate(ApiView):
    scopes = WRITE_GATES

    @extend_schema(request=Approval, responses=GateSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Let the run go on, with the answers to what the gate asks. 409 where the gate was decided before."""
        try:
            return _decide(self, pk, approve_gate, Approval)
        except AnswersRefused as error:
            told = {str(at): [problem] for at, problem in error.problems.items()}
            raise serializers.ValidationError({"answers": told or [str(error)]}) from None


class RejectGate(ApiView):
    scopes = WRITE_GATES

    @extend_schema(request=Decision, responses=GateSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """End the run as rejected. 409 where the gate was decided before."""
        return _decide(self, pk, reject_gate, Decision)


def _find(view: ApiView, pk: int) -> Gate:
    return get_object_or_404(view.caller.gates().select_related(*WITH), pk=pk)


def _show(view: ApiView, pk: int) -> dict[str, Any]:
    return GateSerializer(_find(view, pk), context=view.get_serializer_context()).data


def _decide(view: ApiView, pk: int, decide: Callable[..., None], shape: type[Decision]) -> Response:
    gate = _find(view, pk)
    view.caller.require_change(gate.run.project.organisation_id)
    body = shape(data=view.request.data)
    body.is_valid(raise_exception=True)
    if gate.run.ended:
        raise Problem(409, "conflict", f"The run of this gate has ended ({gate.run.status}).")
    decide(gate, view.caller.user, **body.validated_data)
    return Response(_show(view, pk))
