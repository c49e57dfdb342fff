"""Three people and their clients; things of every noun; a store in memory. No server of any kind."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.keys import create_key
from apps.accounts.models import ApiKey, User
from apps.artifacts.models import Artifact
from apps.artifacts.services.save import save
from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.ci.definition.check import check_data
from apps.ci.services.submit import submit, wanted
from apps.projects.code import Person, Write
from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.models import Checkout
from apps.runs.models import Gate, Job, Run
from apps.runs.outcome import done
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.services.start import start_run
from apps.specs.models import SpecVersion
from apps.specs.services import save as save_spec
from hive.home import Home
from tests.conftest import People
from workers.code.repository import GitCode
from workers.repo.repository import Repository

SPEC = """\
id: task-001
title: A site
tests:
  - run: ./run-tests.sh
"""


README = "568042f32a1717942c9e50c0dca91b62476eb3c6"  # the etag of `A site` and a line break
CHECKOUT = 1001  # a number that no test reaches by counting


@dataclass(frozen=True)
class History:
    """A repository, and the commit of its branch main."""

    path: Path
    commit: str


class Api:
    """Asks as one person would: by their session, or by a key."""

    def __init__(self, user: User | None = None, key: str = "") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Api-Key {key}"} if key else {}
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers | kwargs.pop("headers", {}), **kwargs)

    def ask(self, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
        """Any method; a body that is bytes is sent as it is, anything else as JSON."""
        raw = isinstance(body, bytes)
        kind = "application/octet-stream" if raw else "application/json"
        data = (
            {} if method in ("GET", "HEAD") else {"data": body if raw else json.dumps(body or {}), "content_type": kind}
        )
        return self.client.generic(method, f"/api/v1{path}", headers=self.headers | (headers or {}), **data)

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


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A repository with a file on its branches main and work, and a checkout in which something was added."""
    repository = Repository(tmp_path_factory.mktemp("history") / "site.git")
    repository.ensure()
    code = GitCode(repository)
    commit, etag = code.write("main", "", Write("README", b"A site\n", ""), "Begin", Person("Ada"))
    assert etag == README
    code.make_branch("work", "main")
    desk = code.desk(str(CHECKOUT), "work")
    desk.write(Write("added", b"1\n", ""))
    desk.add([])
    return History(repository.path, commit)


@pytest.fixture
def coded(people: People, history: History, tmp_path: Path, settings: Any) -> History:
    """The project's repository, in a home of the test's own; it has an origin too."""
    settings.HOME = Home(tmp_path / "home")
    shutil.copytree(history.path, settings.HOME.repositories / f"{people.project.pk}.git")
    people.project.origin_url = "https://forge.example/site.git"
    people.project.origin_seen_at = timezone.now()
    people.project.default_branch = "main"
    people.project.save()
    Checkout.objects.create(pk=CHECKOUT, project=people.project, branch="work", created_by=people.owner)
    return history


@pytest.fixture
def memory() -> Iterator[MemoryStore]:
    with installed(found := MemoryStore()):
        yield found


@pytest.fixture
def things(people: People, memory: MemoryStore, coded: History) -> Things:
    version = save_spec(people.project, SPEC, people.owner)
    set_server(people.project, "noop", Wanted(command=["server"]))
    run = start_run(people.project, version, people.owner, workflow="noop")
    row = claim(run.jobs.get().pk, run.epoch, "worker")
    assert row is not None
    active = ActiveJob(row)
    active.print("Hällo")
    artifact = save(active, "report.xml", "report", io.BytesIO(b"<testsuite/>"))
    finish(active, done(), run.epoch)
    gate = Gate.objects.create(run=run, name="before_deploy")
    ci = submit(people.project, wanted(check_data({"commands": ["make"]})), people.owner)
    Run.objects.filter(pk=run.pk).update(base_commit=coded.commit, commit=coded.commit)
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
