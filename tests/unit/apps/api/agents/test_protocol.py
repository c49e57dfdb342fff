"""The agents' protocol over HTTP: what each call answers, to whom, and what is refused."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode as b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.fleet.limits import BODY_BYTES
from apps.fleet.models import Agent
from apps.fleet.order import Command, Order
from apps.fleet.orders import ORDERS
from apps.fleet.services.enrol import create_token
from apps.fleet.services.hold import revoke_agent
from apps.runs.models import Job, Run
from apps.runs.services.reap import end_lost
from hive.asgi import largest_body
from tests.conftest import People
from tests.unit.apps.fleet.test_enrol import claims, signed


class Machine:
    """Speaks the protocol as an agent does."""

    def __init__(self, token: str = "") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body or {})
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, f"/api/v1{path}", data, content_type=kind, headers=sent)

    def join(self, enrolment: str, **more: Any) -> dict[str, Any]:
        joined = self.call("POST", "/agent/register", {"token": enrolment, "name": "m", **more}).json()
        self.headers = {"Authorization": f"Bearer {joined['token']}"}
        return joined

    def status(self, job: dict[str, Any], state: str, **more: Any) -> Any:
        return self.call("PUT", f"/jobs/{job['id']}/status", {"lease": job["lease"], "state": state, **more})

    def log(self, job: dict[str, Any], start: int, data: bytes, total: str = "*") -> Any:
        at = f"bytes {start}-{start + len(data) - 1}/{total}"
        return self.call("PATCH", f"/jobs/{job['id']}/log", data, Content_Range=at, Hive_Lease=job["lease"])


@pytest.fixture
def joined(people: People) -> Callable[..., Machine]:
    def make(**more: Any) -> Machine:
        machine = Machine()
        machine.join(create_token(people.owner, "t", tags=["arm"]).token, **more)
        return machine

    return make


@pytest.fixture
def job(people: People, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setitem(ORDERS, "testing.noop", lambda job: Order((Command(("true",)),)))
    run = Run.objects.create(project=people.project, workflow="noop", title="For agents", epoch=1)
    return Job.objects.create(run=run, role="testing", step="testing.noop", runs_on=["arm"])


def begun(machine: Machine) -> dict[str, Any]:
    (found,) = machine.call("GET", "/jobs/next").json()["jobs"]
    assert machine.status(found, "running").status_code == 200
    return found


def test_a_job_goes_from_its_offer_to_its_end(joined: Callable[..., Machine], job: Job) -> None:
    machine = joined()
    (found,) = machine.call("GET", "/jobs/next?capacity=3&agent=999").json()["jobs"]
    order = machine.status(found, "running").json()["order"]
    assert order["commands"][0]["run"] == ["true"]
    sent = machine.log(found, 0, b"hello\n", "6")
    assert (sent.status_code, sent["Range"]) == (202, "bytes=0-5")
    final = {"exit_code": 0, "log": {"bytes": 6, "crc32": zlib.crc32(b"hello\n")}}
    assert machine.status(found, "completed", **final).status_code == 200
    assert machine.status(found, "completed", **final).status_code == 200
    assert Job.objects.get().status == "completed"
    assert machine.call("GET", "/jobs/next").status_code == 204


def test_the_final_word_before_the_output_is_whole_is_not_yet(joined: Callable[..., Machine], job: Job) -> None:
    machine = joined()
    found = begun(machine)
    early = machine.status(found, "completed", log={"bytes": 3, "crc32": 0})
    assert (early.status_code, early.json()["recorded"]) == (202, False)
    gap = machine.log(found, 2, b"c")
    assert (gap.status_code, gap.json()["received"]) == (416, 0)
    machine.log(found, 0, b"a\n")
    gap = machine.log(found, 9, b"c")
    assert (gap.status_code, gap["Range"]) == (416, "bytes=0-1")


def urls(job_id: int) -> list[tuple[str, str, Any, dict[str, str]]]:
    lease = {"lease": "0" * 32}
    return [
        ("PUT", f"/jobs/{job_id}/status", {**lease, "state": "running"}, {}),
        ("PUT", f"/jobs/{job_id}/status", {**lease, "state": "completed"}, {}),
        ("PATCH", f"/jobs/{job_id}/log", b"x", {"Content_Range": "bytes 0-0/*", "Hive_Lease": "0" * 32}),
        ("POST", f"/jobs/{job_id}/artifacts", {**lease, "files": []}, {}),
    ]


def test_for_another_agent_every_address_of_a_job_is_404(joined: Callable[..., Machine], job: Job) -> None:
    found = begun(joined())
    other = joined()
    for method, path, body, headers in urls(job.pk):
        body = {**body, "lease": found["lease"]} if isinstance(body, dict) else body
        headers = {**headers, "Hive_Lease": found["lease"]} if headers else {}
        answer = other.call(method, path, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_old_lease_is_409_at_every_address(joined: Callable[..., Machine], job: Job) -> None:
    machine = joined()
    begun(machine)
    end_lost(Job.objects.get(), "Silent.")
    for method, path, body, headers in urls(job.pk):
        answer = machine.call(method, path, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")


def test_without_a_good_token_every_address_is_401(job: Job, people: People) -> None:
    calls = [*urls(job.pk), ("GET", "/jobs/next", None, {}), ("POST", "/agent/heartbeat", {}, {})]
    for token in ("", "a.b.c"):
        for method, path, body, headers in calls:
            answer = Machine(token).call(method, path, body, **headers)
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("fault", ["expired", "audience", "generation", "unsigned", "revoked"])
def test_nor_with_one_that_is_expired_misdirected_unsigned_or_of_a_revoked_agent(
    joined: Callable[..., Machine], job: Job, fault: str
) -> None:
    joined()
    agent = Agent.objects.get()
    calls = [*urls(job.pk), ("GET", "/jobs/next", None, {}), ("POST", "/agent/heartbeat", {}, {})]
    changes = {"expired": {"exp": 1}, "audience": {"aud": "x"}, "generation": {"gen": 9}}.get(fault, {})
    token = signed(claims(agent, **changes))
    if fault == "unsigned":
        token = ".".join((b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode(), token.split(".")[1], ""))
    if fault == "revoked":
        revoke_agent(agent, None)
    for method, path, body, headers in calls:
        assert Machine(token).call(method, path, body, **headers).status_code == 401


def test_an_agents_token_opens_nothing_else(joined: Callable[..., Machine], job: Job) -> None:
    machine = joined()
    for path in ("/runs", f"/jobs/{job.pk}", f"/jobs/{job.pk}/log", "/admin/workers", "/projects"):
        assert machine.call("GET", path).status_code == 401


def test_an_agent_that_is_too_old_hears_so_until_it_comes_back_with_a_newer_program(people: People) -> None:
    machine = Machine()
    joined = machine.join(create_token(people.owner, "t").token, version="0.0.9")
    said = {"agent_id": joined["agent_id"], "credential": joined["credential"]}

    def told() -> list[str]:
        return [one["command"] for one in machine.call("POST", "/agent/heartbeat", {}).json()["commands"]]

    assert told() == told() == ["upgrade-needed"]
    assert machine.call("POST", "/agent/token", {**said, "version": "0.1.0"}).json()["token"]
    assert told() == []


def test_a_token_is_refreshed_with_the_credential(people: People) -> None:
    machine = Machine()
    joined = machine.join(create_token(people.owner, "t").token)
    assert (joined["protocol"], joined["poll_wait_s"]) == ({"min": 1, "max": 1}, 25)
    said = {"agent_id": joined["agent_id"], "credential": joined["credential"], "version": "9"}
    said["capabilities"] = {"sandboxes": ["docker"]}
    assert machine.call("POST", "/agent/token", said).json()["token"]
    assert (Agent.objects.get().version, Agent.objects.get().matched_tags) == ("9", ["sandbox:docker"])
    said["credential"] = "wrong"
    assert machine.call("POST", "/agent/token", said).status_code == 401


def test_a_heartbeat_tells_of_each_lease(joined: Callable[..., Machine], job: Job) -> None:
    machine = joined()
    found = begun(machine)
    leases = [{"job": found["id"], "lease": found["lease"]}, {"job": 999, "lease": "x"}]
    answer = machine.call("POST", "/agent/heartbeat", {"leases": leases, "load": 0.2}).json()
    assert {one["job"]: one["verdict"] for one in answer["leases"]} == {found["id"]: "ok", 999: "lost"}
    assert answer["interval_s"] == 2.0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/agent/register", {"token": "x", "name": "n", "tags": [f"t{n}" for n in range(10_000)]}, 422),
        ("/agent/register", {"token": "x", "name": "n", "tags": ["x" * 200_000]}, 422),
        ("/agent/register", {"token": "x", "name": "n", "capabilities": {"a": "x" * 10_000}}, 422),
        ("/agent/register", {"token": "x", "name": "n\n"}, 422),
        ("/agent/register", {"token": "x" * 10_000_000, "name": "n"}, 413),
        ("/agent/heartbeat", {"leases": [{"job": 1, "lease": "x"}] * 300}, 422),
        ("/agent/heartbeat", {"leases": "all"}, 422),
        ("/agent/heartbeat", {"load": "x" * (BODY_BYTES + 1)}, 413),
        ("/agent/heartbeat", {"load": float("nan")}, 422),
    ],
)
def test_too_much_and_nonsense_are_refused(joined: Callable[..., Machine], path: str, body: Any, status: int) -> None:
    assert joined().call("POST", path, body).status_code == status


def test_a_huge_heartbeat_is_refused_before_it_is_read() -> None:
    assert largest_body({"method": "POST", "path": "/api/v1/agent/heartbeat"}) == BODY_BYTES


@pytest.mark.parametrize("header", ["", "bytes 0-5/*", "bytes 5-0/*", "bytes */3", "lines 0-0/*"])
def test_a_piece_that_does_not_say_where_it_belongs_is_refused(
    joined: Callable[..., Machine], job: Job, header: str
) -> None:
    machine = joined()
    found = begun(machine)
    path = f"/jobs/{found['id']}/log"
    answer = machine.call("PATCH", path, b"x", Content_Range=header, Hive_Lease=found["lease"])
    assert answer.status_code == 400
