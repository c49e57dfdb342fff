"""The conversation with nobody that comes before the first one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from workers.llm.apart.warm import warm

WITH_NOBODY = """
import asyncio, socket
tried = []
def refuse(*where, **more):
    tried.append(where)
    raise OSError("there is no network")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
from workers.llm.apart.late import waiting
from workers.llm.apart.library import litellm
from workers.llm.apart.program import plain
from workers.llm.apart.warm import warm
heard = []
def hear(chunk): heard.append(plain(chunk))
litellm()
before = set(waiting())
asyncio.run(warm(litellm(), hear))
tools = [piece["name"] for chunk in heard for choice in chunk["choices"] for piece in choice["tool_calls"]]
print(tried, tools, heard[-1]["usage"]["prompt_tokens"], bool(before - set(waiting())))
"""


def test_it_is_heard_to_its_end_and_nothing_leaves_the_process(root: Path) -> None:
    command = [sys.executable, "-c", WITH_NOBODY]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[] ['look'] 1 True"


def test_where_it_fails_nobody_is_disturbed() -> None:
    async def refuse(**_: object) -> None:
        raise TypeError("this litellm wants something else")

    asyncio.run(warm(SimpleNamespace(acompletion=refuse), print))
