"""Buildbot 4.3 as its packages come, in an environment of its own: a master on PostgreSQL, workers as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.bench.rivals.queries import Queries
from tests.bench.rivals.side import COMMANDS, Crew, ended_afterwards, until
from tests.flows.real.hive import ROOT
from tests.servers.postgres import Postgres
from tests.servers.redis import free_port

PLACE = ROOT / ".venv" / "peers" / "buildbot"
PACKAGES = ("buildbot[bundle]==4.3.0", "buildbot-worker==4.3.0", "psycopg2-binary")
CREWS = ((1, 2), (4, 4))
# A builder has one build at a time on each worker, so there are as many builders as a worker has slots.
CONFIGURATION = """
from buildbot.plugins import schedulers, steps, util, worker

workers, builders = [], []
for count, slots in {crews}:
    names = [f"w{{count}}-{{number}}" for number in range(count)]
    workers += [worker.Worker(name, "secret", max_builds=slots) for name in names]
    for kind, command in {commands}.items():
        factory = util.BuildFactory([steps.ShellCommand(command=command)])
        builders += [
            util.BuilderConfig(name=f"{{kind}}-{{count}}-{{slot}}", workernames=names, factory=factory)
            for slot in range(slots)
        ]
c = BuildmasterConfig = {{
    "workers": workers,
    "builders": builders,
    "schedulers": [schedulers.ForceScheduler(name="force", builderNames=[one.name for one in builders])],
    "protocols": {{"pb": {{"port": "tcp:{worker_port}:interface=127.0.0.1"}}}},
    "www": {{"port": "tcp:{port}:interface=127.0.0.1"}},
    "db": {{"db_url": {database!r}}},
    "collapseRequests": False,
    "buildbotNetUsageData": None,
}}
"""
SUCCEEDED = "SELECT count(*) FROM buildrequests WHERE id = ANY(%s) AND complete = 1 AND results = 0"
BUILD = "SELECT id FROM builds WHERE buildrequestid = %s ORDER BY id LIMIT 1"
# A build has begun before its command has: that runs once the step has a log.
RUNNING = (
    "SELECT 1 FROM builds JOIN steps ON steps.buildid = builds.id JOIN logs ON logs.stepid = steps.id"
    " WHERE buildrequestid = %s AND builds.complete_at IS NULL AND steps.name = 'shell'"
)
OVER = "SELECT 1 FROM builds WHERE buildrequestid = %s AND complete_at IS NOT NULL"


def installed() -> bool:
    """Whether it is there, after an attempt to install it. Says why it is not."""
    try:
        if not (PLACE / "bin" / "buildbot-worker").exists():
            venv.create(PLACE, with_pip=True)
            subprocess.run([PLACE / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"Buildbot is left out: it cannot be installed ({error}).", file=sys.stderr)
        return False
    return True


class BuildbotSide:
    """A build request per job, by the forcing scheduler of its HTTP API."""

    name = "buildbot"
    database = "buildbot"

    def __init__(self, postgres: Postgres, folder: Path, master: subprocess.Popen[bytes], ports: tuple[int, int]):
        self._ask = Queries(postgres.url(self.database))
        self._folder = folder
        self._master = master
        self._port, self._worker_port = ports
        address = f"http://127.0.0.1:{self._port}/api/v2/"
        plain = {"Accept-Encoding": "identity"}  # now and then its compressed answers are not
        self._http = httpx.Client(base_url=address, headers=plain, trust_env=False, timeout=60)
        self._given = 0

    @property
    def server(self) -> int:
        return self._master.pid

    @contextmanager
    def crew(self, count: int, slots: int) -> Iterator[Crew]:
        names = [f"w{count}-{number}" for number in range(count)]
        agents = [self._start(name) for name in names]
        with ended_afterwards(agents):
            until(lambda: self._connected(names), "the workers do not come", 0.1)
            yield Crew(count, slots, agents)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        home = self._folder / name
        if not home.exists():
            _run(["buildbot-worker", "create-worker", home, f"127.0.0.1:{self._worker_port}", name, "secret"])
        return _begin(["buildbot-worker", "start", "--nodaemon", home], self._folder / f"{name}.log")

    def _connected(self, names: Sequence[str]) -> bool:
        found = self._http.get("workers").json()["workers"]
        return all(any(one["name"] == name and one["connected_to"] for one in found) for name in names)

    def submit(self, kind: str, crew: Crew) -> int:
        self._given += 1
        builder = f"{kind}-{crew.count}-{self._given % crew.slots}"
        result = self._call("forceschedulers/force", "force", builderNames=[builder])
        return int(next(iter(result[1].values())))

    def _call(self, path: str, method: str, **params: object) -> list[dict[str, int]]:
        body = {"jsonrpc": "2.0", "method": method, "id": 1, "params": params}
        answer = self._http.post(path, json=body)
        assert answer.is_success, answer.text
        result: list[dict[str, int]] = answer.json()["result"]
        return result

    def ended(self, jobs: Sequence[int]) -> int:
        return int(self._ask.one(SUCCEEDED, list(jobs)))

    def running(self, job: int) -> bool:
        return self._ask.one(RUNNING, job) is not None

    def cancel(self, job: int) -> None:
        self._call(f"builds/{self._ask.one(BUILD, job)}", "stop", reason="bench")

    def over(self, job: int) -> bool:
        return self._ask.one(OVER, job) is not None

    def forget(self, job: int) -> None:
        self._call(f"buildrequests/{job}", "cancel", reason="bench")


@contextmanager
def buildbot(postgres: Postgres, folder: Path) -> Iterator[BuildbotSide]:
    """A master on a new database of this server; everything of it has ended afterwards."""
    url = postgres.create(BuildbotSide.database).replace("postgresql:", "postgresql+psycopg2:")
    home, ports = folder / "master", (free_port(), free_port())
    home.mkdir(parents=True)
    told = {"port": ports[0], "worker_port": ports[1], "crews": CREWS, "commands": COMMANDS, "database": url}
    (home / "master.cfg").write_text(CONFIGURATION.format(**told))
    _run(["buildbot", "create-master", f"--db={url}", home])
    master = _begin(["buildbot", "start", "--nodaemon", home], folder / "master.log")
    with ended_afterwards([master]):
        until(lambda: _answers(ports[0]) or master.poll() is not None, "Buildbot does not start", 0.1)
        if master.poll() is not None:
            raise SystemExit(f"Buildbot has ended: {(home / 'twistd.log').read_text()[-3000:]}")
        yield BuildbotSide(postgres, folder, master, ports)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v2/builders", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _environ() -> dict[str, str]:
    return {"PATH": f"{PLACE / 'bin'}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}


def _run(command: list[str | Path]) -> None:
    subprocess.run(_program(command), env=_environ(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _begin(command: list[str | Path], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(_program(command), env=_environ(), cwd=log.parent, stdout=output, stderr=output)


def _program(command: list[str | Path]) -> list[str | Path]:
    return [PLACE / "bin" / str(command[0]), *command[1:]]
