"""The engine opencode with a stand-in for the program, in a real sandbox: how it is run, and how its end is judged."""

from __future__ import annotations

import json
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from apps.specs.validate import check_data
from tests.unit.workers.coding.opencode_stub import stub
from workers.coding.engines.opencode.engine import Means, OnFailure, OpencodeEngine
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template import Catalogue, TemplateEngine
from workers.llm import fake
from workers.llm.budget import BudgetExhausted
from workers.llm.fake import FakeModel
from workers.llm.gateway import Gateway
from workers.llm.gateway.tools import Tools
from workers.llm.loop.trajectory import MemoryTrajectory
from workers.llm.port import ModelError, Reply
from workers.repo.repository import Repository
from workers.repo.worktree import Worktree, checkout
from workers.sandbox import open_sandbox

SPEC: dict[str, Any] = {
    "id": "site",
    "title": "Site",
    "description": "Say hello.",
    "inputs": [{"type": "file", "path": "start.txt", "content": "one\n"}],
    "tests": [{"run": "true"}],
}
WORKS = """
open("hello.py", "w").write("print(1)")
step(command="write it", output=ask("What now?"))
done()
"""


class Desk:
    """One attempt after the other at the same task. `before` is asked ahead of each call of a model."""

    def __init__(self, repository: Repository, scratch: Path) -> None:
        self.repository, self.scratch = repository, scratch
        self.trajectory = MemoryTrajectory()
        self.model = FakeModel([fake.says(f"Answer {number}.") for number in range(9)])
        self.before: Any = lambda: None
        self.said: list[str] = []
        self.gateways: list[Gateway] = []
        self.seconds, self.attempts = 60.0, 0

    def attempt(self, body: str, **changes: Any) -> tuple[Written, list[str]]:
        """What the engine says, and the files of its commit."""
        self.attempts += 1
        with checkout(self.repository, self.repository.resolve("main"), self.scratch / "tree") as tree:
            program = stub(self.scratch, body)
            try:
                written = self._engine(tree, program).write_code(self._assignment(changes), tree.path)
            finally:
                self.files = self.repository.files(tree.commit("Work"))
        return written, self.files

    def _assignment(self, changes: dict[str, Any]) -> Assignment:
        spec = check_data(SPEC | changes).spec
        assert spec is not None
        return Assignment(spec.tasks[0], 1, "", lambda type, **data: None, self.said.append)

    def _engine(self, tree: Worktree, program: Path) -> OpencodeEngine:
        def gateway(listener: socket.socket, fail: OnFailure, _tools: Tools | None) -> Gateway:
            self.gateways.append(Gateway(lambda: self.model, before=self.before, on_failure=fail, listener=listener))
            return self.gateways[-1]

        def sandbox() -> Any:
            label = f"box-{self.attempts}"
            return open_sandbox("process", scratch=self.scratch, label=label, programs={"opencode": program})

        inputs = TemplateEngine(Catalogue([]))
        return OpencodeEngine(Means(self.trajectory, sandbox, gateway, tree, "steps/1", inputs, self.seconds))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hive-test-")))
        scratch.chmod(0o711)
        repository = Repository(tmp_path / "site.git")
        repository.ensure()
        yield Desk(repository, scratch)


def failure(desk: Desk, body: str, **changes: Any) -> EngineFailed:
    with pytest.raises(EngineFailed) as caught:
        desk.attempt(body, **changes)
    return caught.value


def test_it_starts_in_the_folder_below_which_something_is_promised(desk: Desk) -> None:
    _, made = desk.attempt(WORKS, inputs=[], outputs=[{"path": "hello.py"}])
    assert made == ["tasks/site/hello.py"]


def test_what_it_writes_is_in_the_worktree_and_its_model_is_hives(desk: Desk) -> None:
    written, files = desk.attempt(WORKS)
    assert written.summary == "All is done."
    assert files == ["tasks/site/hello.py", "tasks/site/start.txt"]
    assert desk.model.asked[0].messages[0].text == "What now?"
    assert desk.trajectory.turns[2].message.text == "Answer 0."


def test_it_is_started_as_it_must_be(desk: Desk) -> None:
    report = 'json.dump({"argv": sys.argv, "in": sys.stdin.read(), "env": dict(os.environ)}, open("seen.json", "w"))'
    look = 'subprocess.run(["git", "log", "--oneline"], check=True)\n'
    desk.attempt(f"{report}\n{look}step(text=open('seen.json').read(), reason='stop', tool='')")
    seen = json.loads(desk.trajectory.turns[-1].message.text)
    *flags, prompt = seen["argv"][1:]
    assert flags == ["run", "--pure", "--format", "json", "-m", "hive/hive"]
    assert "Say hello." in prompt
    assert seen["in"] == ""
    env = seen["env"]
    assert [env[f"OPENCODE_DISABLE_{name}"] for name in ("PROJECT_CONFIG", "MODELS_FETCH", "AUTOUPDATE")] == ["1"] * 3
    assert '"ask"' not in env["OPENCODE_CONFIG_CONTENT"]
    assert not [name for name in env if name.startswith(("XDG_", "HIVE_HOME", "DJANGO"))]
    assert str(desk.scratch) in env["HOME"]


