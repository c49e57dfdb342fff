"""A container with network reaches the internet, and neither its machine nor anything private."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import need
from tests.contract.sandbox.shell import py, sh
from tests.servers.docker import PYTHON_IMAGE, engine
from workers.sandbox import Limits, Sandbox, open_sandbox
from workers.sandbox.docker.engine import Engine

OUTSIDE, OUR_SIDE = "203.0.113.2", "203.0.113.1"  # addresses of no network: for documentation (RFC 5737)
METADATA = "169.254.169.254"
FORBIDDEN = "203.0.113.6"
REACH = """
import socket, sys
for address in sys.argv[1:]:
    host, port = address.rsplit(':', 1)
    try:
        print(address, socket.create_connection((host, int(port)), 5).recv(100).decode())
    except OSError as error:
        print(address, 'not reached:', error.__class__.__name__)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def world() -> Iterator[int]:
    """Another machine, made of a network namespace, that answers on a port; this one answers on the same everywhere."""
    need("docker")
    if os.geteuid() != 0:
        pytest.skip("needs root")
    name = f"hive{os.urandom(3).hex()}"
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=greet, args=(server, b"this machine"), daemon=True).start()
        ip("netns", "add", name)
        greeter = None
        try:
            ip("link", "add", f"{name}o", "type", "veth", "peer", "name", f"{name}i", "netns", name)
            ip("address", "add", f"{OUR_SIDE}/29", "dev", f"{name}o")
            ip("link", "set", f"{name}o", "up")
            ip("-n", name, "address", "add", f"{OUTSIDE}/29", "dev", f"{name}i")
            ip("-n", name, "address", "add", f"{FORBIDDEN}/29", "dev", f"{name}i")
            ip("-n", name, "link", "set", f"{name}i", "up")
            ip("address", "add", f"{METADATA}/32", "dev", f"{name}o")
            script = f"import socket\ns = socket.create_server(('', {port}))\nprint('ready', flush=True)\n"
            script += "while True:\n  c = s.accept()[0]\n  c.sendall(b'the internet')\n  c.close()"
            argv = ["ip", "netns", "exec", name, "python3", "-c", script]
            greeter = subprocess.Popen(argv, stdout=subprocess.PIPE)
            assert greeter.stdout is not None
            assert greeter.stdout.readline() == b"ready\n"
            yield port
        finally:
            if greeter:
                greeter.kill()
                greeter.wait()
            subprocess.run(["ip", "link", "delete", f"{name}o"], check=False)
            ip("netns", "delete", name)


def greet(server: socket.socket, words: bytes) -> None:
    while True:
        try:
            visitor, _address = server.accept()
        except OSError:
            return
        visitor.sendall(words)
        visitor.close()


@pytest.fixture
def online(world: int, scratch: Path) -> Iterator[Sandbox]:
    engine = Engine(forbidden=(FORBIDDEN,))
    with open_sandbox("docker", scratch=scratch, label="on", engine=engine, limits=Limits(network=True)) as sandbox:
        yield sandbox


def gateway(sandbox: Sandbox) -> str:
    words = sh(sandbox, "cat /proc/net/route").text.split()
    return socket.inet_ntoa(bytes.fromhex(words[words.index("00000000") + 1])[::-1])


def reach(sandbox: Sandbox, *addresses: str) -> dict[str, str]:
    words = " ".join(addresses)
    seen = sh(sandbox, f"cat >reach.py <<'X'\n{REACH}\nX\npython3 reach.py {words}")
    return dict(line.split(" ", 1) for line in seen.text.splitlines())  # type: ignore[misc]


def test_the_internet_is_reached_and_neither_this_machine_nor_metadata(online: Sandbox, world: int) -> None:
    there = f"{OUTSIDE}:{world}"
    closed = [f"{host}:{world}" for host in (gateway(online), OUR_SIDE, METADATA, FORBIDDEN, "172.17.0.1", "10.0.0.1")]
    said = reach(online, there, *closed)
    assert said.pop(there) == "the internet"
    assert set(said) == set(closed)
    assert all(words.startswith("not reached") for words in said.values()), said


def test_without_that_all_of_it_would_be_reached(world: int) -> None:
    """So the test above can fail: an ordinary container on an ordinary bridge."""
    with engine() as client:
        script = f"{REACH}\n"
        argv = ["python3", "-c", script, f"{OUTSIDE}:{world}", f"{OUR_SIDE}:{world}", f"{METADATA}:{world}"]
        said = client.containers.run(PYTHON_IMAGE, argv, remove=True).decode()
    assert "not reached" not in said
    assert said.count("this machine") == 2


def test_a_job_cannot_open_it_again(online: Sandbox, world: int) -> None:
    script = "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0))\n"
    script += "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)"
    assert "PermissionError" in py(online, script).text
    assert sh(online, "echo 1 > /proc/sys/net/ipv4/ip_forward").result.exit_code != 0


def test_after_it_was_emptied_it_is_closed_again(world: int, scratch: Path) -> None:
    limits = Limits(network=True, memory_bytes=64 * 2**20)
    with open_sandbox("docker", scratch=scratch, label="on", limits=limits) as sandbox:
        assert sh(sandbox, "head -c 200000000 /dev/zero | tail").result.ended == "out_of_memory"
        said = reach(sandbox, f"{gateway(sandbox)}:{world}", f"{OUTSIDE}:{world}")
        assert [words == "the internet" for words in said.values()] == [False, True]


def test_no_network_is_left_when_it_cannot_be_closed(world: int, scratch: Path) -> None:
    """Fails closed: an image without a python3 cannot close it, and no command runs."""
    engine_without = Engine(image="debian:bookworm-slim", installation=f"test-{os.urandom(6).hex()}")
    from workers.sandbox import SandboxError

    with (
        open_sandbox("docker", scratch=scratch, label="on", engine=engine_without, limits=Limits(network=True)) as box,
        pytest.raises(SandboxError, match="closed towards private addresses"),
    ):
        sh(box, "true")
    with engine() as client:
        assert client.networks.list(filters={"label": f"hive.home={engine_without.installation}"}) == []
