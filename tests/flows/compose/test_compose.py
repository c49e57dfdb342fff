"""The composed Hive: one container per role, real PostgreSQL and Valkey, jobs in bubblewrap inside containers."""

from __future__ import annotations

import io
import json
import tarfile
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.flows.compose.stack import IMAGE, ROOT, Stack, until
from tests.flows.page import follow

pytestmark = [pytest.mark.flow, pytest.mark.compose]

ROLES = ("manager", "coding", "testing", "deployment", "monitoring")
OURS = ("web", "beat", *ROLES, "host", "flower")
SLOW = """
id: slow
title: A job that takes a while
tasks:
  - id: look
    inputs: [{type: template, name: simple-static}]
    outputs: [{path: /workspace/tasks/look/src}]
    tests: [{run: sleep SECONDS}]
deploy: {environment: slow, port: 8091}
"""
PRYING = """
id: prying
title: A job that looks around
tasks:
  - id: look
    inputs: [{type: template, name: simple-static}]
    outputs: [{path: /workspace/tasks/look/src}]
    tests:
      - run: test ! -e /secrets
      - run: test ! -e /var/lib/hive
      - run: sh -c '! cat /proc/*/environ | tr "\\\\0" "\\\\n" | grep -e DATABASE_URL -e requirepass -e HIVE_AGENT'
      - run: sh -c '! getent hosts postgres && ! getent hosts valkey'
      - run: python3 -c "import socket; assert [name for _, name in socket.if_nameindex()] == ['lo']"
      - run: sh -c '! unshare --user true'
deploy: {environment: prying, port: 8090}
"""


