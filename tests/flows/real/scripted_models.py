"""A real Hive whose models are scripted: what they say is chosen by the task's title."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

from tests.flows.real.hive import ROOT, Hive, until
from tests.providers import KEY, Provider
from tests.providers.script import Seen, Talk

SECRET = "the-projects-own-secret-41f7"


class Model:
    """Turns per task, by its title: a list, by how many tools have answered, or a function of the request and that
    number. A request that comes again gets the same answer."""

    def __init__(self) -> None:
        self.turns: dict[str, Any] = {}

    def __call__(self, seen: Seen) -> Talk:
        done = sum(role == "tool" for role, _ in seen.messages)
        told = "\n".join(text for role, text in seen.messages if role == "user")
        turns = next(turns for title, turns in self.turns.items() if f": {title}" in told)
        return turns(seen, done) if callable(turns) else turns[min(done, len(turns) - 1)]


World = tuple[Hive, Model, Provider]


def settings_for(provider: Provider) -> dict[str, str]:
    return {
        "HIVE_SANDBOX": "",
        "HIVE_MODEL": "openai/scripted-1",
        "HIVE_MODEL_API_KEY": KEY,
        "HIVE_MODEL_API_BASE": provider.address("openai"),
    }


def job_of(hive: Hive, run_id: int, step: str = "coding.code") -> list[dict[str, Any]]:
    return [job for job in hive.all(f"runs/{run_id}/jobs") if job["step"] == step]


def diff_of(hive: Hive, run_id: int) -> str:
    """What the coding job changed, as its artifact has it."""
    artifact = next(one for one in hive.all(f"runs/{run_id}/artifacts") if one["name"] == "changes.diff")
    return hive.client.get(f"runs/{run_id}/artifacts/{artifact['id']}/download", follow_redirects=True).text


TURNS = """SELECT runs_turn.message, runs_turn.snapshot FROM runs_turn
JOIN runs_task ON runs_task.id = runs_turn.task_id WHERE {} ORDER BY runs_turn.id"""


def kept_turns(hive: Hive, run_id: int) -> str:
    """All that is kept of the conversations of a run, as the database has it."""
    return "\n".join(message for message, _ in _ask(hive, TURNS.format("runs_task.run_id = ?"), run_id))


def await_snapshot(hive: Hive, title: str) -> None:
    """Until the files after a step of this task are kept."""
    kept = TURNS.format("runs_task.title = ? AND runs_turn.snapshot > ''")
    until(lambda: _ask(hive, kept, title), 60, lambda: f"no step of {title} is kept")


def _ask(hive: Hive, query: str, value: Any) -> list[Any]:
    with closing(sqlite3.connect(f"file:{hive.home}/hive.sqlite3?mode=ro", uri=True)) as database:
        return database.execute(query, [value]).fetchall()


GIVE = """
from apps.accounts.models import Organisation
from apps.projects.models import Project
from apps.projects.secrets import put_secret
project, _ = Project.objects.get_or_create(organisation=Organisation.objects.get(), slug={slug!r})
put_secret(project, "TOKEN", {secret!r})
"""


def give_secret(hive: Hive, slug: str) -> None:
    """A project that has a secret, as an operator would give it one in admin."""
    code = GIVE.format(slug=slug, secret=SECRET)
    environ = {"HIVE_HOME": str(hive.home), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "manage.py", "shell", "-v", "0", "-c", code], cwd=ROOT, env=environ, check=True)
