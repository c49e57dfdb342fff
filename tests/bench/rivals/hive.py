"""Hive, as `hive up` starts it, with `hive agent run` as its machines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.rivals.queries import Queries
from tests.bench.rivals.side import COMMANDS, Crew, ended_afterwards, until
from tests.flows.real.hive import ROOT, Hive
from tests.servers.postgres import Postgres

PROGRAM = "import sys; from hive.cli.main import main; sys.exit(main(['agent', 'run']))"
SUCCEEDED = "SELECT count(*) FROM runs_run WHERE id = ANY(%s) AND status = 'completed'"
RUNNING = "SELECT 1 FROM runs_job WHERE run_id = %s AND status = 'running'"
OVER = "SELECT 1 FROM runs_job WHERE run_id = %s AND status NOT IN ('queued', 'running')"
CONNECTED = "SELECT count(*) FROM fleet_agent WHERE name LIKE %s AND seen_at > created_at"


class HiveSide:
    """A run per job, submitted as a pipeline does it: POST /api/v1/ci/jobs."""

    name = "hive"
    database = "hive"

    def __init__(self, hive: Hive, postgres: Postgres, folder: Path) -> None:
        self._hive = hive
        self._ask = Queries(postgres.url(self.database))
        self._folder = folder
        self._crews = 0

    @property
    def server(self) -> int:
        return int(self._hive.answer["pid"])

    @contextmanager
    def crew(self, count: int, slots: int) -> Iterator[Crew]:
        self._crews += 1
        token = self._enrolment(count)
        names = [f"crew{self._crews}-{number}" for number in range(count)]
        agents = [self._start(name, slots, token) for name in names]
        with ended_afterwards(agents):
            like = f"crew{self._crews}-%"
            until(lambda: self._ask.one(CONNECTED, like) == count, "the agents do not come", 0.1)
            yield Crew(count, slots, agents)

    def _enrolment(self, count: int) -> str:
        from apps.fleet.services.enrol import create_token

        return create_token(None, "bench", tags=["bench"], most=count).token

    def _start(self, name: str, slots: int, token: str) -> subprocess.Popen[bytes]:
        told = {"server": self._hive.url, "token": token, "name": name, "slots": str(slots)}
        told |= {"home": str(self._folder / name), "sandbox": "process", "min_free_mb": "1"}
        keep = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        environ = {**keep, **{f"HIVE_AGENT_{key.upper()}": value for key, value in told.items()}}
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-c", PROGRAM], env=environ, cwd=ROOT, stdout=log, stderr=log)

    def submit(self, kind: str, crew: Crew) -> int:
        line = COMMANDS[kind][-1] if COMMANDS[kind][0] == "sh" else " ".join(COMMANDS[kind])
        job = {"commands": [line], "runs_on": ["bench"]}
        return int(self._hive.post("ci/jobs", {"project": "bench", "job": job})["id"])

    def ended(self, jobs: Sequence[int]) -> int:
        return int(self._ask.one(SUCCEEDED, list(jobs)))

    def running(self, job: int) -> bool:
        return self._ask.one(RUNNING, job) is not None

    def cancel(self, job: int) -> None:
        self._hive.post(f"ci/jobs/{job}/cancel")

    def over(self, job: int) -> bool:
        return self._ask.one(OVER, job) is not None

    def forget(self, job: int) -> None:
        self.cancel(job)
