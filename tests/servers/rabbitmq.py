"""A private RabbitMQ: a node of its own in a temporary folder, on a free port of loopback.

    with rabbitmq() as server:
        url = server.url()  # amqp://guest:guest@127.0.0.1:PORT//

`server.stop()`, `server.kill()` and `server.start()` keep port, name and data. It brings its own name server for
Erlang's nodes (epmd), which would otherwise stay behind as a daemon.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import amqp
import pytest

from tests.servers.program import ServerProgram
from tests.servers.redis import free_port

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
log.file.level = warning
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 10MB
raft.wal_max_size_bytes = 16777216
"""


class RabbitMQ(ServerProgram):
    name = "RabbitMQ"
    patience_s = 90.0  # Erlang starts in 4 s; on two cores that are busy, much later
    silent = (OSError, amqp.AMQPError)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "output")
        self.port = free_port()
        self._ports = {"ERL_EPMD_PORT": str(free_port()), "RABBITMQ_DIST_PORT": str(free_port())}
        self._epmd: subprocess.Popen[bytes] | None = None

    def url(self, user: str = "guest", password: str = "guest") -> str:
        return f"amqp://{user}:{password}@127.0.0.1:{self.port}//"

    @property
    def pid(self) -> int | None:
        """Of the node, while it runs."""
        return self._process.pid if self._process else None

    def initialise(self) -> None:
        (self.folder / "rabbitmq.conf").write_text(CONFIGURATION.format(port=self.port))
        (self.folder / "enabled_plugins").write_text("[].")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, _somebody().pw_uid, _somebody().pw_gid)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._epmd is None:
            command = ["epmd", "-address", "127.0.0.1", "-port", self._ports["ERL_EPMD_PORT"]]
            self._epmd = self._begin(command, dies="KILL")
        self._process = self._begin([str(PROGRAM)], dies="TERM")
        self._wait_until_it_answers()

    def stop(self) -> None:
        """As an operator ends it: queues are closed, and what was confirmed is on the disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the node; what was confirmed has to be there at the next start."""
        self._end(signal.SIGKILL)

    def end(self) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(self.patience_s)

    def _begin(self, command: list[str], dies: str) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                [*_as_somebody(dies), *command],
                env=self._environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        """Nothing of the machine's own node: other folders, other name, other ports, other cookie."""
        folder = str(self.folder)
        return {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"hive-{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +SDio 2 +sbwt none -start_epmd false",
            "RUNNING_UNDER_SYSTEMD": "1",  # no shell stays between us and the node
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            **self._ports,
        }

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)
            try:
                self._process.wait(self.patience_s / 3)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(self.patience_s)
                self._process = None

    def _ask(self) -> None:
        with amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=5):
            pass


@contextmanager
def rabbitmq() -> Iterator[RabbitMQ]:
    if not PROGRAM.exists():
        pytest.skip("needs RabbitMQ's server: apt-get install rabbitmq-server")
    folder = Path(tempfile.mkdtemp(prefix="hive-rabbitmq-"))
    server = RabbitMQ(folder)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("rabbitmq")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_somebody(dies: str) -> list[str]:
    """Not root; and it ends with whoever started it. The kernel takes the thread for that: only the main one may."""
    options = ["--pdeathsig", dies] if threading.current_thread() is threading.main_thread() else []
    if os.geteuid() == 0:
        who = _somebody()
        options += [f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"]
    return ["setpriv", *options] if options else []
