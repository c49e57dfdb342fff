"""Every address of the API. What is not here is answered with a problem too."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from apps.api import (
    artifacts,
    ci,
    events,
    gates,
    health,
    installation,
    jobs,
    logs,
    memory,
    metrics,
    operating,
    operating_runs,
    projects,
    report,
    runs,
    schema,
    specs,
    steering,
    store,
    streams,
    tasks,
    usage,
)
from apps.api.agents import joining, work
from apps.api.code import checkouts, files, history, origins, uploads
from apps.api.problems import SAID, problem

app_name = "api"


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    return problem(404, "not_found", SAID["not_found"])


v1 = [
    path("runs", runs.RunList.as_view(), name="runs"),
    path("runs/<int:pk>", runs.RunView.as_view(), name="run"),
    path("runs/<int:pk>/cancel", runs.CancelRun.as_view(), name="run-cancel"),
    path("runs/<int:pk>/retry", runs.RetryRun.as_view(), name="run-retry"),
    path("runs/<int:pk>/files", files.RunFolder.as_view(), name="run-files"),
    path("runs/<int:pk>/file", files.RunFile.as_view(), name="run-file"),
    path("runs/<int:pk>/diff", history.RunDiff.as_view(), name="run-diff"),
    path("runs/<int:pk>/usage", usage.RunUsage.as_view(), name="run-usage"),
    path("runs/<int:pk>/report", report.RunReport.as_view(), name="run-report"),
    path("runs/<int:pk>/tasks", tasks.RunTasks.as_view(), name="run-tasks"),
    path("runs/<int:pk>/jobs", jobs.RunJobs.as_view(), name="run-jobs"),
    path("runs/<int:pk>/events", events.RunEvents.as_view(), name="run-events"),
    path("runs/<int:pk>/stream", streams.RunStream.as_view(), name="run-stream"),
    path("runs/<int:pk>/artifacts", artifacts.RunArtifacts.as_view(), name="run-artifacts"),
    path(
        "runs/<int:pk>/artifacts/<int:artifact_id>/download",
        artifacts.ArtifactDownload.as_view(),
        name="artifact-download",
    ),
    path("agent/register", joining.Register.as_view(), name="agent-register"),
    path("agent/token", joining.Token.as_view(), name="agent-token"),
    path("agent/heartbeat", joining.Heartbeat.as_view(), name="agent-heartbeat"),
    path("jobs/next", work.NextJob.as_view(), name="jobs-next"),
    path("jobs/<int:pk>/status", work.JobStatusView.as_view(), name="job-status"),
    path("jobs/<int:pk>/artifacts", work.JobArtifacts.as_view(), name="job-artifacts"),
    path("jobs/<int:pk>", jobs.JobView.as_view(), name="job"),
    path("jobs/<int:pk>/log", logs.JobLog.as_view(), name="job-log"),
    path("jobs/<int:pk>/log/stream", streams.LogStream.as_view(), name="job-log-stream"),
    path("ci/jobs", ci.SubmitCiJob.as_view(), name="ci-jobs"),
    path("ci/jobs/<int:pk>/status", ci.CiJobStatus.as_view(), name="ci-job-status"),
    path("ci/jobs/<int:pk>/cancel", ci.CancelCiJob.as_view(), name="ci-job-cancel"),
    path("ci/jobs/<int:pk>/artifacts", ci.CiJobArtifacts.as_view(), name="ci-job-artifacts"),
    path("jobs/<int:pk>/steering", steering.JobSteering.as_view(), name="job-steering"),
    path("jobs/<int:pk>/message", steering.SayToJob.as_view(), name="job-message"),
    path("jobs/<int:pk>/pause", steering.PauseJob.as_view(), name="job-pause"),
    path("jobs/<int:pk>/resume", steering.ResumeJob.as_view(), name="job-resume"),
    path("jobs/<int:pk>/hand-off", steering.HandOff.as_view(), name="job-hand-off"),
    path("gates", gates.GateList.as_view(), name="gates"),
    path("gates/<int:pk>", gates.GateView.as_view(), name="gate"),
    path("gates/<int:pk>/approve", gates.ApproveGate.as_view(), name="gate-approve"),
    path("gates/<int:pk>/reject", gates.RejectGate.as_view(), name="gate-reject"),
    path("specs", specs.SpecList.as_view(), name="specs"),
    path("specs/validate", specs.CheckSpec.as_view(), name="specs-validate"),
    path("specs/<int:pk>", specs.SpecView.as_view(), name="spec"),
    path("specs/<int:pk>/versions", specs.SpecVersions.as_view(), name="spec-versions"),
    path("specs/<int:pk>/versions/<int:number>", specs.SpecVersionView.as_view(), name="spec-version"),
    path("projects", projects.ProjectList.as_view(), name="projects"),
    path("projects/<int:pk>", projects.ProjectView.as_view(), name="project"),
    path("projects/<int:pk>/origin", origins.ProjectOrigin.as_view(), name="project-origin"),
    path("projects/<int:pk>/fetch", origins.FetchProject.as_view(), name="project-fetch"),
    path("projects/<int:pk>/push", origins.PushProject.as_view(), name="project-push"),
    path("projects/<int:pk>/upload", uploads.ProjectUpload.as_view(), name="project-upload"),
    path("projects/<int:pk>/branches", history.ProjectBranches.as_view(), name="project-branches"),
    path("projects/<int:pk>/commits", history.ProjectCommits.as_view(), name="project-commits"),
    path("projects/<int:pk>/diff", history.ProjectDiff.as_view(), name="project-diff"),
    path("projects/<int:pk>/files", files.ProjectFolder.as_view(), name="project-files"),
    path("projects/<int:pk>/file", files.ProjectFile.as_view(), name="project-file"),
    path("projects/<int:pk>/checkouts", checkouts.ProjectCheckouts.as_view(), name="project-checkouts"),
    path("checkouts/<int:pk>", checkouts.CheckoutView.as_view(), name="checkout"),
    path("checkouts/<int:pk>/files", files.CheckoutFolder.as_view(), name="checkout-files"),
    path("checkouts/<int:pk>/file", files.CheckoutFile.as_view(), name="checkout-file"),
    path("checkouts/<int:pk>/diff", checkouts.CheckoutDiff.as_view(), name="checkout-diff"),
    path("checkouts/<int:pk>/add", checkouts.CheckoutAdd.as_view(), name="checkout-add"),
    path("checkouts/<int:pk>/commit", checkouts.CheckoutCommit.as_view(), name="checkout-commit"),
    path("checkouts/<int:pk>/close", checkouts.CheckoutClose.as_view(), name="checkout-close"),
    path("uploads/<str:token>", uploads.Upload.as_view(), name="upload"),
    path("projects/<int:pk>/usage", usage.ProjectUsage.as_view(), name="project-usage"),
    path("projects/<int:pk>/memory", memory.MemoryView.as_view(), name="project-memory"),
    path("projects/<int:pk>/memory/export", memory.ExportMemory.as_view(), name="project-memory-export"),
    path("projects/<int:pk>/memory/erase", memory.EraseMemory.as_view(), name="project-memory-erase"),
    path("projects/<int:pk>/memory/<int:note_id>/forget", memory.ForgetNote.as_view(), name="project-note-forget"),
    path("workflows", installation.WorkflowList.as_view(), name="workflows"),
    path("workflows/<str:name>", installation.WorkflowView.as_view(), name="workflow"),
    path("providers", installation.ProviderList.as_view(), name="providers"),
    path("admin/queues", operating.QueueList.as_view(), name="admin-queues"),
    path("admin/queues/<str:role>/pause", operating.PauseQueue.as_view(), name="admin-queue-pause"),
    path("admin/queues/<str:role>/resume", operating.ResumeQueue.as_view(), name="admin-queue-resume"),
    path("admin/workers", operating.WorkerList.as_view(), name="admin-workers"),
    path("admin/workers/<int:pk>/drain", operating.DrainWorker.as_view(), name="admin-worker-drain"),
    path("admin/workers/<int:pk>/resume", operating.ResumeWorker.as_view(), name="admin-worker-resume"),
    path("admin/runs/cancel", operating_runs.CancelMany.as_view(), name="admin-runs-cancel"),
    path("admin/runs/retry", operating_runs.RetryMany.as_view(), name="admin-runs-retry"),
    path("admin/runs/prune", operating_runs.PruneRuns.as_view(), name="admin-runs-prune"),
    path("store/<str:token>", store.StoreLink.as_view(), name="store-link"),
]

urlpatterns: list[URLPattern] = [
    *[path(f"api/v1/{route.pattern}", route.callback, name=route.name) for route in v1],
    path("api/schema/", schema.document, name="schema"),
    path("api/docs/", schema.docs, name="docs"),
    re_path(r"^api(?:/.*)?$", unknown, name="unknown"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
