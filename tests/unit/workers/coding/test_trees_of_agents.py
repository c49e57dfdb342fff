"""What an agent hands in may be anything: nothing of it is believed."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.fleet.models import Agent
from apps.runs.outcome import JobFailed
from hive.home import Home
from tests.conftest import People
from tests.unit.workers.coding.on_agent import PAGE, agent_of, handed_in, taken_back, waiting
from workers.places import repository_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(people: People, settings: Any) -> Agent:
    settings.SANDBOX = "process"
    return agent_of(people)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"x") -> Callable[[bytes], bytes]:
    """A tree with one more entry in it."""

    def changed(tree: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(tree)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
            for one in old:
                new.addfile(one, old.extractfile(one) if one.isreg() else None)
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
            new.addfile(info, io.BytesIO(data) if info.size else None)
        return out.getvalue()

    return changed


HOSTILE = {
    "above": member("../x"),
    "absolute": member("/etc/cron.d/x"),
    "link out": member("evil", tarfile.SYMTYPE, "/etc/passwd"),
    "link up": member("evil", tarfile.SYMTYPE, "../../outside"),
    "device": member("evil", tarfile.CHRTYPE),
    "pipe": member("evil", tarfile.FIFOTYPE),
    "second name": member("evil", tarfile.LNKTYPE, "/etc/passwd"),
    "case": member("TASKS/site/index.html"),
    "no tar": lambda _: b"nothing of the kind",
    "cut": lambda tree: tree[: len(tree) // 2],
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_tree_is_refused_as_a_whole(
    people: People, home: Home, agent: Agent, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    run = waiting(people, PAGE)
    handed_in(agent, run, tmp_path / "a", change)
    with pytest.raises(JobFailed) as refused:
        taken_back(run)
    assert refused.value.outcome.reason == "bad_package"
    assert refused.value.outcome.message.startswith("What one has handed in was refused.")
    assert f"hive/run-{run.pk}/site" not in repository_of(people.project).branches()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", [".git/hooks/pre-commit", "tasks/.GIT/config", ".git"])
def test_a_repository_in_the_tree_has_no_say(
    people: People, home: Home, agent: Agent, tmp_path: Path, name: str
) -> None:
    run = waiting(people, PAGE)
    handed_in(agent, run, tmp_path / "a", member(name))
    outcome = taken_back(run)
    assert repository_of(people.project).files(outcome.data["commit"]) == ["tasks/site/index.html"]
