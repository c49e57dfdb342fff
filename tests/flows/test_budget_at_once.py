"""Eight processes spend from one run's budget at once, and never pass it together. On SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.postgres import postgres

AT_ONCE = 8
LIMITS = {"HIVE_BUDGET_TOKENS": "6000", "HIVE_BUDGET_USD": "1", "HIVE_BUDGET_CALLS": "1000"}
MAKE = f"""
import django, json; django.setup()
from apps.accounts.models import Organisation, User
from apps.projects.models import Project
from apps.runs.models import Job, Run
from apps.runs.services import dispatch; dispatch.send = lambda *a, **k: None
from apps.runs.services.claim import claim
from apps.runs.services.start import start_run
org = Organisation.objects.create(name="Ours", slug="ours")
run = start_run(Project.objects.create(organisation=org, slug="site", name="Site"),
    None, User.objects.create_user("owner"), workflow="noop")
jobs = [run.jobs.get()]
jobs += [Job.objects.create(run=run, role="coding", step=f"coding.step{{n}}") for n in range({AT_ONCE - 1})]
assert all(claim(job.pk, run.epoch, "test/1") for job in jobs)
print(json.dumps([job.pk for job in jobs]))
"""
LOOK = """
import django, json; django.setup()
from django.db.models import Sum
from apps.runs.models import ModelCall, Purse
purse = Purse.objects.get(scope="run")
settled = ModelCall.objects.filter(state="settled")
sums = settled.aggregate(a=Sum("input_tokens"), b=Sum("output_tokens"), m=Sum("micros"))
print(json.dumps({"used": purse.used_tokens, "most": purse.max_tokens, "calls": purse.used_calls,
    "held": [purse.held_tokens, purse.held_micros, purse.held_calls], "micros": [purse.used_micros, sums["m"]],
    "booked": sums["a"] + sums["b"], "settled": settled.count()}))
"""


class Place:
    """A Hive's database, and processes that use it."""

    def __init__(self, root: Path, environ: dict[str, str]) -> None:
        self.root = root
        self.environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "hive.settings", **LIMITS, **environ}

    def run(self, *argv: str) -> str:
        done = subprocess.run([sys.executable, *argv], cwd=self.root, env=self.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, job_id: int) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "tests.flows.spender", str(job_id)]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, cwd=self.root, env=self.environ, stdin=pipe, stdout=pipe, text=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, root: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield Place(root, {"HIVE_HOME": str(tmp_path)})
    else:
        with postgres() as server:
            yield Place(root, {"HIVE_HOME": str(tmp_path), "HIVE_DATABASE_URL": server.create("hive")})


def test_eight_processes_never_pass_a_budget_together(place: Place) -> None:
    place.run("manage.py", "migrate", "--verbosity=0")
    jobs = json.loads(place.run("-c", MAKE))
    spenders = [place.start(job_id) for job_id in jobs]
    said = []
    for spender in spenders:
        assert spender.stdout is not None
        assert spender.stdout.readline() == "ready\n"
    for spender in spenders:
        print(file=spender.stdin, flush=True)
    for spender in spenders:
        out, _ = spender.communicate(timeout=120)
        assert spender.returncode == 0
        said.append(out.split())
    assert {limit for limit, _ in said} == {"tokens"}
    assert sum(calls != "0" for _, calls in said) > 1, "only one of them ever got a turn"
    seen = json.loads(place.run("-c", LOOK))
    assert seen["used"] == seen["booked"] <= seen["most"]
    assert seen["used"] > seen["most"] - 100 * AT_ONCE, "they stopped long before the end"
    assert seen["held"] == [0, 0, 0]
    assert seen["calls"] == seen["settled"] == sum(int(calls) for _, calls in said)
    assert seen["micros"][0] == seen["micros"][1]
