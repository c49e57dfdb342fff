"""The process that holds litellm: it knows none of Hive's secrets, may die, and does not outlive its worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.providers import KEY, Stall, says, scripted
from workers.llm.apart.failed import Failed
from workers.llm.apart.line import Line, line
from workers.llm.budget import FakeBudget
from workers.llm.calling import CalledModel, Patience
from workers.llm.endpoint import Endpoint
from workers.llm.port import Delta, Message, Role

HELLO = [Message(Role.USER, "Hello")]
LEFT_BEHIND = """
import os, signal
from workers.llm.apart.line import line
print(line().pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_hives_own_settings_are_not_given_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_SECRET_KEY", "of-hive-alone")
    monkeypatch.setenv("AWS_REGION", "of-a-provider")
    own = Line()
    given = Path(f"/proc/{own.pid}/environ").read_bytes()
    os.kill(own.pid, signal.SIGKILL)
    assert b"of-a-provider" in given
    assert b"of-hive-alone" not in given


def test_one_that_dies_is_replaced_and_the_call_is_made_again() -> None:
    with scripted([Stall(), says("Hello to you.")]) as provider:
        endpoint = Endpoint("openai/scripted-1", KEY, provider.address("openai"))
        budget = FakeBudget()
        model = CalledModel([endpoint], budget, patience=Patience(attempts=3, first_wait_s=0.02))
        dead = line().pid

        def kill(_: Delta) -> None:
            if line().pid == dead:
                os.kill(dead, signal.SIGKILL)

        assert model.reply(HELLO, on_delta=kill).text == "Hello to you."
        assert line().pid != dead


def test_whoever_waits_hears_that_it_has_died() -> None:
    own = Line()
    asked = own.ask(entry="openai/gpt-4")
    os.kill(own.pid, signal.SIGKILL)
    assert isinstance(asked.get(20), Failed)
    assert isinstance(own.ask(entry="openai/gpt-4").get(20), Failed)


def test_it_ends_with_the_worker_that_started_it(root: Path) -> None:
    worker = subprocess.run([sys.executable, "-c", LEFT_BEHIND], cwd=root, capture_output=True, text=True, timeout=60)
    assert worker.returncode == -signal.SIGKILL
    left = Path(f"/proc/{int(worker.stdout)}/cmdline")
    patience = time.monotonic() + 60
    while left.exists() and b"apart.program" in left.read_bytes():  # a zombie has no words of its own
        assert time.monotonic() < patience, "The process that holds litellm is still there."
        time.sleep(0.1)


def test_a_worker_that_calls_a_model_has_no_litellm_of_its_own() -> None:
    line().entry("openai/gpt-4")
    assert "litellm" not in sys.modules