def test_a_task_too_long_for_a_command_line_lies_in_a_file(desk: Desk) -> None:
    body = "step(text=open(os.environ['HIVE_WORKSPACE'] + '/.hive/task.md').read()[:9], reason='stop', tool='')"
    written, files = desk.attempt(f"assert len(sys.argv[-1]) < 999\n{body}", description="Say hello. " * 15_000)
    assert written.summary == "# Task si"
    assert files == ["tasks/site/start.txt"]


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("step(command='x')", "exit code 0 before it was done (its last step ended with 'tool-calls')"),
        ("done()\ntell('step_start')", "in mid-step"),
        ("done()\nsys.exit(3)", "exit code 3"),
        ("tell('error')\nprint(json.dumps({'type': 'error', 'error': {'name': 'Oh'}}), flush=True)", "Oh"),
        ("pass", "in mid-step"),
    ],
)
def test_only_exit_0_after_a_last_step_that_stopped_is_success(desk: Desk, body: str, how: str) -> None:
    error = failure(desk, body)
    assert how in str(error)
    assert error.reason == "script_failed"


def test_one_that_goes_in_circles_is_ended(desk: Desk) -> None:
    body = "while True:\n    step(command='cat x', output='no x')\n    time.sleep(0.02)"
    error = failure(desk, f"open('kept.txt', 'w').write('x')\n{body}")
    assert (error.reason, "it called bash 4 times" in str(error)) == ("stuck", True)
    assert "tasks/site/kept.txt" in desk.files


def test_one_that_does_nothing_is_ended(desk: Desk) -> None:
    error = failure(desk, "time.sleep(60)", constraints={"no_output": 1})
    assert (error.reason, "asked no model for 1 s" in str(error)) == ("no_output", True)


def test_one_that_takes_too_long_is_ended(desk: Desk) -> None:
    desk.seconds = 1.0
    assert failure(desk, "ask()\ntime.sleep(60)").reason == "timed_out"


def test_waiting_for_a_model_is_not_silence(desk: Desk) -> None:
    def slowly(_asked: object) -> Reply:
        time.sleep(2.5)
        return fake.says("At last.")

    desk.model = FakeModel(slowly)
    assert desk.attempt("ask()\ndone()", constraints={"no_output": 1})[0].summary == "All is done."


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BudgetExhausted("No step is left.", "steps"), "budget_exhausted"),
        (ModelError("No such model.", permanent=True), "script_failed"),
        (ModelError("Nobody answers."), "infrastructure"),
    ],
)
def test_when_no_model_answers_it_is_ended_at_once(desk: Desk, error: Exception, reason: str) -> None:
    def refuse() -> None:
        raise error

    desk.before = refuse
    body = "open('kept.txt', 'w').write('x')\nwhile True:\n    try: ask()\n    except OSError: time.sleep(0.1)"
    found = failure(desk, body)
    assert (str(found), found.reason) == (str(error), reason)
    assert "tasks/site/kept.txt" in desk.files


def test_what_it_leaves_running_ends_with_it_and_its_key_opens_nothing_more(desk: Desk) -> None:
    """A child in a session of its own, which a signal to opencode would not reach."""
    child = "import time; [open('alive', 'w').write(str(time.time())) or time.sleep(0.05) for _ in range(600)]"
    desk.attempt(f'subprocess.Popen([sys.executable, "-c", {child!r}], start_new_session=True)\ntime.sleep(1)\ndone()')
    assert not [path for path in desk.scratch.iterdir() if path.name.startswith("box-")]
    address = desk.gateways[0].address.removeprefix("http://127.0.0.1:").removesuffix("/v1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address)), 2)


def test_a_killed_attempt_is_continued_with_the_files_of_its_last_step(desk: Desk) -> None:
    first = desk.trajectory.append

    def append(turn: Any) -> None:
        first(turn)
        if turn.snapshot:
            raise Killed

    desk.trajectory.append = append  # type: ignore[method-assign]
    with pytest.raises(Killed):
        desk.attempt("open('kept.txt', 'w').write('x')\nstep(command='x')\ntime.sleep(60)")
    desk.trajectory.append = first  # type: ignore[method-assign]
    written, files = desk.attempt("step(text=sys.argv[-1], reason='stop', tool='')")
    assert "An earlier attempt was interrupted" in written.summary
    assert files == ["tasks/site/kept.txt", "tasks/site/start.txt"]
    assert any("Going on after" in line for line in desk.said)


class Killed(BaseException):
    """What a worker's end looks like from inside: nothing catches it."""
