"""litellm stays out of every process of Hive's but one, and at home in that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
from workers.llm.apart.library import entry_of, litellm
assert entry_of("anthropic/claude-sonnet-4-5")["output_cost_per_token"] == 15e-6
litellm().acompletion
print(tried)
"""
LEFT_ALONE = """
import gc
from workers.llm.apart.library import litellm
print(len(litellm().model_cost) > 100, gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def run(code: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_importing_hive_imports_neither_litellm_nor_the_sdk_of_mcp(root: Path) -> None:
    assert run(ALL_OF_HIVE, root) == "[]"


def test_importing_litellm_talks_to_nobody(root: Path) -> None:
    assert run(ALONE, root) == "[]"


def test_what_was_imported_is_left_out_of_garbage_collections(root: Path) -> None:
    assert run(LEFT_ALONE, root) == "True True True"
