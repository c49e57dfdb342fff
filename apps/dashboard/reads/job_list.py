"""The list of jobs: which are asked for, and one page of them for this person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from apps.accounts.models import User
from apps.dashboard.reads.numbers import whole_number
from apps.dashboard.reads.run_list import filter_projects
from apps.fleet import job_list
from apps.fleet.job_list import KINDS, JobPage, Place, read_place
from apps.fleet.models import Agent
from apps.runs.plan.workflows import ROLES
from apps.runs.queries import visible_runs
from apps.runs.states import JobStatus

PAGE = 25
AGENTS_SHOWN = 200
CHOICES = {"": "All", **dict(JobStatus.choices)}


@dataclass(frozen=True)
class Wanted:
    """What the address says, as far as it makes sense."""

    status: str = ""
    role: str = ""
    kind: str = ""
    project: int | None = None
    agent: int | None = None
    text: str = ""
    before: Place | None = None

    @property
    def filtered(self) -> bool:
        return any((self.status, self.role, self.kind, self.project, self.agent, self.text))


def read_wanted(values: Mapping[str, str], user: User) -> Wanted:
    """Which machines there are is for operators; nobody else can ask by agent."""

    def one_of(name: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
        return values.get(name, "") if values.get(name, "") in known else ""

    return Wanted(
        status=one_of("status", CHOICES),
        role=one_of("role", ROLES),
        kind=one_of("kind", KINDS),
        project=whole_number(values.get("project")),
        agent=whole_number(values.get("agent")) if user.is_superuser else None,
        text=values.get("q", "").strip()[:100],
        before=read_place(values.get("before", "")),
    )


def list_jobs(user: User, wanted: Wanted) -> JobPage:
    asked = job_list.Wanted(
        statuses=[wanted.status] if wanted.status else [],
        role=wanted.role,
        kind=wanted.kind,
        project=Q(project=wanted.project) if wanted.project is not None else None,
        agent=wanted.agent,
        text=wanted.text,
        before=wanted.before,
    )
    return job_list.list_jobs(visible_runs(user), asked, PAGE)


def filters_for(user: User) -> dict[str, object]:
    """What there is to choose from."""
    agents = Agent.objects.filter(revoked_at=None).order_by("name", "pk")[:AGENTS_SHOWN] if user.is_superuser else None
    return {"roles": ROLES, "kinds": KINDS, "projects": filter_projects(user), "agents": agents}