def status_of(url: str, credentials: str = "") -> int:
    headers = {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"} if credentials else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_sample_spec_becomes_a_site_that_answers(stack: Stack) -> None:
    ended = json.loads(stack.hive("run", "specs/create-blog.yaml", "--wait", "--json"))
    assert ended["status"] == "completed", ended
    port = ended["release"]["url"].rpartition(":")[2]
    with urllib.request.urlopen(f"http://{stack.address('host')}:{port}/", timeout=10) as page:
        assert b"<html" in page.read()


def test_a_job_sees_no_secret_no_server_and_no_process_of_hives(stack: Stack, tmp_path: Path) -> None:
    spec = tmp_path / "prying.yaml"
    spec.write_text(PRYING)
    ended = json.loads(stack.hive("run", str(spec), "--wait", "--json"))
    assert ended["status"] == "completed", ended


def test_three_workers_for_coding_share_the_work(stack: Stack) -> None:
    stack.compose("up", "-d", "--scale", "coding=3")
    assert len(stack.containers("coding")) == 3
    names = {container.id[:12] for container in stack.containers("coding")}
    assert until(
        lambda: names <= workers(stack, "coding"), 60, lambda: f"{names} in Flower: {workers(stack, 'coding')}"
    )
    ended = json.loads(stack.hive("run", "specs/create-blog.yaml", "--wait", "--json"))
    assert ended["status"] == "completed", ended


def test_an_upgrade_in_the_middle_of_a_job_loses_nothing(stack: Stack) -> None:
    """Every container of Hive's is replaced while a job works; the worker finishes it before it goes."""
    spec = SLOW.replace("SECONDS", "15")
    run_id = api(stack, "runs", {"spec": spec})["id"]
    until(lambda: at_work(stack, run_id), 60, lambda: str(api(stack, f"runs/{run_id}/jobs")))
    stack.compose("up", "-d", "--force-recreate", "--no-deps", "web", "beat", "host", *ROLES)
    stack.wait()
    assert until(lambda: ended(stack, run_id), 120, lambda: str(api(stack, f"runs/{run_id}/jobs"))) == "completed"
    jobs = api(stack, f"runs/{run_id}/jobs")["results"]
    assert {(job["step"], job["attempt"]) for job in jobs if job["attempt"] > 1} == set()


def at_work(stack: Stack, run_id: int) -> bool:
    jobs = api(stack, f"runs/{run_id}/jobs")["results"]
    return any(job["role"] == "testing" and job["status"] == "running" for job in jobs)


def ended(stack: Stack, run_id: int) -> str:
    status = str(api(stack, f"runs/{run_id}")["status"])
    return status if status in ("completed", "failed", "canceled") else ""


def test_a_backup_comes_back_in_a_stack_of_which_nothing_was_left(stack: Stack, tmp_path: Path) -> None:
    run = json.loads(stack.hive("run", "specs/create-blog.yaml", "--wait", "--json"))
    until(lambda: all_kept(stack, run["id"]), 60, lambda: "output and report of the run do not come to the store")
    there = {**stack.environment(), "COMPOSE": " ".join(stack.command), "BACKUP": str(tmp_path / "backup")}
    follow("backup: compose", ROOT, **there)
    artifacts = files_in(tmp_path / "backup" / "artifacts.tar")
    stack.compose("down", "--volumes", "--timeout", "5")
    assert stack.left() == []
    follow("restore: compose", ROOT, timeout_s=300, **there)
    stack.wait()
    assert ended(stack, run["id"]) == "completed"  # with the key of before: the records are back
    follow("backup: compose", ROOT, **{**there, "BACKUP": str(tmp_path / "again")})
    assert artifacts
    assert artifacts.items() <= files_in(tmp_path / "again" / "artifacts.tar").items()
    again = json.loads(stack.hive("run", "specs/create-blog.yaml", "--wait", "--json"))
    assert again["status"] == "completed", again


def all_kept(stack: Stack, run_id: int) -> bool:
    """What is brought to the store while the backup is made has another name there once that came back."""
    names = [one["name"] for one in api(stack, f"runs/{run_id}/artifacts?page_size=100")["results"]]
    jobs = api(stack, f"runs/{run_id}/jobs?page_size=100")["results"]
    return "run-report.json" in names and names.count("output.log") == len(jobs)


def files_in(path: Path) -> dict[str, bytes]:
    """What a tar file holds, by name."""
    with tarfile.open(path) as archive:
        return {entry.name: (archive.extractfile(entry) or io.BytesIO()).read() for entry in archive}


def api(stack: Stack, path: str, body: dict[str, str] | None = None) -> Any:
    """GET, or POST where there is a body."""
    headers = {"Authorization": f"Api-Key {stack.key}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{stack.url}/api/v1/{path}", data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def workers(stack: Stack, role: str) -> set[str]:
    """The machines that serve a role's queue, as Flower sees them."""
    credentials = stack.inside("flower", "cat", "/secrets/flower/auth").strip()
    headers = {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}
    request = urllib.request.Request(f"{stack.flower}/api/workers?refresh=1", headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        known = json.load(answer)
    return {
        name.partition("@")[2]
        for name, seen in known.items()
        if [queue["name"] for queue in seen.get("active_queues", [])] == [role]
    }


def test_flower_asks_for_the_password_that_the_first_start_made(stack: Stack) -> None:
    credentials = stack.inside("flower", "cat", "/secrets/flower/auth").strip()
    assert status_of(f"{stack.flower}/workers") == 401
    assert status_of(f"{stack.flower}/workers", "hive:hive") == 401
    assert status_of(f"{stack.flower}/workers", credentials) == 200


def test_only_web_and_flower_are_published_and_only_to_this_machine(stack: Stack) -> None:
    published = {}
    for container in stack.containers():
        bound = [each for ports in container.ports.values() for each in ports or []]
        if bound:
            published[container.labels["com.docker.compose.service"]] = {each["HostIp"] for each in bound}
    assert published == {"web": {"127.0.0.1"}, "flower": {"127.0.0.1"}}


@pytest.mark.parametrize("service", OURS)
def test_each_part_is_nobody_special_and_can_write_only_where_it_must(stack: Stack, service: str) -> None:
    (container, *_) = stack.containers(service)
    assert container.attrs["HostConfig"]["ReadonlyRootfs"]
    assert not container.attrs["HostConfig"]["Privileged"]
    assert not any("docker.sock" in mount["Source"] for mount in container.attrs["Mounts"])
    _, facts = container.exec_run(["sh", "-c", "id -u; grep -E 'CapEff|NoNewPrivs' /proc/1/status"])
    assert facts.decode().split() == ["10001", "CapEff:", "0" * 16, "NoNewPrivs:", "1"]

    def all_refused() -> bool:
        code, said = container.exec_run(["touch", "/opt/x", "/usr/x", "/etc/x"])
        return code == 1 and said.decode().count("Read-only file system") == 3

    until(all_refused, 10, lambda: f"{service} could write")  # a busy engine has lost what a command said, once


@pytest.mark.parametrize("service", OURS)
def test_each_part_is_found_well(stack: Stack, service: str) -> None:
    def well() -> bool:
        return all(each.attrs["State"]["Health"]["Status"] == "healthy" for each in stack.containers(service))

    until(well, 90, lambda: str([each.attrs["State"]["Health"] for each in stack.containers(service)]))


def test_no_secret_is_shown_by_the_engine_or_lies_in_the_image(stack: Stack) -> None:
    addresses = [stack.inside("web", "cat", f"/secrets/hive/{name}_url") for name in ("database", "broker", "store")]
    passwords = [urlsplit(address).password or "" for address in addresses]
    secrets = {stack.inside("web", "cat", "/secrets/hive/secret_key"), *passwords}
    assert all(len(secret) >= 32 for secret in secrets)
    shown = json.dumps([container.attrs for container in stack.containers(everyone=True)])
    image = stack.client.images.get(IMAGE)
    shown += json.dumps([image.attrs, image.history()])
    assert not [secret for secret in secrets if secret in shown]
    look = "find /secrets /var/lib/hive /opt/hive -type f ( -path /secrets/* -o -path /var/lib/* -o -path */.git/* )"
    assert stack.client.containers.run(IMAGE, look.split(), entrypoint="env", remove=True) == b""


def test_a_part_whose_secrets_are_missing_says_which(stack: Stack) -> None:
    container = stack.client.containers.run(IMAGE, ["web"], detach=True, read_only=True, tmpfs={"/var/lib/hive": ""})
    try:
        assert container.wait(timeout=30)["StatusCode"] == 2
        said = container.logs().decode()
    finally:
        container.remove(force=True)
    assert said.startswith("hive: `hive web` runs beside processes that must agree with it on HIVE_SECRET_KEY, ")
    assert said.count("\n") == 1


def test_a_later_start_keeps_the_secrets_and_the_records(stack: Stack) -> None:
    before = stack.inside("web", "sha256sum", "/secrets/hive/secret_key", "/secrets/hive/database_url")
    stack.compose("run", "--rm", "secrets")
    stack.compose("run", "--rm", "migrate")
    assert stack.inside("web", "sha256sum", "/secrets/hive/secret_key", "/secrets/hive/database_url") == before
    assert json.loads(stack.hive("run", "specs/create-blog.yaml", "--json"))["status"] in ("queued", "running")


def test_the_image_says_which_version_it_is() -> None:
    version = next(line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version"))
    number = version.split('"')[1]
    assert f"ARG VERSION={number}\n" in (ROOT / "Dockerfile").read_text()
    assert f"${{HIVE_VERSION:-{number}}}" in (ROOT / "docker-compose.yml").read_text()
