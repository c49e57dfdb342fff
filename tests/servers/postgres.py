"""A private PostgreSQL: its own cluster in a temporary folder, on a free port of loopback.

    with postgres() as server:
        url = server.create("hive")  # postgresql://hive@127.0.0.1:PORT/hive

`server.stop()`, `server.kill()` and `server.start()` keep port and data, for tests that take the database away.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.servers.program import ServerProgram

USER = "hive"
# Nothing here outlives the machine; what a test kills is processes, and those lose nothing by this.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal"}
USUAL = {"max_connections": "80", "max_wal_senders": "0", "log_min_messages": "fatal"}


class Postgres(ServerProgram):
    """One server. Its administrator is USER, who needs no password from loopback."""

    name = "PostgreSQL"
    silent = (psycopg2.OperationalError,)

    def __init__(self, folder: Path, programs: Path, settings: dict[str, str]) -> None:
        super().__init__(folder)
        self.data = folder / "data"
        self.port = _free_port()
        self._programs = programs
        self._settings = settings

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new, empty database; its address."""
        self.sql(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def sql(self, statement: str, params: Any = None, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, outside of transactions."""
        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def cut_connections(self, database: str) -> int:
        """End every session of the database, whatever it is doing; how many there were."""
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        return len(self.sql(ended, [database]))

    def initialise(self) -> None:
        options = ["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        self._run([str(self._programs / "initdb"), "-D", str(self.data), *options])

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {**USUAL, **self._settings, "listen_addresses": "127.0.0.1", "port": str(self.port)}
        settings["unix_socket_directories"] = str(self.folder)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # It ends with whoever started it; the kernel takes the thread for that, so only the main one may say so.
        dies = ["--pdeathsig", "QUIT"] if threading.current_thread() is threading.main_thread() else []
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_somebody(dies), str(self._programs / "postgres"), "-D", str(self.data), *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """As `pg_ctl stop -m fast`: sessions are ended, transactions rolled back, everything written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the server and to every session; it recovers from its log at the next start."""
        if self._process is not None:
            top = self._process.pid
            sessions = Path(f"/proc/{top}/task/{top}/children").read_text().split()
            self._end(signal.SIGKILL)
            for pid in sessions:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    def _ask(self) -> None:
        psycopg2.connect(self.url("postgres"), connect_timeout=5).close()

    def _run(self, command: list[str]) -> None:
        done = subprocess.run([*_as_somebody([]), *command], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def postgres(**settings: str) -> Iterator[Postgres]:
    """A running server; `settings` go over the usual ones (fsync="on" where durability is what is tested)."""
    programs = find_programs()
    if programs is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="hive-postgres-"))
    server = Postgres(folder, programs, {**QUICK, **settings})
    try:
        if os.geteuid() == 0:
            os.chown(folder, _somebody().pw_uid, _somebody().pw_gid)
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path | None:
    """The folder of the newest initdb and postgres on this machine."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))
    on_path = shutil.which("initdb")
    folders = [*reversed(versions), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _somebody() -> pwd.struct_passwd:
    """The server refuses to run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_somebody(options: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return ["setpriv", *options] if options else []
    who = _somebody()
    return ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups", *options]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
