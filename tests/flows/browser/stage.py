"""What a test may have happen on the site: each verb goes through the services, as a worker or the API would."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.accounts.keys import create_key
from apps.accounts.models import Membership, Organisation, Role, User
from apps.accounts.sign_in import sign_in_link
from apps.events.queries import log_end
from apps.fleet.models import Agent
from apps.projects.models import Project
from apps.projects.secrets import put_secret
from apps.runs import models as rows
from apps.runs.models import Gate, Job, Queue, Run
from apps.runs.services.active import ActiveJob
from apps.runs.services.presence import name_prefix
from apps.runs.states import GateStatus, JobStatus
from tests.flows.browser.stage_code import CodeStage
from tests.stories import fleet, runs
from tests.stories.worker import Worker

PEOPLE = {"owner": Role.OWNER, "teammate": Role.MEMBER, "viewer": Role.VIEWER}


class Stage(CodeStage):
    def __init__(self) -> None:
        ours, _ = Organisation.objects.get_or_create(slug="ours", defaults={"name": "Ours"})
        self.project, _ = Project.objects.get_or_create(organisation=ours, slug="site", defaults={"name": "Site"})
        for name, role in PEOPLE.items():
            if not User.objects.filter(username=name).exists():
                user = get_user_model().objects.create_user(name, password=f"{name}-password")
                Membership.objects.create(organisation=ours, user=user, role=role)
        if not User.objects.filter(username="operator").exists():
            get_user_model().objects.create_superuser("operator", password="operator-password")
        self.owner = User.objects.get(username="owner")

    def ready(self) -> str:
        return "yes"

    def link(self, name: str = "owner") -> str:
        return sign_in_link(User.objects.get(username=name))

    def tell(self, story: str) -> dict[str, Any]:
        """A story of tests.stories.runs; answers with the run, and its running jobs by step."""
        made = getattr(runs, story)(self.project, self.owner)
        run = made if isinstance(made, Run) else made.release.run
        running = run.jobs.filter(status=JobStatus.RUNNING).order_by("pk")
        gate = run.gates.filter(status=GateStatus.PENDING).first()
        return {
            "run": run.pk,
            "jobs": [job.pk for job in running],
            "gate": gate.pk if gate else None,
            "release": run.releases.values_list("pk", flat=True).first(),
        }

    def active(self, job: int) -> ActiveJob:
        """The running job as its worker holds it; what it printed before counts on."""
        active = ActiveJob(Job.objects.select_related("run__project", "run__spec_version", "task").get(pk=job))
        active.log.stored_bytes = log_end(job)
        return active

    def print(self, job: int, lines: list[str]) -> int:
        """The job prints these lines; answers with where its output ends."""
        log = self.active(job).log
        log.write("".join(f"{line}\n" for line in lines).encode())
        log.close()
        return log.stored_bytes

    def flood(self, job: int, start: int, count: int) -> int:
        """Numbered lines, many of them."""
        return self.print(
            job, [f"line {number} of the flood, as long as lines are" for number in range(start, start + count)]
        )

    def emit(self, job: int, type: str, data: dict[str, Any]) -> None:
        self.active(job).emit(type, **data)

    def finish(self, job: int) -> None:
        """The job's work is done, and good."""
        active = self.active(job)
        Worker(active.run).end(active)

    def begin(self, run: int) -> int:
        """The next job that is due begins; answers with its number."""
        worker = Worker(Run.objects.get(pk=run))
        worker.look()
        due = worker.run.jobs.filter(status=JobStatus.QUEUED).earliest("pk")
        return worker.take(due.step, due.task.key if due.task else "").row.pk

    def go_on(self, run: int) -> str:
        """Whatever is due, up to the end of the run or the next gate."""
        Worker(Run.objects.get(pk=run)).go()
        return Run.objects.get(pk=run).status

    def make_key(self, name: str) -> str:
        return create_key(self.owner, self.project.organisation, name).row.name

    def put_secret(self, name: str) -> str:
        return put_secret(self.project, name, "honey-4711").name

    def rename(self, run: int, title: str) -> None:
        Run.objects.filter(pk=run).update(title=title)

    def status(self, run: int) -> dict[str, str]:
        found = Run.objects.get(pk=run)
        return {"status": found.status, "stop_reason": found.stop_reason}

    def gate(self, gate: int) -> dict[str, str]:
        return Gate.objects.filter(pk=gate).values("status", "message").get()

    def enter_worker(self, name: str, queues: list[str], job: int = 0) -> int:
        """A worker that is there, with this job in its hands."""
        now = timezone.now()
        where = {"machine": "here-1", "pid": 4711, "processes": 2}
        worker = rows.Worker.objects.create(name=name, queues=queues, started_at=now, **where)
        Job.objects.filter(pk=job).update(worker=f"{name_prefix(worker)}4712")
        return worker.pk

    def pipeline(self) -> dict[str, int]:
        """A pipeline's run on an agent: one job failed, one runs, one waits."""
        made = fleet.pipeline(self.project, self.owner)
        jobs = {name: getattr(made, name).pk for name in ("failed", "running", "queued")}
        return {"run": made.run.pk, "agent": made.agent.pk, **jobs}

    def report(self, job: int) -> None:
        """The agent that runs this job says that its tests failed."""
        fleet.fail(Job.objects.get(pk=job))

    def agent(self, agent: int) -> dict[str, Any]:
        found = Agent.objects.get(pk=agent)
        held = {"drained": found.draining_at is not None, "paused": found.paused_at is not None}
        return {"note": found.note, "tags": found.tags, **held}

    def operated(self, role: str, worker: int) -> dict[str, Any]:
        queue, row = Queue.objects.get(role=role), rows.Worker.objects.get(pk=worker)
        return {"paused": queue.is_paused, "reason": queue.reason, "drained": row.draining_at is not None}
