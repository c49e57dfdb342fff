"""A visitor per person, and a world with something to see behind every address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings

from apps.accounts.keys import create_key
from apps.accounts.models import User
from apps.memory.services import Author, remember
from apps.projects.mcp_servers import Wanted, set_server
from apps.projects.secrets import put_secret
from apps.runs.models import Gate, Run
from tests.conftest import People
from tests.stories import runs

Visit = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def in_memory_cache() -> Iterator[None]:
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        cache.clear()
        yield


@pytest.fixture
def visit() -> Visit:
    """A browser in which this person is signed in."""

    def as_person(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return as_person


@dataclass(frozen=True)
class World:
    """Numbers of things that exist, by the names that addresses use for them."""

    ids: dict[str, int]
    waiting: Run
    done: Run


@pytest.fixture
def world(people: People) -> World:
    waiting = runs.waiting(people.project, people.owner)
    incident = runs.incident(people.project, people.owner, looks=6)
    done = incident.release.run
    job = done.jobs.latest("pk")
    secret = put_secret(people.project, "TOKEN", "very-secret-value")
    set_server(people.project, "rough", Wanted(["server"]))
    note = remember(people.project, "The port is 8080.", Author(people.owner))
    key = create_key(people.owner, people.project.organisation, "CI").row
    ids = {
        "run_id": waiting.pk,
        "gate_id": Gate.objects.get(run=waiting).pk,
        "job_id": job.pk,
        "release_id": incident.release_id,
        "incident_id": incident.pk,
        "project_id": people.project.pk,
        "secret_id": secret.pk,
        "spec_id": done.spec_version.spec_id if done.spec_version else 0,
        "key_id": key.pk,
        "note_id": note.pk,
        "member_id": people.viewer.memberships.get().pk,
    }
    return World(ids, waiting, done)
