"""Hive's side: a run with one coding job in a home of its own, and the process that does this job (`worker.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.flows.real.hive import ROOT
from tests.providers.server import KEY, Provider

SPEC = {
    "id": "twenty",
    "title": "Twenty commands",
    "description": "Run twenty commands.",
    "engine": "model",
    "tests": [{"run": "true"}],
}


def prepared(provider: Provider, place: Path) -> object:
    """How to start it, once its records are there; making them is not measured."""
    if _call("hive_side", place, provider).wait():
        raise SystemExit("Hive's side could not be prepared.")
    return lambda provider, place: _call("worker", place, provider)


def step_times(place: Path) -> list[float]:
    """Milliseconds from the end of one tool to the end of the next: the question, its answer, the command, the rows."""
    ends = json.loads((place / "ends.json").read_text())
    return [(after - before) * 1000 for before, after in pairwise(ends)]


def _call(program: str, place: Path, provider: Provider) -> subprocess.Popen[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("HIVE_", "DJANGO_"))}
    environ |= {
        "HIVE_HOME": str(place / "home"),
        "HIVE_BROKER_URL": "memory://",
        "HIVE_MODEL": "openai/scripted",
        "HIVE_MODEL_API_BASE": provider.address("openai"),
        "HIVE_MODEL_API_KEY": KEY,
        "DJANGO_SETTINGS_MODULE": "hive.settings",
    }
    command = [sys.executable, "-m", f"tests.bench.conversation.{program}", str(place)]
    return subprocess.Popen(command, cwd=ROOT, env=environ)


def _prepare() -> None:
    from django.core.management import call_command

    from apps.accounts.models import Organisation
    from apps.projects.models import Project
    from apps.runs.models import Task
    from apps.runs.services.start import start_run
    from apps.specs.services import save
    from apps.specs.validate import check_data
    from tests.unit.workers.jobs import held
    from workers.manager.plan import plan

    call_command("migrate", verbosity=0)
    project = Project.objects.create(organisation=Organisation.objects.create(name="Bench", slug="bench"), slug="bench")
    run = start_run(project, save(project, check_data(SPEC).text, None), None)
    from apps.runs.services.finish import finish

    active = held(run, "manager.plan")
    finish(active, plan(active), 1)
    Task.objects.update(status="assigned")


if __name__ == "__main__":
    import django

    django.setup()
    _prepare()
