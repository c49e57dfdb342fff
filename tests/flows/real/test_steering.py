"""A person at a job of a model, on real processes: speaks to it, pauses it, answers it; it gives a part away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.real.hive import Hive, running, until
from tests.providers import KEY, Provider, calls, scripted
from tests.providers.script import Seen, Talk

pytestmark = pytest.mark.flow

SPEC = """\
id: page
title: Page
engine: model
outputs: [{path: index.html}]
tests: [{run: test -f index.html}]
"""
PAGE = calls("write", path="/workspace/tasks/page/index.html", content="<h1>Hello</h1>\n")
DONE = calls("submit", summary="Done.")


def slowly(talk: Talk, wait_s: float = 4.0) -> Talk:
    """Long enough for a person to do something meanwhile, on a busy machine too."""
    return Talk(talk.text, talk.calls, wait_s=wait_s)


def with_model(home: Path, provider: Provider, **more: str) -> Any:
    base = provider.address("openai")
    return running(home, HIVE_MODEL="openai/scripted-1", HIVE_MODEL_API_KEY=KEY, HIVE_MODEL_API_BASE=base, **more)


def wait_for(hive: Hive, run: int, wanted: Callable[[Any], bool]) -> Any:
    """The first coding job of the run of which this is true."""

    def look() -> Any:
        jobs = [job for job in hive.all(f"runs/{run}/jobs") if job["step"] == "coding.code"]
        return next((job for job in jobs if wanted(job)), None)

    return until(look, 120, lambda: f"no such job: {hive.all(f'runs/{run}/jobs')}")


def test_a_message_and_a_pause_reach_a_job_whose_worker_is_killed(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Talk:
        done = sum(role == "tool" for role, _ in seen.messages)
        return [slowly(calls("shell", command="ls")), PAGE, DONE][done]

    with scripted(answer) as provider, with_model(tmp_path / "home", provider) as hive:
        run = hive.start(spec=SPEC)
        job = wait_for(hive, run, lambda one: one["status"] == "running")
        until(lambda: provider.seen, 60, lambda: "the model is not asked")
        hive.post(f"jobs/{job['id']}/message", {"text": "Make it blue."})
        hive.post(f"jobs/{job['id']}/pause")
        hive.kill("build")
        wait_for(hive, run, lambda one: one["reason"] in ("lost", "paused"))
        assert hive.get(f"runs/{run}")["status"] == "running"
        hive.post(f"jobs/{job['id']}/resume")
        ended = hive.wait(run)
        said = hive.all(f"jobs/{job['id']}/steering")
    assert ended["status"] == "completed", ended["message"]
    assert [one["done_at"] is None for one in said] == [False, False]
    told = [sum("Make it blue." in text for _, text in seen.messages) for seen in provider.seen]
    assert told[-1] == 1
    assert max(told) == 1


def test_one_worker_asks_a_person_and_a_colleague_and_is_killed_meanwhile(tmp_path: Path) -> None:
    def answer(seen: Seen) -> Talk:
        said = [text for role, text in seen.messages if role == "tool"]
        if any("PART-OF-IT" in text for role, text in seen.messages if role == "user"):
            return DONE if said else slowly(PAGE)
        parent = [
            calls("ask", questions=[{"text": "Which colour?", "choices": ["red", "blue"]}]),
            calls("delegate", title="Page", task="PART-OF-IT: write index.html."),
            DONE,
        ]
        return parent[len(said)]

    with scripted(answer) as provider, with_model(tmp_path / "home", provider, HIVE_WORKERS="1") as hive:
        run = hive.start(spec=SPEC)
        wait_for(hive, run, lambda one: one["reason"] == "asked")
        (gate,) = hive.get("gates", run=run)["results"]
        hive.post(f"gates/{gate['id']}/approve", {"answers": ["blue"]})
        wait_for(hive, run, lambda one: one["reason"] == "delegated")
        (child,) = hive.get("runs", parent=run)["results"]
        wait_for(hive, child["id"], lambda one: one["status"] == "running")
        hive.kill("build")
        ended = hive.wait(run)
        children = hive.get("runs", parent=run)["results"]
        usage = hive.get(f"runs/{run}/usage")
    assert ended["status"] == "completed", ended["message"]
    assert [(one["id"], one["cause"], one["status"]) for one in children] == [(child["id"], "delegated", "completed")]
    assert usage["budget"]["calls"]["used"] > usage["total"]["calls"]  # the child's are in the same purse
    assert "1. Which colour?\n   blue" in [text for seen in provider.seen for _, text in seen.messages]
