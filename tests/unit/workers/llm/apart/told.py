"""A program: all that litellm tells in the four formats, with and without late modules, as one line of JSON.

`python -m tests.unit.workers.llm.apart.told whole|late`
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import nullcontext
from typing import Any

from tests.contract.models.conftest import MODELS
from tests.providers import KEY, Provider, Refuse, Talk, calls, says, scripted
from tests.providers.script import Cut, Garbage
from workers.llm.apart import library
from workers.llm.apart.failed import told
from workers.llm.apart.late import execute, waiting
from workers.llm.apart.program import plain

TALK = Talk("I look.", calls("shell", command="ls").calls, thinking="What is there?")
ANSWERS = (TALK, says("Done."), Refuse(401), Refuse(429, headers={"retry-after": "3"}), Refuse(500), Cut(), Garbage())
SHELL = {"type": "function", "function": {"name": "shell", "parameters": {"type": "object", "properties": {}}}}
HISTORY = [
    {"role": "system", "content": "You work."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "shell", "arguments": "{}"}}]},  # noqa: E501
    {"role": "tool", "tool_call_id": "1", "name": "shell", "content": "README.md"},
]  # fmt: skip


async def _one(asked: dict[str, Any]) -> list[Any]:
    try:
        said = await library.litellm().acompletion(**asked, stream=True, stream_options={"include_usage": True})
        return [plain(chunk) async for chunk in said]
    except Exception as error:
        return [told(error)]


def _conversations(provider: Provider, format: str, model: str) -> list[Any]:
    asked = {"model": model.replace("ollama/", "ollama_chat/"), "tools": [SHELL], "api_key": KEY, "messages": HISTORY}
    asked |= {"api_base": provider.address(format), "max_retries": 0, "num_retries": 0, "max_tokens": 100}

    async def all_of_it() -> list[Any]:
        return [await _one(asked) for _ in ANSWERS]

    return asyncio.run(all_of_it())


def _kinds() -> dict[str, str]:
    """Each name of litellm, and what it is: parts of litellm, imported so far or not, do not count."""
    found = {}
    for name in dir(library.litellm()):
        value = getattr(library.litellm(), name)
        if not name.startswith("__") and type(sys) not in type(value).__mro__:
            found[name] = f"{type(value).__qualname__} {getattr(value, '__qualname__', '')}"
    return found


def main(how: str) -> None:
    if how == "whole":
        library.LATE = ()
        library.building_models_late = library.reading_no_tokenizer = nullcontext  # type: ignore[assignment]
        library.spare_what_nobody_reads = id  # type: ignore[assignment]
    library.litellm()
    before = len(waiting())
    said = {}
    for format, model in MODELS.items():
        with scripted(ANSWERS) as provider:
            said[format] = _conversations(provider, format, model)
            said[f"{format}, asked"] = [[one.key, one.body] for one in provider.seen]
    after = len(waiting())
    kinds = _kinds()
    for name in waiting():
        execute(name)
    text = re.sub(r"127\.0\.0\.1:\d+|call_[-\w]+|\w{8}(-\w{4}){3}-\w{12}", "…", json.dumps(said))
    print(json.dumps({"said": json.loads(text), "kinds": kinds, "before": before, "after": after}))


if __name__ == "__main__":
    main(sys.argv[1])
