"""CI over HTTP: what a pipeline sends, what it hears, and who else hears nothing."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.api.ci_wait import answer_later
from apps.artifacts.models import Artifact
from apps.artifacts.store import store
from apps.artifacts.store.memory import MemoryStore
from apps.runs.models import Queue, Run, Worker
from apps.runs.outcome import done, failed
from apps.runs.services.active import ActiveJob
from apps.runs.services.claim import claim
from apps.runs.services.finish import finish
from apps.runs.states import Reason
from hive import asgi
from tests.conftest import People
from tests.unit.apps.api.conftest import Api, Things

JOB = "name: Tests\ncommands: [make]\n"
KEY = Callable[..., Api]


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr(zipfile.ZipInfo("a.txt"), "hello")
    return held.getvalue()


def send(api: Api, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    """A form, as curl and the Action send it."""
    fields = {"job": SimpleUploadedFile(".hive-ci.yaml", JOB.encode()), "project": "site", **fields}
    form = {name: value for name, value in fields.items() if value is not None}
    return api.client.post("/api/v1/ci/jobs", form, headers=api.headers | (headers or {}))


def packed(data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("p.zip", archive() if data is None else data, "application/zip")


def end(run: Run, outcome: Any = None) -> None:
    row = claim(run.jobs.get().pk, run.epoch, "worker")
    assert row is not None
    finish(ActiveJob(row), outcome or done(), run.epoch)
    from apps.ci.services.settle import settle

    settle(row.pk)


def test_a_form_starts_a_job_on_its_package(with_key: KEY, memory: MemoryStore) -> None:
    response = send(with_key(), package=packed(), source='{"commit": "abc"}')
    assert response.status_code == 201, response.content
    body = response.json()
    run = Run.objects.get(pk=body["id"])
    package = run.artifacts.get(kind=Artifact.Kind.PACKAGE)
    assert (body["title"], body["status"], response["Location"]) == ("Tests", "queued", body["url"])
    assert (package.sha256, package.name) == (hashlib.sha256(archive()).hexdigest(), "package.zip")
    assert (run.submission.file, run.submission.source) == (".hive-ci.yaml", {"commit": "abc"})


def test_json_starts_one_on_a_package_by_its_address(with_key: KEY, people: People, memory: MemoryStore) -> None:
    key = with_key(project_id=people.project.pk, scopes=["jobs:create", "jobs:read"])
    body = key.post("/ci/jobs", {"job": {"commands": ["make"]}, "package_url": "https://example.org/p.zip"}).json()
    assert [cell["key"] for cell in body["cells"]] == ["package", "job"]
    assert body["cells"][1]["waits"]["why"] == "Its package is being fetched."


def test_the_same_request_again_starts_nothing_and_leaves_no_bytes(with_key: KEY, memory: MemoryStore) -> None:
    api, headers = with_key(), {"Idempotency-Key": "once"}
    first, again = (send(api, headers, package=packed()) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert (again["Idempotency-Replayed"], len(list(store().list("packages/")))) == ("true", 1)
    other = send(api, headers, package=packed(b"PK\x03\x04 another"))
    assert other.json()["code"] == "idempotency_key_reused"
    assert (Run.objects.count(), len(list(store().list("packages/")))) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"job": "comands: [a]"}, 422, "Did you mean"),
        ({"job": None}, 422, "job"),
        ({"project": None}, 422, "bound to one"),
        ({"package": packed(b"<html>")}, 422, "zip or a tar.gz"),
        ({"package": packed(), "package_url": "https://example.org/x"}, 422, "not both"),
        ({"package": packed(), "package_sha256": "0" * 64}, 422, "Send it again"),
        ({"package_sha256": "0" * 64}, 422, "no package"),
        ({"package_url": "file:///etc/passwd"}, 422, "https://"),
        ({"source": '{"color": "red"}'}, 422, "Known: repository"),
        ({"source": "{"}, 422, "not JSON"),
        ({"jobb": "x"}, 422, "Did you mean job"),
        ({"job": ["a", "b"]}, 422, "more than once"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(
    with_key: KEY, memory: MemoryStore, fields: dict[str, Any], status: int, said: str
) -> None:
    response = send(with_key(), **fields)
    assert response.status_code == status
    assert said in response.content.decode()
    assert (Run.objects.count(), list(store().list())) == (0, [])


def test_a_problem_of_the_job_file_has_its_line(with_key: KEY, memory: MemoryStore) -> None:
    body = send(with_key(), job="commands: [a]\ntimeout: soon\n").json()
    assert (body["code"], body["problems"][0]["line"], body["problems"][0]["path"]) == ("invalid_job", 2, "timeout")


def test_a_package_beyond_the_limit_is_refused(with_key: KEY, memory: MemoryStore, settings: Any) -> None:
    settings.CI_PACKAGE_BYTES = 50
    assert send(with_key(), package=packed()).status_code == 413


def test_only_who_may_send_packages_has_them_read_at_all(with_key: KEY, settings: Any) -> None:
    def most(api: Api) -> int:
        headers = [(name.lower().encode(), value.encode()) for name, value in api.headers.items()]
        return asgi.largest_submission({"headers": headers})

    small, large = settings.API_MAX_BODY_BYTES, settings.CI_PACKAGE_BYTES + settings.API_MAX_BODY_BYTES
    assert most(with_key(scopes=["jobs:create"])) == large
    for api in (Api(), with_key(scopes=["jobs:read", "runs:write"]), Api(key="hive_00000000_x"), Api(key="nonsense")):
        assert most(api) == small


def test_a_status_says_counts_failures_and_slowest(things: Things, with_key: KEY) -> None:
    failure = {"name": "t.a", "message": "no", "file": "t.py", "line": 3}
    counts = {
        "passed": 2,
        "failed": 1,
        "seconds": 4.0,
        "failures": [failure],
        "slowest": [{"name": "t.b", "seconds": 3}],
    }
    end(things.ci, failed(Reason.TESTS_FAILED, "t.a: no", counts=counts, exit_code=7))
    body = with_key(scopes=["jobs:read"]).get(f"/ci/jobs/{things.ci.pk}/status").json()
    assert (body["status"], body["reason"], body["exit_code"]) == ("failed", "tests_failed", 7)
    assert (body["tests"]["passed"], body["tests"]["failures"]) == (2, [failure])
    assert body["tests"]["slowest"] == [{"name": "t.b", "seconds": 3.0}]


def test_a_worker_that_says_nonsense_breaks_no_status(things: Things, owner: Api) -> None:
    end(things.ci, done(counts={"passed": "many", "failures": ["x", {"line": -1}], "slowest": 5}, exit_code="0"))
    body = owner.get(f"/ci/jobs/{things.ci.pk}/status").json()
    assert (body["status"], body["exit_code"], body["tests"]["passed"]) == ("completed", 0, 0)


def test_a_job_that_waits_says_why(things: Things, owner: Api) -> None:
    def why() -> dict[str, Any]:
        return owner.get(f"/ci/jobs/{things.ci.pk}/status").json()["waits"]

    assert "No worker serves the queue testing" in why()["why"]
    worker = Worker(
        name="build@here", queues=["testing"], machine="m", pid=1, processes=2, started_at=things.ci.created_at
    )
    worker.save()
    assert why() == {"why": "It is the next; 2 worker processes for the queue testing.", "position": 0}
    Run.objects.filter(pk=things.ci.pk).update(priority=6)
    from apps.ci.definition.check import check_data
    from apps.ci.services.submit import submit, wanted

    submit(things.ci.project, wanted(check_data({"commands": ["a"]})), None)
    assert why()["position"] == 1
    paused = {"paused_at": things.ci.created_at, "reason": "new disk"}  # a transactional test takes the row away
    Queue.objects.update_or_create(role="testing", defaults=paused)
    assert why()["why"] == "An operator has paused the queue testing: new disk."


def test_cancel_is_said_at_once_and_after_the_end_it_is_a_conflict(things: Things, with_key: KEY) -> None:
    key = with_key(scopes=["jobs:cancel"])
    first, again = (key.post(f"/ci/jobs/{things.ci.pk}/cancel") for _ in range(2))
    assert [(one.status_code, one.json()["stopping"]) for one in (first, again)] == [(202, True)] * 2
    Run.objects.filter(pk=things.ci.pk).update(status="canceled")
    assert key.post(f"/ci/jobs/{things.ci.pk}/cancel").status_code == 409


def test_a_pipelines_key_reads_its_own_output_and_no_other_runs(things: Things, with_key: KEY) -> None:
    end(things.ci)
    key, job = with_key(scopes=["jobs:read"]), things.ci.jobs.get()
    assert key.get(f"/jobs/{job.pk}").status_code == 200
    assert key.get(f"/jobs/{things.job.pk}").status_code == 404
    assert key.get(f"/jobs/{things.job.pk}/log").status_code == 404
    assert key.get(f"/jobs/{things.job.pk}/log/stream").status_code == 404
    assert key.get(f"/runs/{things.run.pk}/artifacts/{things.artifact.pk}/download").status_code == 404


@pytest.mark.parametrize("method", ["status", "artifacts", "cancel"])
def test_a_run_that_is_no_ci_job_is_not_one(things: Things, owner: Api, method: str) -> None:
    ask = owner.post if method == "cancel" else owner.get
    assert ask(f"/ci/jobs/{things.run.pk}/{method}").status_code == 404


def test_a_key_that_expired_or_was_revoked_is_nobodys(things: Things, with_key: KEY) -> None:
    from django.utils import timezone

    from apps.accounts.keys import revoke_key

    expired, revoked = with_key(expires_at=timezone.now()), with_key()
    revoke_key(revoked.row)  # type: ignore[attr-defined]
    for key in (expired, revoked):
        assert key.get(f"/ci/jobs/{things.ci.pk}/status").status_code == 401


@pytest.mark.parametrize("query", ["wait=x", "wait=61", "wait=-1", "wait=1&after=x", "wait=1&after=" + "9" * 25])
def test_a_wait_that_is_none_is_refused(things: Things, owner: Api, query: str) -> None:
    assert owner.get(f"/ci/jobs/{things.ci.pk}/status?{query}").status_code == 422


def test_a_wait_for_what_has_happened_is_answered_at_once(things: Things, owner: Api) -> None:
    response = owner.get(f"/ci/jobs/{things.ci.pk}/status?wait=30&after=0")
    assert (response.streaming, response.json()["version"] > 0) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_a_wait_is_answered_when_something_happens(things: Things) -> None:
    async def asked() -> Any:
        pieces = answer_later(things.ci.pk, 20, None, lambda: {"status": Run.objects.get(pk=things.ci.pk).status})
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(end, things.ci)
        return json.loads(await asyncio.wait_for(waiting, 20))

    assert asyncio.run(asked()) == {"status": "completed"}


@pytest.mark.django_db(transaction=True)
def test_a_wait_ends_in_time_although_nothing_happens(things: Things) -> None:
    async def asked() -> Any:
        return json.loads(await anext(answer_later(things.ci.pk, 0.5, None, lambda: "now")))

    assert asyncio.run(asked()) == "now"
