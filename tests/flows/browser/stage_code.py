"""More that a test may have happen on the site: projects of their own, fetches by a worker, jobs that ask."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.models import Project
from apps.runs.models import Gate, Job, Run
from apps.runs.plan.workflows import CODE, PLAN
from apps.runs.questions import Question
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.ask import Asked, ask_questions
from apps.runs.services.perform import perform
from tests.stories import runs
from workers.coding.fetching import fetch


class CodeStage:
    project: Project
    owner: Any

    def make_project(self, slug: str) -> int:
        return Project.objects.create(organisation=self.project.organisation, slug=slug, name=slug.title()).pk

    def set_mcp_server(self, name: str) -> str:
        place = f"https://a-server-with-a-rather-long-name.example/{'mcp/' * 30}"
        tools = {f"a_tool_with_a_rather_long_name_{number}": "deny" for number in range(9)}
        headers = {"Authorization": "Bearer ${A_SECRET_WITH_A_RATHER_LONG_NAME_FOR_THE_GARDEN}"}
        return set_server(self.project, name, Wanted(url=place, headers=headers, tools=tools)).name

    def trust(self, host: str) -> None:
        """As the operator does with HIVE_GIT_HOSTS."""
        settings.GIT_HOSTS = [host]

    def fetch(self, run: int) -> str:
        """What a worker does with the run's fetch; answers with how it ended."""
        found = Run.objects.get(pk=run)
        decide_and_prepare(run)
        found.refresh_from_db()
        job = found.jobs.get()
        perform(job.pk, found.epoch, fetch)
        job.refresh_from_db()
        return f"{job.status}: {job.message}"

    def ask(self, questions: list[dict[str, Any]]) -> dict[str, int]:
        """A run whose coder wants to know this."""
        worker = runs.begin(self.project, self.owner, runs.BLOG)
        worker.do(PLAN)
        active = worker.take(CODE)
        try:
            ask_questions(active, [Question(one["text"], tuple(one["choices"]), one["required"]) for one in questions])
        except Asked as asked:
            worker.end(active, asked.outcome)
        return {"run": worker.run.pk, "gate": Gate.objects.get(job=active.row).pk}

    def answers(self, gate: int) -> dict[str, Any]:
        """What was answered, and how many jobs go on with it."""
        found = Gate.objects.get(pk=gate)
        again = Job.objects.filter(run=found.run_id, step=CODE).exclude(pk=found.job_id)
        return {"status": found.status, "answers": found.answers, "attempts": again.count()}

    def look(self, run: int) -> None:
        """The manager looks at the run."""
        decide_and_prepare(run)
