"""The target `docker`: images of the product's own Dockerfile, what their containers may do, names in networks."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import busy
from tests.contract.targets.containers import DockerPlace
from tests.contract.targets.place import checkout, get, wait_for
from workers.deployment.targets.port import Build, Kill, StaleSwitch
from workers.sandbox import Ended, Limits

DOCKERFILE = """# a comment
FROM python:3.11-slim-bookworm AS base
RUN echo made at build > /made.txt \\
    # in the middle
    && mkdir /data && chown 10001 /data
VOLUME /data
EXPOSE 9000
WORKDIR /srv
COPY . .
CMD ["python3", "serve.py"]
"""
SERVE = """
import json, os, socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

def attempt(what):
    try:
        return str(what())
    except OSError as error:
        return type(error).__name__

def status(key):
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith(key))

class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        body = json.dumps({
            "version": Path("version.txt").read_text(), "made": Path("/made.txt").read_text().strip(),
            "uid": os.getuid(), "caps": status("CapBnd"), "no_new_privs": status("NoNewPrivs"),
            "root": attempt(lambda: Path("/srv/x").write_text("x")),
            "tmp": attempt(lambda: Path("/tmp/x").write_text("x")),
            "data": attempt(lambda: Path("/data/x").write_text("x")), "socket": Path("/var/run/docker.sock").exists(),
            "out": attempt(lambda: socket.create_connection(("1.1.1.1", 53), 1)),
            "greeting": os.environ.get("GREETING", ""),
        }).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("listening on", os.environ["PORT"], flush=True)
ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Service).serve_forever()
"""
NAMED = "from urllib.request import urlopen; print(urlopen('http://devsite:9000/', timeout=10).read().decode())"


def product(place: DockerPlace, name: str, dockerfile: str = DOCKERFILE, **values: object) -> Build:
    files = {"Dockerfile": dockerfile, "serve.py": SERVE, "version.txt": name}
    recipe = place.recipe(**({"dockerfile": "Dockerfile"} | values))
    return place.target.build(place.id(name), checkout(files), recipe)


def shown(place: DockerPlace, name: str, generation: int, **values: object) -> str:
    build = product(place, name, **values)
    assert build.ok, build
    return place.show(place.id(name), generation).url


def seen(url: str) -> dict[str, object]:
    status, body = get(url)
    assert status == 200, body
    return json.loads(body)


def test_a_release_of_a_dockerfile_runs_with_everything_taken_away(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "v1", 1, env={"GREETING": "good day"}, limits=Limits(memory_bytes=2**27, processes=50))
    answer = seen(url)
    assert answer.pop("out") in ("OSError", "TimeoutError"), "nothing leads out of its network"
    assert answer == {
        "version": "v1",
        "made": "made at build",
        "uid": 10001,
        "caps": "0" * 16,
        "no_new_privs": "1",
        "root": "OSError",
        "tmp": "1",
        "data": "1",
        "socket": False,
        "greeting": "good day",
    }
    (container,) = engine_place.attributes()
    config = container["HostConfig"]
    assert (config["Privileged"], config["ReadonlyRootfs"], config["CapDrop"]) == (False, True, ["ALL"])
    assert (config["Memory"], config["MemorySwap"], config["PidsLimit"]) == (2**27, 2**27, 50)
    assert config["Binds"] is None
    assert not config["PortBindings"]
    assert config["LogConfig"]["Config"] == {"max-size": "4m", "max-file": "2"}


def test_a_switch_and_a_rollback_keep_address_and_name(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "old", 1)
    assert shown(engine_place, "new", 2) == url
    engine_place.target.stop(engine_place.id("old"))
    assert seen(url)["version"] == "new"
    assert json.loads(engine_place.ask_inside("blog/devsite", NAMED))["version"] == "new"
    engine_place.show(engine_place.id("old"), 3)
    engine_place.target.stop(engine_place.id("new"))
    assert seen(url)["version"] == "old"
    assert json.loads(engine_place.ask_inside("blog/devsite", NAMED))["version"] == "old"


def test_a_release_that_comes_too_late_gets_no_name(engine_place: DockerPlace) -> None:
    assert product(engine_place, "late").ok
    shown(engine_place, "new", 2)
    engine_place.target.start(engine_place.id("late"))
    with pytest.raises(StaleSwitch):
        engine_place.target.switch(engine_place.id("late"), 1)
    assert {json.loads(engine_place.ask_inside("blog/devsite", NAMED))["version"] for _ in range(4)} == {"new"}


def test_nobody_sees_an_error_while_containers_are_switched(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "v0", 1)
    assert product(engine_place, "v1").ok
    answers: list[tuple[int, str]] = []
    over = threading.Event()

    def visit() -> None:
        while not over.is_set():
            answers.append(get(url))

    visitor = threading.Thread(target=visit)
    visitor.start()
    engine_place.show(engine_place.id("v1"), 2)
    engine_place.target.stop(engine_place.id("v0"))
    wait_for(lambda: '"v1"' in answers[-1][1])
    over.set()
    visitor.join()
    assert {status for status, _ in answers} == {200}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("ADD http://169.254.169.254/latest /x", "Dockerfile:3:1 ADD can fetch from other machines"),
        ("COPY --from=evil/image:1 / /", "Dockerfile:3:1 The image 'evil/image:1' is not one that"),
        ("FROM $BASE", "Dockerfile:3:1 FROM takes no variable"),
    ],
)
def test_what_a_dockerfile_may_not_say_is_told_with_its_line(
    engine_place: DockerPlace, line: str, complaint: str
) -> None:
    build = product(engine_place, "r", f"FROM python:3.11-slim-bookworm\n\n{line}\n")
    assert not build.ok
    assert complaint in build.message


def test_an_image_that_may_not_be_pulled_is_told(engine_place: DockerPlace) -> None:
    engine_place.pull = "never"
    engine_place.target = engine_place.another_target()
    build = product(engine_place, "r", "FROM python:no-such-version\n")
    assert not build.ok
    assert "The engine has no image 'python:no-such-version'. HIVE_DOCKER_PULL is `never`" in build.message


def test_a_red_step_is_told_with_its_output(engine_place: DockerPlace) -> None:
    build = product(engine_place, "r", "FROM python:3.11-slim-bookworm\nRUN echo no parser; exit 3\n")
    assert (build.ok, build.ended) == (False, Ended.EXITED)
    assert "returned a non-zero code: 3" in build.message
    assert "no parser" in build.output


def test_a_build_has_no_network(engine_place: DockerPlace) -> None:
    script = "import socket; socket.create_connection(('1.1.1.1', 53), 2)"
    build = product(engine_place, "r", f'FROM python:3.11-slim-bookworm\nRUN python3 -c "{script}"\n')
    assert "Network is unreachable" in build.output


def test_a_build_without_end_is_ended_and_leaves_no_container(engine_place: DockerPlace) -> None:
    dockerfile = "FROM python:3.11-slim-bookworm\nRUN sleep 600\n"
    build = product(engine_place, "r", dockerfile, build_timeout_s=3.0)
    assert (build.ok, build.ended) == (False, Ended.TIMED_OUT)
    wait_for(lambda: not engine_place.containers(), 30)


def test_a_build_is_canceled_from_another_thread(engine_place: DockerPlace) -> None:
    kills: list[Kill] = []
    began = threading.Event()
    files = {"Dockerfile": "FROM python:3.11-slim-bookworm\nRUN echo begun; sleep 600\n"}
    with ThreadPoolExecutor(1) as threads:
        building = threads.submit(
            engine_place.target.build,
            engine_place.id("r"),
            checkout(files),
            engine_place.recipe(dockerfile="Dockerfile"),
            on_output=lambda data: began.set() if b"begun\n" in data else None,
            on_begin=kills.append,
        )
        assert began.wait(60)
        asked = time.monotonic()
        kills[0]("Canceled by ada.")
        build = building.result(60)
        assert time.monotonic() - asked < busy.allowed(5)
    assert (build.ok, build.ended, build.message) == (False, Ended.STOPPED, "Canceled by ada.")
    wait_for(lambda: not engine_place.containers(), 30)


def test_an_image_that_is_too_large_is_refused(engine_place: DockerPlace) -> None:
    build = product(engine_place, "r", build_limits=Limits(disk_bytes=2**20))
    assert "limits.disk allows 1048576" in build.message


def test_prune_takes_images_containers_and_networks_along(engine_place: DockerPlace) -> None:
    url = shown(engine_place, "old", 1)
    shown(engine_place, "new", 2)
    engine_place.target.stop(engine_place.id("old"))
    assert engine_place.target.prune("blog/devsite", keep=[]) == [engine_place.id("old")]
    assert len(engine_place.containers()) == 1
    assert len(engine_place.images()) == 1
    assert len(engine_place.networks()) == 2, "the live release's and the environment's"
    assert seen(url)["version"] == "new"
