"""Caller: whose things exist. Every view of the API starts from one of these querysets; the rest answers 404."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from django.db.models import Model, QuerySet

from apps.accounts.access import may_change, may_manage, visible_organisations
from apps.accounts.models import ApiKey, Organisation, User
from apps.api.problems import Problem
from apps.artifacts.models import Artifact
from apps.artifacts.queries import visible_artifacts
from apps.projects.models import Project
from apps.projects.queries import in_projects, visible_projects
from apps.runs.models import Gate, Job, Run
from apps.runs.queries import visible_gates, visible_jobs, visible_runs
from apps.specs.models import Spec
from apps.specs.queries import visible_to

M = TypeVar("M", bound=Model)


@dataclass
class Caller:
    """A person, or a key that acts for one: within its organisation, and within its project where it names one."""

    user: User
    key: ApiKey | None = None

    def runs(self) -> QuerySet[Run]:
        return self.within(visible_runs(self.user), "project_id")

    def jobs(self) -> QuerySet[Job]:
        return self._of_ci(self.within(visible_jobs(self.user), "run__project_id"))

    def gates(self) -> QuerySet[Gate]:
        return self.within(visible_gates(self.user), "run__project_id")

    def artifacts(self) -> QuerySet[Artifact]:
        return self._of_ci(self.within(visible_artifacts(self.user), "run__project_id"))

    def specs(self) -> QuerySet[Spec]:
        return self.within(visible_to(self.user), "project_id")

    def projects(self) -> QuerySet[Project]:
        found = visible_projects(self.user)
        if self.key is None:
            return found
        found = found.filter(organisation_id=self.key.organisation_id)
        return found.filter(pk=self.key.project_id) if self.key.project_id else found

    def organisations(self) -> QuerySet[Organisation]:
        found = visible_organisations(self.user)
        return found.filter(pk=self.key.organisation_id) if self.key else found

    def may_change(self, organisation_id: int) -> bool:
        """Start, cancel, retry, approve, write specs. The role decides; a key's scopes are looked at before."""
        if organisation_id not in self._changeable:
            self._changeable[organisation_id] = may_change(self.user, organisation_id)
        return self._changeable[organisation_id]

    def require_change(self, organisation_id: int) -> None:
        if not self.may_change(organisation_id):
            detail = "Your role in this organisation lets you look, not change. An owner can give you another one."
            raise Problem(403, "permission_denied", detail)

    def require_manage(self, organisation_id: int) -> None:
        """Members, secrets, policies: for owners."""
        if not may_manage(self.user, organisation_id):
            raise Problem(403, "permission_denied", "Only an owner of the organisation may do this.")

    def has_scope(self, *scopes: str) -> bool:
        """One of these."""
        return self.key is None or not set(scopes).isdisjoint(self.key.scopes)

    def _of_ci(self, rows: QuerySet[M]) -> QuerySet[M]:
        """A pipeline's key (`jobs:read`) reads what pipelines have sent, and no other run's output or files."""
        return rows if self.has_scope("runs:read") else rows.filter(run__workflow="ci")

    @cached_property
    def _changeable(self) -> dict[int, bool]:
        return {}

    def within(self, rows: QuerySet[M], project: str) -> QuerySet[M]:
        """`project` is the lookup of a row's project."""
        if self.key is None:
            return rows
        rows = rows.filter(in_projects(Project.objects.filter(organisation_id=self.key.organisation_id), project))
        return rows.filter(**{project: self.key.project_id}) if self.key.project_id else rows
