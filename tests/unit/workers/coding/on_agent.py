"""Runs whose commands an agent runs, and an agent that does it in a sandbox of this machine."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apps.artifacts.store import store
from apps.fleet.models import Agent
from apps.fleet.order import TREE_NAME
from apps.fleet.services.acknowledge import acknowledge
from apps.fleet.services.enrol import Introduction, create_token, register
from apps.fleet.services.offer import Offer, offer_up_to
from apps.fleet.services.receive_log import Piece, receive_log
from apps.fleet.services.report import Said, report
from apps.fleet.services.uploads import Announced, announce, finish_uploads
from apps.runs.models import Job, Run
from apps.runs.outcome import Outcome
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.finish import finish
from tests.conftest import People
from tests.unit.workers.agent.desk import Remembering
from tests.unit.workers.agent.hands import carry_out
from tests.unit.workers.jobs import held, planned
from workers.coding.packing import pack
from workers.coding.write import write
from workers.places import repository_of

GIVEN = [{"type": "file", "path": "page.in", "content": "<h1>Hello</h1>"}]
PAGE = "sed s/Hello/Goodbye/ page.in > index.html && rm page.in"


def agent_of(people: People) -> Agent:
    token = create_token(people.owner, "t", tags=("gen",))
    return register(token.token, Introduction("one")).agent


def step_on(run: Run) -> None:
    decide_and_prepare(run.pk)
    run.refresh_from_db()


def waiting(people: People, *commands: Any, **more: Any) -> Run:
    """A run whose base is packed, and whose commands wait for an agent."""
    spec = {"commands": list(commands), "inputs": GIVEN, "runs_on": {"coding": ["gen"]}, **more}
    run = planned(people, **spec)
    step_on(run)
    active = held(run, "coding.pack", run.tasks.get())
    outcome = pack(active)
    assert outcome.status == "completed", outcome.message
    finish(active, outcome, run.epoch)
    step_on(run)
    return run


def begin(agent: Agent) -> tuple[Offer, Job]:
    (one,) = offer_up_to(agent, 1)
    return one, acknowledge(agent, one.job_id, one.lease)


def does(agent: Agent, folder: Path) -> tuple[Offer, Remembering, dict[str, Any]]:
    """The agent begins, and runs all in a sandbox of this machine."""
    one, job = begin(agent)
    return one, *carry_out(job, folder)


def upload(agent: Agent, one: Offer, tree: bytes) -> None:
    file = Announced(TREE_NAME, "tree", len(tree), hashlib.sha256(tree).hexdigest())
    (wanted,) = announce(agent, one.job_id, one.lease, [file])
    store().put([tree], wanted.row.store_key)
    assert finish_uploads(agent, one.job_id, one.lease, [wanted.row.pk]) == []


def say(agent: Agent, one: Offer, told: dict[str, Any], printed: bytes = b"") -> Job:
    receive_log(agent, one.job_id, one.lease, Piece(0, printed, is_last=True))
    word = Said(told["reason"], told["message"], told["exit_code"], told["commands"])
    assert report(
        agent,
        one.job_id,
        one.lease,
        Said(**{**word.__dict__, "log_bytes": len(printed), "log_crc32": zlib.crc32(printed)}),
    )
    return Job.objects.get(pk=one.job_id)


def handed_in(agent: Agent, run: Run, folder: Path, change: Callable[[bytes], bytes] = lambda tree: tree) -> Job:
    one, desk, told = does(agent, folder)
    kind, tree = desk.kept[TREE_NAME]
    assert kind == "tree"
    upload(agent, one, change(tree))
    row = say(agent, one, told, desk.printed)
    step_on(run)
    return row


def taken_back(run: Run) -> Outcome:
    return write(held(run, "coding.code", run.tasks.get()))


def content(people: People, outcome: Outcome, path: str) -> str:
    return repository_of(people.project).content(outcome.data["commit"], path, 1000).decode()
