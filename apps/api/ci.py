"""CI: a pipeline sends a job file and a package, and asks what became of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.artifacts import ArtifactFilters, ArtifactSerializer
from apps.api.base import ApiView
from apps.api.ci_body import FormParser, SubmitForm, SubmitJob, archive_kind, checked_job
from apps.api.ci_status import CiJobSerializer, told
from apps.api.ci_wait import answer_later
from apps.api.idempotency import IDEMPOTENCY_KEY, Started, once, read_key
from apps.api.lists import Filters, ListView
from apps.api.parsing import JSONParser
from apps.api.problems import Problem
from apps.api.project_choice import choose_project
from apps.artifacts.services.save import discard
from apps.ci.definition.check import Checked
from apps.ci.services.submit import Package, Submitted, begin, keep_package, wanted
from apps.ci.status import run_now
from apps.events.queries import last_number
from apps.projects.models import Project
from apps.runs.models import Run
from apps.runs.services.stop import cancel_run

LONGEST_WAIT_S = 60
BIGGEST = 2**63 - 1
WAIT = [
    OpenApiParameter(
        "wait",
        {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_S},
        description="Answer when the job has ended, or after so many seconds.",
    ),
    OpenApiParameter(
        "after",
        {"type": "integer", "minimum": 0, "maximum": BIGGEST},
        description="With `wait`: answer as soon as `version` is greater than this.",
    ),
]


def show(view: ApiView, run: Run, made: Submitted | None = None) -> Any:
    """`made`: the run's rows, where this request has just made them."""
    now = run_now(run, made.tasks, made.jobs) if made else run_now(run)
    return told(now, f"{view.request.scheme}://{view.request.get_host()}")


class CiView(ApiView):
    scopes = {"GET": "jobs:read"}

    def runs(self) -> QuerySet[Run]:
        return self.caller.runs().filter(workflow="ci").select_related("project", "created_by", "submission")

    def run_of(self, pk: int) -> Run:
        return get_object_or_404(self.runs(), pk=pk)


class SubmitCiJob(CiView):
    scopes = {"POST": "jobs:create"}
    parser_classes = (JSONParser, FormParser)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """JSON in one transaction, with the questions who asks and for what. A form's package goes to the store before
        anything is written: no transaction waits for that.
        """
        if request.content_type != JSONParser.media_type:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="ci_job_submit",
        request={"application/json": SubmitJob, "multipart/form-data": SubmitForm},
        parameters=[IDEMPOTENCY_KEY],
        responses={201: CiJobSerializer},
    )
    def post(self, request: Request) -> Response:
        """Start a CI job: a run of the workflow `ci`, with a job per cell of the job file's matrix.

        With `Idempotency-Key` the same request, sent again within a day, answers with the job that it started first.
        """
        form = isinstance(request.data, dict) and "package" in request.data
        body = (SubmitForm if form else SubmitJob)(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = dict(body.validated_data)
        key = read_key(request)
        checked = checked_job(given)
        project = self._project(given)
        package = self._keep(given.pop("package", None), given, project)
        started = None
        try:
            with transaction.atomic(savepoint=form):  # JSON is in one already, which goes as a whole
                started, made = self._start(key, given, checked, package, project)
                shown = show(self, self.run_of(started.run.pk)) if made is None else show(self, made.run, made)
        except BaseException:
            started = None  # nothing of it is there
            raise
        finally:
            if package and (started is None or started.replayed):
                discard(package.key)
        headers = {"Location": shown["url"], **({"Idempotency-Replayed": "true"} if started.replayed else {})}
        return Response(shown, status.HTTP_201_CREATED, headers=headers)

    def _start(
        self, key: str, given: dict[str, Any], checked: Checked, package: Package | None, project: Project
    ) -> tuple[Started, Submitted | None]:
        """With what this request has made, where it was not there before."""
        same = {**given, "package": package.sha256 if package else ""}
        made: list[Submitted] = []

        def start() -> Run:
            job = wanted(
                checked,
                file=given.get("file", ""),
                source=given.get("source", {}),
                package=package,
                package_url=given.get("package_url", ""),
                package_sha256=given.get("package_sha256", ""),
            )
            made.append(begin(project, job, self.caller.user))
            return made[0].run

        started = once(self.caller, key, same, start)
        return started, None if started.replayed else made[0]

    def _keep(self, file: Any, given: dict[str, Any], project: Project) -> Package | None:
        """Into the store, once it is known that its sender may do this, and that it is one."""
        if file is None:
            if given.get("package_sha256") and not given.get("package_url"):
                raise ValidationError({"package_sha256": ["There is no package that this could be of."]})
            return None
        if given.get("package_url"):
            raise ValidationError({"package_url": ["Send a package, or the address of one; not both."]})
        kind = archive_kind(file)
        package = keep_package(file, f"package.{kind}", file.content_type or "")
        if given.get("package_sha256") not in (None, package.sha256):
            discard(package.key)
            message = f"The package of {project.slug} arrived with the SHA-256 {package.sha256}. Send it again."
            raise ValidationError({"package_sha256": [message]})
        return package

    def _project(self, given: dict[str, Any]) -> Project:
        key = self.caller.key
        if key is not None and key.project_id and "project" not in given:
            project = get_object_or_404(self.caller.projects(), pk=key.project_id)
            self.caller.require_change(project.organisation_id)
            return project
        if "project" not in given:
            raise ValidationError(
                {"project": ["Name the project, or use a key that is bound to one."]}, code="required"
            )
        return choose_project(self.caller, given["project"], given.get("organisation"))


class CiJobStatus(CiView):
    @extend_schema(operation_id="ci_job_status", parameters=WAIT, responses=CiJobSerializer)
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """How it goes: status, tests, why it waits, and where its output and artifacts are."""
        run = self.run_of(pk)
        wait_s = _number(request, "wait", LONGEST_WAIT_S)
        after = _number(request, "after", BIGGEST) if "after" in request.query_params else None
        if not wait_s or run.ended or (after is not None and last_number(pk) > after):
            return Response(show(self, run))
        content: Any = answer_later(pk, wait_s, after, lambda: show(self, self.run_of(pk)))
        response = StreamingHttpResponse(content if request.method == "GET" else (), content_type="application/json")
        response["X-Accel-Buffering"] = "no"
        return response


def _number(request: Request, name: str, most: int) -> int:
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise ValidationError({name: [f"Use a whole number from 0 to {most}."]})
    return int(text)


class CancelCiJob(CiView):
    scopes = {"POST": "jobs:cancel"}

    @extend_schema(request=None, responses={202: CiJobSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Ask the job to stop. Asked again, or after its end, it changes nothing and says so with the status."""
        run = self.run_of(pk)
        self.caller.require_change(run.project.organisation_id)
        if not cancel_run(run, self.caller.user) and run.ended:
            raise Problem(409, "conflict", f"CI job {pk} has ended.", status_now=run.status)
        return Response(show(self, self.run_of(pk)), status.HTTP_202_ACCEPTED)


class CiJobArtifacts(ListView, CiView):
    """What the job has kept, its package and its output among it."""

    scopes = {"GET": "jobs:read"}
    serializer_class = ArtifactSerializer
    filterset_class: type[Filters] = ArtifactFilters

    def rows(self) -> Any:
        return self.run_of(self.kwargs["pk"]).artifacts.order_by("pk")
