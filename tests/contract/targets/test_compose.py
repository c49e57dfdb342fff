"""The target `compose`: several containers as one release, with data that outlives releases."""

from __future__ import annotations

import threading

import pytest

from tests.contract.targets.containers import DockerPlace
from tests.contract.targets.place import checkout, get, wait_for
from tests.servers.docker import engine
from workers.deployment.targets.port import Build
from workers.sandbox import Limits

COMPOSE = """
services:
  web:
    build: {context: ., dockerfile: web.Dockerfile, args: {VERSION: $VERSION}}
    ports: [8000]
    depends_on:
      store: {condition: service_healthy}
      prepare: {condition: service_completed_successfully}
  prepare:
    image: python:3.11-slim-bookworm
    command: ["python3", "-c", "from urllib.request import urlopen; urlopen('http://store:7000/prepared')"]
    depends_on: {store: {condition: service_healthy}}
  store:
    build: {context: store}
    volumes: ["data:/data"]
    mem_limit: 128m
    healthcheck:
      test: ["CMD", "python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7000/health')"]
      interval: 1s
volumes:
  data:
"""
SERVER = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        body = answer(self.path).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def serve(port):
    ThreadingHTTPServer(("0.0.0.0", port), Service).serve_forever()
"""
# Every path that was asked for is kept in /data; `/` tells all of them.
STORE = (
    SERVER
    + """
kept = Path("/data/kept")

def answer(path):
    if path not in ("/", "/health"):
        with kept.open("a") as file:
            file.write(path + "\\n")
    return kept.read_text() if kept.exists() else ""

serve(7000)
"""
)
WEB = (
    SERVER
    + """
def answer(path):
    if path != "/":
        urlopen("http://store:7000" + path, timeout=5).read()
    return os.environ["VERSION"] + " " + urlopen("http://store:7000/", timeout=5).read().decode().replace("\\n", " ")

serve(int(os.environ["PORT"]))
"""
)
FILES = {
    "compose.yaml": COMPOSE,
    "web.Dockerfile": "FROM python:3.11-slim-bookworm\nARG VERSION\nENV VERSION=$VERSION\nCOPY web.py /\n"
    "CMD python3 /web.py\n",
    "web.py": WEB,
    "store/Dockerfile": "FROM python:3.11-slim-bookworm\nRUN mkdir /data && chown 10001 /data\nCOPY store.py /\n"
    'CMD ["python3", "/store.py"]\n',
    "store/store.py": STORE,
}


def built(place: DockerPlace, name: str, files: dict[str, str] | None = None, **values: object) -> Build:
    recipe = place.recipe(**({"environment": "shop", "compose": "compose.yaml", "env": {"VERSION": name}} | values))
    return place.compose.build(place.id(name), checkout({**FILES, **(files or {})}), recipe)


def shown(place: DockerPlace, name: str, generation: int) -> str:
    build = built(place, name)
    assert build.ok, build
    place.compose.start(place.id(name))
    health = place.compose.healthy(place.id(name), within_s=60)
    assert health.ok, f"{health} {place.compose.logs(place.id(name), 5000)!r}"
    return place.compose.switch(place.id(name), generation).url


def test_a_stack_is_switched_and_rolled_back_and_its_data_stays(engine_place: DockerPlace) -> None:
    """One after the other, as a deployment does it: nobody sees an error meanwhile."""
    url = shown(engine_place, "v1", 1)
    assert get(url) == (200, "v1 /prepared ")
    assert get(f"{url}/bought")[0] == 200
    store = started(engine_place, "store")
    answers: set[tuple[int, str]] = set()
    over = threading.Event()

    def visit() -> None:
        while not over.is_set():
            status, body = get(url)
            answers.add((status, body[:2]))

    visitor = threading.Thread(target=visit)
    visitor.start()
    assert shown(engine_place, "v2", 2) == url
    engine_place.compose.stop(engine_place.id("v1"))
    wait_for(lambda: (200, "v2") in answers)
    over.set()
    visitor.join()
    assert answers == {(200, "v1"), (200, "v2")}
    assert get(url) == (200, "v2 /prepared /bought /prepared ")
    assert started(engine_place, "store") == store, "what did not change and keeps data runs on"
    assert len(engine_place.containers(running=True)) == 2, "the web server of v2, and the store that both had"
    engine_place.compose.start(engine_place.id("v1"))
    assert engine_place.compose.healthy(engine_place.id("v1"), within_s=60).ok
    engine_place.compose.switch(engine_place.id("v1"), 3)
    engine_place.compose.stop(engine_place.id("v2"))
    assert get(url)[1].startswith("v1 /prepared /bought")
    engine_place.compose.stop(engine_place.id("v1"))
    assert engine_place.containers(running=True) == [], "the last one to leave stops what was shared"


def started(place: DockerPlace, service: str) -> list[str]:
    return [one["State"]["StartedAt"] for one in place.attributes() if one["Config"]["Hostname"] == service]


def test_services_get_their_share_and_nothing_of_the_machine(engine_place: DockerPlace) -> None:
    assert built(engine_place, "r", limits=Limits(memory_bytes=2**29, processes=90)).ok
    engine_place.compose.start(engine_place.id("r"))
    wait_for(lambda: len(engine_place.attributes()) == 3)
    configs = {one["Config"]["Hostname"]: one["HostConfig"] for one in engine_place.attributes()}
    assert {name: (one["Memory"] >> 20, one["PidsLimit"]) for name, one in configs.items()} == {
        "web": (192, 30),
        "prepare": (192, 30),
        "store": (128, 30),
    }
    for one in configs.values():
        assert (one["Privileged"], one["CapDrop"], one["ReadonlyRootfs"]) == (False, ["ALL"], True)
        assert not one["PortBindings"]
        assert not one["Binds"]
    engine_place.compose.stop(engine_place.id("r"))


def test_a_stack_whose_preparation_fails_is_unhealthy_and_says_so(engine_place: DockerPlace) -> None:
    broken = COMPOSE.replace("/prepared", "/prepared'); raise SystemExit(4)  #")
    assert built(engine_place, "r", {"compose.yaml": broken}).ok
    engine_place.compose.start(engine_place.id("r"))
    health = engine_place.compose.healthy(engine_place.id("r"), within_s=60)
    assert not health.ok
    assert "Service prepare exited with 4." in health.message


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (COMPOSE.replace("mem_limit: 128m", "privileged: true"), "compose.yaml:16:5 services.store.privileged:"),
        (COMPOSE.replace("ports: [8000]", "init: true"), "several services could be what visitors see"),
        (COMPOSE.replace("128m", "64g"), "ask for more (mem_limit) than deploy.limits gives"),
        (COMPOSE.replace("image: python:3.11-slim-bookworm", "image: evil:1"), "is not one that this installation"),
        (COMPOSE.replace("ports: [8000]", 'ports: [8000]\n    volumes: ["data:/x"]'), "must not write the same volume"),
    ],
)
def test_a_file_that_cannot_be_run_is_a_red_build(engine_place: DockerPlace, text: str, complaint: str) -> None:
    build = built(engine_place, "r", {"compose.yaml": text})
    assert not build.ok
    assert complaint in build.message


def test_prune_leaves_the_environments_data(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "v1", 1)
    shown(engine_place, "v2", 2)
    engine_place.compose.stop(engine_place.id("v1"))
    assert engine_place.compose.prune("shop", keep=[]) == [engine_place.id("v1")]
    assert get(url)[1].startswith("v2 /prepared")
    with engine() as client:
        assert len(client.volumes.list(filters=engine_place.mine)) == 1
