"""Containers whose limits let them out: to the internet, and to nothing private, from their first moment."""

from __future__ import annotations

import json

from tests.contract.targets.containers import DockerPlace
from tests.contract.targets.place import checkout, get, wait_for
from tests.servers.docker import engine
from workers.sandbox import Limits

OUT = Limits(network=True, memory_bytes=2**28)
# What a container sees of these; and the errors that it got in its very first moment.
LOOK = """
import errno, socket, struct

def attempt(host):
    try:
        socket.create_connection((host, 80), 3).close()
        return "connected"
    except OSError as error:
        return errno.errorcode.get(error.errno, "timeout")

def gateway():
    for line in open("/proc/net/route").read().splitlines()[1:]:
        words = line.split()
        if words[1] == "00000000":
            return socket.inet_ntoa(struct.pack("<I", int(words[2], 16)))

seen = {"metadata": attempt("169.254.169.254"), "neighbour": attempt("10.1.2.3"), "machine": attempt(gateway())}
"""
CLOSED = {"metadata": "EHOSTUNREACH", "neighbour": "EHOSTUNREACH", "machine": "EHOSTUNREACH"}
SERVE = (
    LOOK
    + """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Service).serve_forever()
"""
)
NAMED = "from urllib.request import urlopen; print(urlopen('http://devsite:{port}/', timeout=10).read().decode())"


def shown(place: DockerPlace, name: str, generation: int) -> str:
    recipe = place.recipe(command=("python3", "serve.py"), limits=OUT)
    build = place.target.build(place.id(name), checkout({"serve.py": SERVE}), recipe)
    assert build.ok, build
    return place.show(place.id(name), generation).url


def test_nothing_private_is_reached_not_even_by_the_first_command(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "r", 1)
    assert json.loads(get(url)[1]) == CLOSED
    engine_place.target.restart(engine_place.id("r"))
    assert engine_place.target.healthy(engine_place.id("r"), within_s=30).ok
    assert json.loads(get(url)[1]) == CLOSED


def test_it_has_its_name_dies_is_restarted_and_removed_as_others(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "old", 1)
    assert json.loads(engine_place.ask_inside("blog/devsite", NAMED.format(port=engine_place.port))) == CLOSED
    engine_place.kill(engine_place.id("old"))
    wait_for(lambda: not engine_place.target.look(engine_place.id("old")).running)
    assert engine_place.target.look(engine_place.id("old")).exit_code == 3
    engine_place.target.restart(engine_place.id("old"))
    wait_for(lambda: get(url)[0] == 200)
    assert shown(engine_place, "new", 2) == url
    engine_place.target.stop(engine_place.id("old"))
    assert engine_place.target.prune("blog/devsite", keep=[]) == [engine_place.id("old")]
    assert len(engine_place.containers()) == 2, "the new one and its way out"
    assert len(engine_place.networks()) == 3, "its own, its way out, the environment's"


def test_a_build_that_is_let_out_reaches_nothing_private_and_leaves_nothing(engine_place: DockerPlace) -> None:
    files = {"Dockerfile": "FROM python:3.11-slim-bookworm\nCOPY . /\nRUN python3 /look.py\n", "look.py": LOOK}
    files["look.py"] += "print('seen', seen, flush=True)\n"
    recipe = engine_place.recipe(dockerfile="Dockerfile", limits=OUT, build_limits=OUT)
    printed = bytearray()
    build = engine_place.target.build(engine_place.id("r"), checkout(files), recipe, on_output=printed.extend)
    assert build.ok, build
    assert f"seen {CLOSED}" in printed.decode()
    assert (engine_place.containers(), engine_place.networks()) == ([], [])


def test_data_stays_inside(engine_place: DockerPlace) -> None:
    compose = (
        "services:\n  web:\n    image: python:3.11-slim-bookworm\n    command: python3 -m http.server 8000\n"
        "    ports: [8000]\n    tmpfs: /srv\n    working_dir: /srv\n"
        "  store:\n    image: python:3.11-slim-bookworm\n    command: sleep 600\n    volumes: ['data:/data']\n"
        "volumes: {data: }\n"
    )
    recipe = engine_place.recipe(environment="shop", compose="compose.yaml", limits=OUT, build_limits=OUT)
    release = engine_place.id("r")
    assert engine_place.compose.build(release, checkout({"compose.yaml": compose}), recipe).ok
    engine_place.compose.start(release)
    health = engine_place.compose.healthy(release, within_s=30)
    assert health.ok, health
    with engine() as client:
        store = client.containers.get(f"hive-{engine_place.installation}-shop-store")
        networks = [client.networks.get(name) for name in store.attrs["NetworkSettings"]["Networks"]]
    assert [network.attrs["Internal"] for network in networks] == [True]
    engine_place.compose.stop(release)
    assert engine_place.containers(running=True) == []
