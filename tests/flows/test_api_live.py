"""The API on a real web server: many at once, slow clients, large bodies, and Valkey going away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.web.readers import frames
from tests.flows.web.server import Site, running, until

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("api-live")]  # one server for all

MUCH_BYTES = 30_000_000
STALLED = 12  # twice as many as there are threads in the web server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("live") / "home", HIVE_RATE="0/min") as found:
        yield found


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    return site.stage("key")


@pytest.fixture
def api(site: Site, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=auth(key), timeout=60, trust_env=False) as client:
        yield client


def auth(key: str) -> dict[str, str]:
    return {"Authorization": f"Api-Key {key}"}


def readers(site: Site) -> float:
    text = httpx.get(f"{site.url}/metrics", trust_env=False).text
    return float(text.split("\nhive_stream_readers ")[1])


@pytest.fixture(scope="module")
def much(site: Site) -> dict[str, Any]:
    """A run with one job that has printed very much, and one that goes on."""
    made = site.stage("run_with_jobs", 2)
    site.stage("print_much", made["jobs"][0], MUCH_BYTES)
    return made


def test_everything_is_ready(site: Site) -> None:
    answer = httpx.get(f"{site.url}/readyz", trust_env=False)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    style = httpx.get(f"{site.url}/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css", trust_env=False)
    assert (style.status_code, style.headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')


def test_the_same_request_ten_times_at_once_is_one_run(api: httpx.Client) -> None:
    def post(_: int) -> httpx.Response:
        return api.post("/runs", json={"workflow": "noop"}, headers={"Idempotency-Key": "at-once"})

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(post, range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 9
    assert api.get("/runs", params={"project": "noop"}).json()["count"] == 1


def test_ten_specs_at_once_for_a_new_project_agree_on_it(api: httpx.Client) -> None:
    spec = {"id": "fresh", "title": "Fresh", "tests": [{"run": "true"}]}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.post("/runs", json={"spec": spec}), range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert api.get("/projects", params={"slug": "fresh"}).json()["count"] == 1
    assert api.get("/specs", params={"project": "fresh"}).json()["results"][0]["latest"] == 1


@pytest.mark.parametrize("size", [8 * 1024 * 1024 + 1, 20_000_000])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_told_so(api: httpx.Client, size: int, declared: bool) -> None:
    body: Any = b"x" * size if declared else iter([b"x" * 1_000_000] * (size // 1_000_000 + 1))
    answer = api.post("/runs", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_spec_of_two_mebibytes_is_refused_with_its_size(api: httpx.Client) -> None:
    answer = api.post("/runs", json={"spec": "id: x\ntitle: " + "y" * 2_097_152})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_spec")
    assert "MiB" in answer.json()["problems"][0]["message"]


def test_a_large_log_comes_whole_and_in_ranges(api: httpx.Client, much: dict[str, Any]) -> None:
    path = f"/jobs/{much['jobs'][0]}/log"
    whole = api.get(path).content
    assert whole == b"0123456789abcde\n" * (MUCH_BYTES // 16)
    part = api.get(path, headers={"Range": "bytes=1000000-1999999"})
    assert (part.status_code, part.content == whole[1_000_000:2_000_000]) == (206, True)


def test_an_artifact_downloads_by_its_link_without_a_key(api: httpx.Client, much: dict[str, Any]) -> None:
    artifact = api.get(f"/runs/{much['run']}/artifacts").json()["results"][0]
    moved = api.get(artifact["download_url"])
    data = httpx.get(moved.headers["Location"], trust_env=False).content
    assert (moved.status_code, len(data)) == (302, artifact["size_bytes"])


def stall(site: Site, path: str, key: str) -> socket.socket:
    """A client that asks and then does not read."""
    client = socket.create_connection(("127.0.0.1", site.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(f"GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Api-Key {key}\r\n\r\n".encode())
    return client


@pytest.mark.parametrize("what", ["log", "log/stream"])
def test_clients_that_do_not_read_cost_neither_threads_nor_memory(
    site: Site, api: httpx.Client, key: str, much: dict[str, Any], what: str
) -> None:
    api.get("/runs")
    before = site.memory_bytes()
    stalled = [stall(site, f"/jobs/{much['jobs'][0]}/{what}", key) for _ in range(STALLED)]
    try:
        for client in stalled:
            assert client.recv(12) == b"HTTP/1.1 200"
        for _ in range(20):
            assert api.get("/runs").status_code == 200
        assert site.memory_bytes() - before < MUCH_BYTES
    finally:
        for client in stalled:
            client.close()
    until(lambda: readers(site) == 0, "readers that went away are still counted")


def test_a_client_that_goes_away_ends_its_stream(site: Site, api: httpx.Client, much: dict[str, Any]) -> None:
    for path in (f"/runs/{much['run']}/stream", f"/jobs/{much['jobs'][1]}/log/stream"):
        with api.stream("GET", path) as answer:
            pieces = answer.iter_raw()
            next(pieces)
            until(lambda: readers(site) == 1, "the reader is not counted")
        until(lambda: readers(site) == 0, f"{path} goes on without its reader", 60)


def test_an_outsiders_stream_does_not_begin(site: Site, much: dict[str, Any]) -> None:
    answer = httpx.get(f"{site.url}/api/v1/runs/{much['run']}/stream", trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_without_valkey_streams_and_the_api_go_on(tmp_path: Path) -> None:
    import asyncio

    with running(tmp_path / "home") as site:
        key, made = site.stage("key"), site.stage("run_with_jobs", 1)

        async def watch() -> list[int]:
            numbers = []
            path = f"{site.url}/api/v1/runs/{made['run']}/stream?until=end"
            client = httpx.AsyncClient(headers=auth(key), timeout=60, trust_env=False)
            async with client, client.stream("GET", path) as answer:
                async for identity, event, _ in frames(answer):
                    if identity == 1:
                        site.kill("valkey")
                        site.begin("work", made["jobs"][0], 50, 5, 0.1)
                    if event == "activity":
                        numbers.append(identity)
                    if len(numbers) == 5:
                        break
            return numbers

        assert len(asyncio.run(asyncio.wait_for(watch(), 60))) == 5
        answer = httpx.get(f"{site.url}/api/v1/runs", headers=auth(key), trust_env=False)
        assert (answer.status_code, "X-RateLimit-Limit" in answer.headers) == (200, False)
        ready = httpx.get(f"{site.url}/readyz", trust_env=False, timeout=30)
        assert (ready.status_code, ready.json()["parts"]["broker"]["ok"]) == (503, False)
        began = time.monotonic()
        site.start_valkey()
        until(
            lambda: httpx.get(f"{site.url}/readyz", trust_env=False).status_code == 200, "it does not get ready again"
        )
        assert time.monotonic() - began < 30


def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    with running(tmp_path / "home", HIVE_RATE="5/day") as site:
        key, other = site.stage("key"), site.stage("key")

        def ask(with_key: str) -> httpx.Response:
            return httpx.get(f"{site.url}/api/v1/workflows", headers=auth(with_key), trust_env=False)

        answers = [ask(key) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
        assert answers[5].json()["code"] == "throttled"
        assert 0 < int(answers[5].headers["Retry-After"]) <= 24 * 3600 + 1
        assert ask(other).status_code == 200
