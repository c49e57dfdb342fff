"""Many agents race for one job, again and again, each in a thread and on a connection of its own, on a real database.

    python -m tests.unit.apps.fleet.racing 10000                  SQLite in a folder of its own
    python -m tests.unit.apps.fleet.racing 10000 --postgresql     a PostgreSQL of its own

Every second round begins with an offer that has expired, whose agent acknowledges it late, while others are offered the
job anew. Prints one JSON object: `wrong` names the rounds in which not exactly one began.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from typing import Any

AGENTS = 6
LATE = timedelta(seconds=60)


class Race:
    """The main thread lays a job down, all agents go for it at once, the main thread looks what came of that."""

    def __init__(self) -> None:
        from apps.fleet.services.enrol import Introduction, create_token, register

        _begin_records()
        token = create_token(None, "racing", tags=["arm"], most=AGENTS).token
        self.agents = [register(token, Introduction(f"a{number}", slots=2)).agent for number in range(AGENTS)]
        self.gate = threading.Barrier(AGENTS + 1)
        self.offers: list[str] = []
        self.begun: list[tuple[int, str]] = []
        self.failures: list[str] = []
        self.late: Any = None
        self.over = False

    def run(self, rounds: int) -> dict[str, Any]:
        threads = [threading.Thread(target=self._agent, args=(number,)) for number in range(AGENTS)]
        for thread in threads:
            thread.start()
        began, wrong, winners, late_wins = time.monotonic(), [], Counter[int](), 0
        for number in range(rounds):
            job = self._round(late=bool(number % 2))
            if problem := self._problem(job, fresh=self.late is None):
                wrong.append(f"round {number}: {problem}")
            winners.update(agent for agent, _ in self.begun)
            late_wins += self.late is not None and [lease for _, lease in self.begun] == [self.late.lease]
        self.over = True
        self.gate.wait()
        took_s = round(time.monotonic() - began, 1)
        return {"rounds": rounds, "wrong": wrong, "winners": len(winners), "late_wins": late_wins, "took_s": took_s}

    def _round(self, *, late: bool) -> int:
        from apps.fleet.models import Assignment
        from apps.fleet.services.offer import offer

        job = _make_job()
        self.offers, self.begun, self.failures = [], [], []
        self.late = offer(self.agents[0], job) if late else None
        if late:
            now = Assignment.objects.get(job=job).offered_at
            Assignment.objects.filter(job=job).update(offered_at=now - LATE, expires_at=now - LATE)
        self.gate.wait()
        self.gate.wait()
        return job

    def _agent(self, number: int) -> None:
        from django.db import connection

        with closing(connection):
            while self.gate.wait() >= 0 and not self.over:
                try:
                    self._go(number)
                except Exception as error:
                    self.failures.append(f"{type(error).__name__}: {error}")
                self.gate.wait()

    def _go(self, number: int) -> None:
        """Half of them ask for themselves, half are served by whoever looks for all who wait."""
        from apps.fleet.services.offer import offer_to_many, offer_up_to

        agent = self.agents[number]
        if number == 0 and self.late is not None:
            self._begin(agent, self.late)
            return
        found = offer_up_to(agent, 1) if number % 2 else (offer_to_many({agent.pk: 1}) or {}).get(agent.pk, [])
        for one in found:
            self.offers.append(one.lease)
            self._begin(agent, one)

    def _begin(self, agent: Any, one: Any) -> None:
        from apps.fleet.services.acknowledge import acknowledge
        from apps.fleet.services.lease import NotYours
        from apps.runs.services.output import LeaseLost

        with suppress(NotYours, LeaseLost):
            acknowledge(agent, one.job_id, one.lease)
            self.begun.append((agent.pk, one.lease))

    def _problem(self, job: int, *, fresh: bool) -> str:
        """What is wrong; the job ends, so that whoever had it is free again."""
        from apps.events import clock
        from apps.fleet.models import Assignment
        from apps.runs.models import Job

        row = Job.objects.get(pk=job)
        Assignment.objects.filter(job=job).update(ended_at=clock.now())
        right = len(self.begun) == 1 and (row.status, row.lease_token) == ("running", self.begun[0][1])
        right = right and not self.failures and len(self.offers) <= 1 and (not fresh or len(self.offers) == 1)
        return "" if right else f"{self.begun=} {self.offers=} {self.failures=} {row.status} {row.lease_token}"


def _begin_records() -> None:
    from django.core.management import call_command

    from apps.accounts.models import Organisation
    from apps.fleet.models import Agent
    from apps.projects.models import Project

    call_command("migrate", verbosity=0)
    assert not Agent.objects.exists()
    organisation = Organisation.objects.create(name="Ours", slug="ours")
    Project.objects.create(organisation=organisation, slug="site", name="Site")


def _make_job() -> int:
    from apps.projects.models import Project
    from apps.runs.models import Job, Run

    run = Run.objects.create(project=Project.objects.get(), workflow="noop", title="A race", epoch=1)
    return Job.objects.create(run=run, role="testing", step="testing.noop", runs_on=["arm"]).pk


def main(options: argparse.Namespace, keep: Callable[[Any], Any]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hive.settings")
    if "HIVE_HOME" not in os.environ:
        os.environ["HIVE_HOME"] = keep(tempfile.TemporaryDirectory(prefix="hive-race-"))
    if options.postgresql:
        from tests.servers.postgres import postgres

        os.environ["HIVE_DATABASE_URL"] = keep(postgres()).create("hive")
    import django

    django.setup()
    logging.disable(logging.WARNING)  # nobody is there to be woken
    from django.db import connection

    with closing(connection):
        print(json.dumps({"database": connection.vendor, **Race().run(options.rounds)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.unit.apps.fleet.racing")
    parser.add_argument("rounds", type=int)
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own, instead of SQLite")
    with ExitStack() as stack:
        main(parser.parse_args(), stack.enter_context)
