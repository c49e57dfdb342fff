"""Three people and their clients; things of every noun; a store in memory. No server of any kind."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import create_key
from apps.accounts.models import ApiKey, User
from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.ci.definition.check import check_data
from apps.ci.services.submit import submit, wanted
from apps.runs.models import Gate, Job, Run
from apps.runs.outcome import done
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import start_run
from apps.specs.models import SpecVersion
from apps.specs.services import save as save_spec
from tests.conftest import People

SPEC = """\
id: task-001
title: A site
tests:
  - run: ./run-tests.sh
"""


class Api:
    """Asks as one person would: by their session, or by a key."""

    def __init__(self, user: User | None = None, key: str = "") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Api-Key {key}"} if key else {}
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers | kwargs.pop("headers", {}), **kwargs)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        return self.client.post(
            f"/api/v1{path}",
            {} if body is None else body,
            content_type="application/json",
            headers=self.headers | kwargs.pop("headers", {}),
            **kwargs,
        )


@dataclass(frozen=True)
class Things:
    """One of each, all of the owner's organisation. The job has ended; the gate waits."""

    version: SpecVersion
    run: Run
    job: Job
    gate: Gate
    artifact: Artifact
    ci: Run


@pytest.fixture
def memory() -> Iterator[MemoryStore]:
    with installed(found := MemoryStore()):
        yield found


@pytest.fixture
def things(people: People, memory: MemoryStore) -> Things:
    version = save_spec(people.project, SPEC, people.owner)
    run = start_run(people.project, version, people.owner, workflow="noop")
    row = claim(run.jobs.get().pk, run.epoch, "worker")
    assert row is not None
    active = ActiveJob(row)
    active.print("Hällo")
    artifact = save(active, "report.xml", "report", io.BytesIO(b"<testsuite/>"))
    finish(active, done(), run.epoch)
    gate = Gate.objects.create(run=run, name="before_deploy")
    ci = submit(people.project, wanted(check_data({"commands": ["make"]})), people.owner)
    return Things(version, Run.objects.get(pk=run.pk), Job.objects.get(pk=row.pk), gate, artifact, ci)


@pytest.fixture
def owner(people: People) -> Api:
    return Api(people.owner)


@pytest.fixture
def viewer(people: People) -> Api:
    return Api(people.viewer)


@pytest.fixture
def outsider(people: People) -> Api:
    return Api(people.outsider)


@pytest.fixture
def with_key(people: People) -> Callable[..., Api]:
    """A client with a key of the owner's, with these limits (scopes, project_id, expires_at)."""

    def make(**limits: Any) -> Api:
        made = create_key(people.owner, people.project.organisation, "test", **limits)
        api = Api(key=made.key)
        api.row = made.row  # type: ignore[attr-defined]
        return api

    return make


__all__ = ["SPEC", "Api", "ApiKey", "Things"]
