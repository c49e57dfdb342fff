"""litellm stays out of every process that calls no model, and at home in those that do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workers.llm.calling.library import max_output, price_of
from workers.llm.endpoint import FREE, Endpoint, Price

ALL_OF_HIVE = """
import sys, hive.preload
for name in ("workers.coding.tasks", "workers.llm.calling", "workers.llm.fake", "workers.llm.port"):
    __import__(name)
late = ("litellm", "openai", "tokenizers", "mcp", "mcp_types")
print(sorted(name for name in sys.modules if name.partition(".")[0] in late))
"""
ALONE = """
import socket
tried = []
def refuse(*where, **more):
    tried.append(where)
    raise OSError("there is no network")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
from workers.llm.calling.library import litellm, price_of
from workers.llm.endpoint import Endpoint
assert price_of(Endpoint("anthropic/claude-sonnet-4-5")).output == 15, price_of(Endpoint("anthropic/claude-sonnet-4-5"))
litellm().acompletion
print(tried)
"""


def run(code: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_importing_hive_imports_neither_litellm_nor_the_sdk_of_mcp(root: Path) -> None:
    assert run(ALL_OF_HIVE, root) == "[]"


def test_importing_litellm_talks_to_nobody(root: Path) -> None:
    assert run(ALONE, root) == "[]"


IN_THE_BACKGROUND = """
import gc, threading
from workers.llm.calling.library import begin, litellm
begin()
known = litellm().model_cost  # whoever needs it sooner waits for it
print(len(known) > 100, gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_it_can_be_imported_in_the_background_and_is_left_out_of_garbage_collections(root: Path) -> None:
    assert run(IN_THE_BACKGROUND, root) == "True True True"


def test_a_configured_price_counts_before_the_table() -> None:
    assert price_of(Endpoint("anthropic/claude-sonnet-4-5", price=Price(1, 2))) == Price(1, 2)


def test_a_local_model_is_free_and_an_unknown_one_has_no_price() -> None:
    assert price_of(Endpoint("ollama/qwen3")) == FREE
    assert price_of(Endpoint("openai/our-own-model", api_base="http://localhost:1/v1")) is None


@pytest.mark.parametrize(
    ("tokens", "cached", "micros"), [((1000, 100), 0, 4500), ((1000, 100), 1000, 1800), ((1, 0), 0, 3)]
)
def test_a_price_is_millionths_per_token(tokens: tuple[int, int], cached: int, micros: int) -> None:
    assert Price(3, 15, 0.3).micros(*tokens, cached) == micros


def test_the_models_own_limit_of_output_is_kept() -> None:
    assert max_output(Endpoint("openai/gpt-4", max_output_tokens=1_000_000)) < 1_000_000
    assert max_output(Endpoint("openai/unheard-of", max_output_tokens=500)) == 500
