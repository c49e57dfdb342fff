"""Modules that are executed when they are touched, on a small library of the test's own and on litellm."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel

from workers.llm.apart.late import late, spare, waiting

HEAVY = """
from typing import TypeVar
LIMIT = 7
Kind = TypeVar("Kind")
class Trouble(Exception): ...
class HeavyError(Exception): ...
class Tool:
    kind = "hammer"
    def __init__(self, name="tool"): self.name = name
def work(): return "done"
names = ["a", "b"]
"""
LIGHT = """
class Nail: ...
def hit(): ...
"""
ROOT = Path(__file__).parents[5]
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
        (tmp_path / made / "light.py").write_text(LIGHT)
        importlib.invalidate_caches()
        with late([f"{made}.heavy", f"{made}.light"]):
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


def test_a_function_sees_the_real_class_and_so_does_whoever_asks_the_module(load: Load) -> None:
    library = load("from .heavy import Tool\ndef kind(): return type(Tool), Tool")
    assert is_late(library)
    assert "Tool" in dir(library)
    assert library.kind() == (type, library.Tool)
    assert library.Tool is sys.modules[f"{library.__name__}.heavy"].Tool


def test_an_instance_that_the_module_makes_for_its_functions_is_made_when_one_uses_it(load: Load) -> None:
    library = load('from .heavy import Tool\nsaw = Tool("saw")\ndef used(): return saw')
    assert is_late(library)
    assert library.used() is library.saw
    assert type(library.saw).__name__ == "Tool"


def test_a_function_of_a_late_module_is_called_at_once(load: Load) -> None:
    library = load("from .heavy import work\ndone = work()")
    assert vars(library)["done"] == "done"


def test_annotations_that_are_text_find_late_names(load: Load) -> None:
    library = load("from typing import TypedDict\nfrom .heavy import Tool\nclass Box(TypedDict):\n    x: 'list[Tool]'")
    assert is_late(library)
    assert get_type_hints(library.Box) == {"x": list[library.Tool]}


def test_a_module_that_does_not_bear_stand_ins_is_executed_with_the_real_things(load: Load) -> None:
    library = load("from typing import Generic\nfrom .heavy import Kind\nclass Box(Generic[Kind]): ...")
    assert library.Box.__parameters__ == (library.Kind,)


def test_what_a_module_spares_is_made_once_when_it_is_asked_for(load: Load) -> None:
    library = load("text = ''\ndef read(): return text")
    made: list[int] = []
    spare(library, "text", lambda: [made.append(1), "long"][1])
    assert not made
    assert (library.read(), library.text, made) == ("long", "long", [1])


def test_constants_and_exceptions_are_never_late(load: Load) -> None:
    library = load("from .heavy import LIMIT, HeavyError")
    assert library.LIMIT == 7
    assert issubclass(library.HeavyError, Exception)


def test_whoever_tries_for_a_name_that_is_missing_hears_that_it_is(load: Load) -> None:
    library = load("try:\n    from .heavy import Newer\nexcept ImportError:\n    Newer = None")
    assert library.Newer is None


def test_a_star_takes_all_names(load: Load) -> None:
    library = load("from .heavy import *")
    assert library.Tool().name == "tool"
    assert library.TypeVar


def test_a_star_executes_nothing_where_its_names_may_be_late(load: Load) -> None:
    library = load("from .light import *\ndef check(): return Nail, hit")
    assert f"{library.__name__}.light" in waiting()
    assert [each.__name__ for each in library.check()] == ["Nail", "hit"]


def test_a_model_with_a_late_field_checks_it_as_usual(load: Load) -> None:
    library = load(
        "from pydantic import BaseModel\nfrom .heavy import Tool\n"
        "class Box(BaseModel, arbitrary_types_allowed=True, defer_build=True):\n    x: Tool"
    )
    box: type[BaseModel] = library.Box
    assert box(x=library.Tool()).model_dump()
    with pytest.raises(ValueError, match="instance of Tool"):
        box(x=3)


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
from workers.llm.apart.late import waiting
from contextlib import contextmanager
@contextmanager
def broken():
    yield
    raise TypeError("a part does not bear it")
library.reading_no_tokenizer = broken
print(library.litellm().acompletion.__module__.startswith("litellm"), waiting())
"""


def run(code: str, root: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    """What litellm tells imported wholly, and with parts that are late: see told.py."""
    program = [sys.executable, "-m", "tests.unit.workers.llm.apart.told"]
    both = {how: subprocess.Popen([*program, how], cwd=ROOT, stdout=subprocess.PIPE) for how in ("whole", "late")}
    said = {how: process.communicate(timeout=240)[0].splitlines()[-1] for how, process in both.items()}
    return {how: json.loads(line) for how, line in said.items()}


def test_conversations_and_errors_in_all_formats_are_as_those_of_the_whole_litellm(told: dict[str, Any]) -> None:
    assert told["late"]["said"] == told["whole"]["said"]
    assert (
        sum("failed" in json.dumps(each) or "status" in json.dumps(each) for each in told["late"]["said"].values()) > 3
    )


def test_conversations_in_all_formats_leave_most_of_what_is_late_unexecuted(told: dict[str, Any]) -> None:
    assert told["whole"]["before"] == 0
    assert told["late"]["before"] > 300
    assert told["late"]["after"] > 300


def test_every_name_of_the_whole_litellm_is_found_and_every_late_module_can_be_executed(told: dict[str, Any]) -> None:
    assert told["whole"]["kinds"].items() <= told["late"]["kinds"].items()
    assert len(told["whole"]["kinds"]) > 1000


def test_openais_newer_interface_works_though_its_types_are_late(root: Path) -> None:
    assert run(NEWER, root) == "True Hello"


def test_a_litellm_that_does_not_bear_it_is_imported_wholly(root: Path) -> None:
    assert run(BROKEN, root) == "True []"
