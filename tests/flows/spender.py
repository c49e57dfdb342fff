"""A process that spends from a run's budget until it is used up: `python -m tests.flows.spender JOB_ID`."""

from __future__ import annotations

import random
import sys

import django

django.setup()

from apps.runs.models import Job  # noqa: E402 - Django has to be set up first
from apps.runs.services.active import ActiveJob  # noqa: E402
from apps.runs.spending.explain import Exhausted  # noqa: E402
from apps.runs.spending.spend import Used, release, reserve, settle  # noqa: E402


def spend(job_id: int) -> None:
    job = ActiveJob(Job.objects.select_related("run__project").get(pk=job_id))
    chance = random.Random(job_id)
    print("ready", flush=True)
    sys.stdin.readline()
    calls = 0
    while True:
        try:
            call = reserve(job, "a/b", 100, 1_000)
        except Exhausted as end:
            print(f"{end.limit} {calls}", flush=True)
            return
        if chance.random() < 0.2:
            release(call)
            continue
        used = chance.randint(1, 90)
        settle(call, Used(used, 10, micros=chance.randint(1, 1_000)))
        calls += 1


if __name__ == "__main__":
    spend(int(sys.argv[1]))
