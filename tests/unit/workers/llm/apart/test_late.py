"""Modules that are executed when they are touched, on a small library of the test's own and on litellm."""

from __future__ import annotations

import importlib
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from workers.llm.apart.late import late, waiting

HEAVY = """
LIMIT = 7
class Trouble(Exception): ...
class HeavyError(Exception): ...
class Tool:
    kind = "hammer"
    def __init__(self, name="tool"): self.name = name
def work(): return "done"
names = ["a", "b"]
"""
names = (f"library{number}" for number in itertools.count())

Load = Callable[[str], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """load(code): a package `…` with this code, that has a module `heavy` which is late while it is imported."""
    monkeypatch.syspath_prepend(tmp_path)
    made = next(names)

    def load(code: str) -> ModuleType:
        (tmp_path / made).mkdir()
        (tmp_path / made / "__init__.py").write_text(code)
        (tmp_path / made / "heavy.py").write_text(HEAVY)
        importlib.invalidate_caches()
        with late([f"{made}.heavy"]):
            return importlib.import_module(made)

    yield load
    for name in [name for name in sys.modules if name.partition(".")[0] == made]:
        del sys.modules[name]


def is_late(library: ModuleType) -> bool:
    return f"{library.__name__}.heavy" in waiting()


def test_what_is_only_an_annotation_executes_nothing(load: Load) -> None:
    library = load("from .heavy import Tool, work\ndef f(x: Tool | None, y: list[work]) -> Tool: ...")
    assert is_late(library)


@pytest.mark.parametrize(
    ("names", "use"),
    [
        ("Tool", 'Tool("saw").name == "saw"'),
        ("Tool", 'Tool.kind == "hammer"'),
        ("Tool", "not isinstance(3, Tool)"),
        ("work", 'work() == "done"'),
        ("names", 'list(names) == ["a", "b"] and len(names) == 2 and "a" in names and names[0] == "a"'),
    ],
)
def test_whoever_uses_a_name_afterwards_gets_the_real_thing(load: Load, names: str, use: str) -> None:
    library = load(f"from .heavy import {names}\ndef check(): return {use}")
    assert library.check()


def test_one_may_inherit_from_a_late_class(load: Load) -> None:
    library = load("from .heavy import Tool\nclass Own(Tool): ...")
    assert isinstance(library.Own(), sys.modules[f"{library.__name__}.heavy"].Tool)
    assert not is_late(library)


def test_constants_and_exceptions_are_never_late(load: Load) -> None:
    library = load("from .heavy import LIMIT, HeavyError")
    assert library.LIMIT == 7
    assert issubclass(library.HeavyError, Exception)


def test_whoever_tries_for_a_name_that_is_missing_hears_that_it_is(load: Load) -> None:
    library = load("try:\n    from .heavy import Newer\nexcept ImportError:\n    Newer = None")
    assert library.Newer is None


def test_a_star_takes_all_names(load: Load) -> None:
    assert load("from .heavy import *").Tool().name == "tool"


def test_a_model_with_a_late_field_checks_it_as_usual(load: Load) -> None:
    library = load(
        "from pydantic import BaseModel\nfrom .heavy import Tool\n"
        "class Box(BaseModel, arbitrary_types_allowed=True, defer_build=True):\n    x: Tool"
    )
    box: type[BaseModel] = library.Box
    assert box(x=library.Tool()).model_dump()
    with pytest.raises(ValueError, match="instance of Tool"):
        box(x=3)


CONVERSATIONS = """
import asyncio
from tests.providers import KEY, calls, scripted
from tests.contract.models.conftest import MODELS
from workers.llm.apart.late import waiting
from workers.llm.apart.library import litellm
from workers.llm.apart.program import plain
litellm()
before = waiting()
async def talk(request):
    said = await litellm().acompletion(**request, stream=True, stream_options={"include_usage": True})
    return [plain(chunk) async for chunk in said]
tools = [{"type": "function", "function": {"name": "shell", "parameters": {"type": "object", "properties": {}}}}]
with scripted([calls("shell", command="ls")] * 4) as provider:
    for format, model in MODELS.items():
        model = model.replace("ollama/", "ollama_chat/")
        asked = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "tools": tools}
        found = asyncio.run(talk({**asked, "api_base": provider.address(format), "api_key": KEY}))
        assert any(choice["tool_calls"] for chunk in found for choice in chunk["choices"]), format
print(len(before) > 5, waiting() == before)
"""
NEWER = """
import asyncio, json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from workers.llm.apart.late import waiting
from workers.llm.apart.library import litellm
from workers.llm.apart.program import plain
text = {"type": "output_text", "text": "Hello", "annotations": []}
message = {"type": "message", "id": "m", "status": "completed", "role": "assistant", "content": [text]}
answer = {"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [message],
          "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
class Responses(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200 if self.path.endswith("/responses") else 404)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())
server = HTTPServer(("127.0.0.1", 0), Responses)
threading.Thread(target=server.serve_forever, daemon=True).start()
litellm()
late = [name for name in waiting() if name.startswith("openai.types.responses")]
async def talk():
    asked = {"model": "openai/responses/m", "messages": [{"role": "user", "content": "Hi"}], "api_key": "k"}
    said = await litellm().acompletion(**asked, api_base=f"http://127.0.0.1:{server.server_port}/v1", stream=True)
    return [plain(chunk) async for chunk in said]
found = asyncio.run(talk())
print(len(late) > 5, "".join(choice["text"] or "" for chunk in found for choice in chunk["choices"]))
"""
BROKEN = """
from workers.llm.apart import library
library.UNUSED = ("litellm.litellm_core_utils",)
from workers.llm.apart.late import waiting
print(library.litellm().acompletion.__module__.startswith("litellm"), waiting())
"""


def run(code: str, root: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_conversations_in_all_formats_touch_nothing_that_is_late(root: Path) -> None:
    assert run(CONVERSATIONS, root) == "True True"


def test_openais_newer_interface_works_though_its_types_are_late(root: Path) -> None:
    assert run(NEWER, root) == "True Hello"


def test_a_litellm_that_does_not_bear_it_is_imported_wholly(root: Path) -> None:
    assert run(BROKEN, root) == "True []"
