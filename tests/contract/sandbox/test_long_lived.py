"""A process that goes on, as a release does: started, reached, logged, stopped."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import OpenSandbox
from tests.contract.sandbox.shell import eventually, new_mark, on_host, run, sh
from workers.sandbox import Ended, Running, Sandbox, SandboxError, open_sandbox

SERVER = ["sh", "-c", 'exec python3 -um http.server --bind 127.0.0.1 "$PORT"']
ECHO = """
import os, socket, threading
def echo(c):
    while data := c.recv(65536):
        c.sendall(data)
    c.close()
server = socket.create_server(('127.0.0.1', int(os.environ['PORT'])), backlog=64)
print('listening', flush=True)
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
"""


def connect(running: Running) -> socket.socket:
    assert running.address is not None
    if running.address[0] == "unix":
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(30)
        client.connect(running.address[1])
        return client
    return socket.create_connection((running.address[1], running.address[2]), 30)


def ask(running: Running) -> bytes:
    """What the server answers; nothing where nobody does."""
    try:
        with connect(running) as client:
            client.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: client.recv(65536), b""))
    except OSError:
        return b""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "release.log"


def test_a_server_is_reached_through_its_address(sandbox: Sandbox, log: Path) -> None:
    sandbox.write("index.html", b"<h1>Hello</h1>")
    running = sandbox.start(SERVER, port=8080, log=log)
    assert eventually(lambda: b"<h1>Hello</h1>" in ask(running))
    assert running.poll() is None
    assert eventually(lambda: "GET /index.html" in log.read_text())


def test_a_server_that_is_stopped_is_gone(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(SERVER, port=8080, log=log)
    assert eventually(lambda: ask(running))
    result = running.stop(5)
    assert result.ended is Ended.STOPPED
    assert running.poll() == running.stop(5) == result
    assert ask(running) == b""


def test_a_server_is_asked_before_it_is_killed(sandbox: Sandbox, log: Path) -> None:
    script = "trap 'echo cleaned up; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    running = sandbox.start(["sh", "-c", script], log=log)
    assert eventually(lambda: "up" in log.read_text())
    assert running.stop(10).exit_code == 0
    assert log.read_text().endswith("cleaned up\n")


def test_a_server_that_ignores_the_request_is_killed(sandbox: Sandbox, log: Path) -> None:
    mark = new_mark()
    running = sandbox.start(["sh", "-c", f"trap '' TERM; echo up; sleep {mark}; sleep {mark}"], log=log)
    assert eventually(lambda: "up" in log.read_text())
    assert running.stop(0.2).ended is Ended.STOPPED
    assert not on_host(mark)


def test_one_that_dies_by_itself_is_seen(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(["sh", "-c", "echo cannot go on; exit 7"], log=log)
    assert eventually(lambda: running.poll() is not None)
    result = running.stop()
    assert (result.exit_code, result.ended, log.read_text()) == (7, Ended.EXITED, "cannot go on\n")


def test_one_that_was_never_there_is_seen(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(["no-such-server"], log=log)
    assert eventually(lambda: running.poll() is not None)
    assert running.stop().exit_code == 127
    assert "no-such-server" in log.read_text()


def test_one_that_takes_too_much_is_ended_and_says_why(open_here: OpenSandbox, log: Path) -> None:
    sandbox = open_here(memory_bytes=150 * 2**20)
    running = sandbox.start(["python3", "-c", "x = []\nwhile True: x.append(bytearray(10**6))"], log=log)
    assert eventually(lambda: running.poll() is not None)
    assert running.stop().ended is Ended.OUT_OF_MEMORY


def test_commands_run_beside_it(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(SERVER, port=8080, log=log)
    assert eventually(lambda: ask(running))
    assert sh(sandbox, "sleep 600", timeout_s=0.3).result.ended is Ended.TIMED_OUT
    assert sh(sandbox, "echo beside").text == "beside\n"
    assert ask(running)


def test_two_servers_live_side_by_side(sandbox: Sandbox, tmp_path: Path) -> None:
    both = [sandbox.start(SERVER, port=port, log=tmp_path / f"{port}.log") for port in (8080, 8081)]
    assert all(eventually(lambda running=running: ask(running)) for running in both)
    both[0].stop()
    assert ask(both[1])


def test_the_same_port_in_two_sandboxes(open_here: OpenSandbox, tmp_path: Path) -> None:
    servers = []
    for name in ("one", "two"):
        sandbox = open_here()
        sandbox.write("index.html", name.encode())
        servers.append(sandbox.start(SERVER, port=8080, log=tmp_path / name))
    assert eventually(lambda: ask(servers[0]).endswith(b"one"))
    assert eventually(lambda: ask(servers[1]).endswith(b"two"))


def test_a_connection_carries_much_in_both_directions(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(["python3", "-c", ECHO], port=8080, log=log)
    assert eventually(lambda: log.exists() and "listening" in log.read_text())
    sent = os.urandom(3_000_000)
    with connect(running) as client:
        client.settimeout(60)
        received = bytearray()
        for start in range(0, len(sent), 100_000):
            client.sendall(sent[start : start + 100_000])
            while len(received) < start + 50_000:
                received += client.recv(65536)
        client.shutdown(socket.SHUT_WR)
        while data := client.recv(65536):
            received += data
    assert bytes(received) == sent


def test_many_connections_at_once(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(["python3", "-c", ECHO], port=8080, log=log)
    assert eventually(lambda: log.exists() and "listening" in log.read_text())
    clients = [connect(running) for _ in range(50)]
    for number, client in enumerate(clients):
        client.sendall(b"%d" % number)
    assert [client.recv(100) for client in clients] == [b"%d" % number for number in range(50)]
    for client in clients:
        client.close()


def test_before_it_listens_nobody_answers(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(["sleep", "600"], port=8080, log=log)
    assert ask(running) == b""
    assert running.poll() is None


def test_the_log_stays_small(sandbox: Sandbox, log: Path) -> None:
    running = sandbox.start(["sh", "-c", "yes 0123456789abcdef | head -c 40000000; echo the end"], log=log)
    assert eventually(lambda: running.poll() is not None)
    assert log.read_text().endswith("the end\n")
    sizes = {path.name: path.stat().st_size for path in log.parent.iterdir()}
    assert set(sizes) == {"release.log", "release.log.1"}
    assert max(sizes.values()) <= 8 * 2**20


def test_leaving_stops_it(kind: str, scratch: Path, log: Path) -> None:
    mark = new_mark()
    with open_sandbox(kind, scratch=scratch, label="leaving") as sandbox:
        running = sandbox.start(["sleep", mark], log=log)
        assert eventually(lambda: on_host(mark))
    assert not on_host(mark)
    result = running.poll()
    assert result is not None
    assert result.ended is Ended.STOPPED


def test_a_killed_sandbox_starts_nothing_more(sandbox: Sandbox, log: Path) -> None:
    sandbox.kill("canceled")
    with pytest.raises(SandboxError):
        sandbox.start(["sleep", "1"], log=log)


def test_only_hives_own_user_reaches_it(bubblewrap: str, open_kind: OpenSandbox, log: Path) -> None:
    running = open_kind(bubblewrap).start(SERVER, port=8080, log=log)
    assert running.address is not None
    assert running.address[0] == "unix"
    assert stat.S_IMODE(Path(running.address[1]).stat().st_mode) == 0o600


def test_with_the_hosts_network_it_gets_a_port_of_its_own(bubblewrap: str, open_kind: OpenSandbox, log: Path) -> None:
    running = open_kind(bubblewrap, network=True).start(SERVER, port=8080, log=log)
    assert running.address is not None
    assert running.address[0] == "tcp"
    assert eventually(lambda: ask(running))


def test_a_run_inside_reaches_it_at_its_port(bubblewrap: str, open_kind: OpenSandbox, log: Path) -> None:
    sandbox = open_kind(bubblewrap)
    running = sandbox.start(SERVER, port=8080, log=log)
    assert eventually(lambda: ask(running))
    fetch = "import urllib.request; print(urllib.request.urlopen('http://localhost:8080/').status)"
    assert run(sandbox, "python3", "-c", fetch).text == "200\n"
