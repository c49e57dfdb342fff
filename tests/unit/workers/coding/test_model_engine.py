"""The model engine with a scripted model in a real sandbox: what it writes, how it goes on, how it ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.specs.validate import check_data
from workers.coding.engines.model.engine import Means, ModelEngine
from workers.coding.engines.port import Assignment, EngineFailed, Written
from workers.coding.engines.template import Catalogue, TemplateEngine
from workers.llm.budget import FakeBudget
from workers.llm.fake import FakeModel, Script, calls
from workers.llm.loop.trajectory import MemoryTrajectory
from workers.llm.port import Reply
from workers.repo.repository import Repository
from workers.repo.worktree import Worktree, checkout
from workers.sandbox import open_sandbox

DONE = calls("submit", id="end", summary="Done.")
SPEC = {
    "id": "site",
    "title": "Site",
    "description": "Say hello.",
    "inputs": [{"type": "file", "path": "start.txt", "content": "one\n"}],
    "tests": [{"run": "true"}],
}


@pytest.fixture
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hive-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "site.git")
    made.ensure()
    return made


class Desk:
    """One attempt after the other at the same task, as different workers would make them."""

    def __init__(self, repository: Repository, scratch: Path) -> None:
        self.repository, self.scratch = repository, scratch
        self.trajectory = MemoryTrajectory()
        self.models: list[FakeModel] = []
        self.said: list[str] = []

    def attempt(
        self, script: Script, base: str = "main", round: int = 1, spec: Any = SPEC, **means: Any
    ) -> tuple[Written, str]:
        """What the engine says, and the commit of its worktree."""
        with checkout(self.repository, self.repository.resolve(base), self.scratch / "tree") as tree:
            written = self._write(script, tree, round, spec, **means)
            return written, tree.commit("Work")

    def _write(self, script: Script, tree: Worktree, round: int, data: Any, **means: Any) -> Written:
        budget = FakeBudget()
        self.models.append(FakeModel(script, budget=budget))
        number = len(self.models)
        engine = ModelEngine(
            Means(
                self.models[-1],
                budget,
                self.trajectory,
                lambda: open_sandbox("process", scratch=self.scratch, label=f"box-{number}"),
                tree,
                "steps/1",
                TemplateEngine(Catalogue([])),
                **means,
            )
        )
        spec = check_data(data).spec
        assert spec is not None
        assignment = Assignment(spec.tasks[0], round, "", lambda type, **data: None, self.said.append)
        return engine.write_code(assignment, tree.path)


@pytest.fixture
def desk(repository: Repository, scratch: Path) -> Desk:
    return Desk(repository, scratch)


def files(desk: Desk, commit: str) -> list[str]:
    return [name.removeprefix("tasks/site/") for name in desk.repository.files(commit)]


def test_what_the_model_writes_is_in_the_worktree(desk: Desk) -> None:
    script = [
        calls("write", id="1", path="hello.py", content="print('hello')\n"),
        calls("shell", id="2", command="python3 hello.py > out.txt && rm start.txt && mkdir -p a/b && touch a/b/c"),
        DONE,
    ]
    written, commit = desk.attempt(script)
    assert written.summary == "Done."
    assert files(desk, commit) == ["a/b/c", "hello.py", "out.txt"]


def test_where_something_is_promised_below_its_own_folder_relative_paths_begin_there(desk: Desk) -> None:
    """It was told so, and wrote into the workspace, where nobody looked for what it had promised."""
    promising = {**SPEC, "inputs": [], "outputs": [{"path": "hello.py"}]}
    script = [
        calls("write", id="1", path="hello.py", content="print('hello')\n"),
        calls("shell", id="2", command="python3 hello.py > out.txt; pwd"),
        DONE,
    ]
    _, commit = desk.attempt(script, spec=promising)
    assert desk.repository.files(commit) == ["tasks/site/hello.py", "tasks/site/out.txt"]
    told, place = desk.models[0].asked[0].messages[0].text, desk.models[0].asked[2].messages[-1].text
    assert f"relative paths start in {place.splitlines()[0]}." in told


def test_where_nothing_is_they_begin_in_the_workspace_and_it_is_told_so(desk: Desk) -> None:
    elsewhere = {**SPEC, "inputs": [], "outputs": [{"path": "/workspace/hello.py"}]}
    script = [calls("write", id="1", path="hello.py", content="1\n"), calls("shell", id="2", command="pwd"), DONE]
    _, commit = desk.attempt(script, spec=elsewhere)
    assert desk.repository.files(commit) == ["hello.py"]
    told, place = desk.models[0].asked[0].messages[0].text, desk.models[0].asked[2].messages[-1].text
    assert f"relative paths start in {place.splitlines()[0]}." in told


def test_it_is_told_the_task_and_what_commands_print(desk: Desk) -> None:
    desk.attempt([calls("shell", id="1", command="cat start.txt"), DONE])
    first, second = desk.models[0].asked
    assert "Say hello." in first.messages[1].text
    assert second.messages[-1].text == "one\n[exit code 0]"


def test_a_killed_attempt_is_continued_with_its_files_and_without_paying_again(desk: Desk) -> None:
    def script() -> Iterator[Reply]:
        yield calls("write", id="1", path="kept.txt", content="x")
        yield calls("shell", id="2", command="rm start.txt")
        raise Killed

    with pytest.raises(Killed):
        desk.attempt(script())
    _, commit = desk.attempt([DONE])
    assert files(desk, commit) == ["kept.txt"]
    assert len(desk.models[1].asked) == 1
    assert any("Going on after" in line for line in desk.said)


class Killed(BaseException):
    """What a worker's end looks like from inside: nothing catches it."""


def test_what_lies_in_git_folders_or_is_hives_own_never_comes_along(desk: Desk) -> None:
    command = (
        "cd $HIVE_WORKSPACE; mkdir -p .git/hooks .hive sub/.git; touch .git/config .hive/x sub/.git/y sub/z; seq 9999"
    )
    _, commit = desk.attempt([calls("shell", id="1", command=command), DONE])
    assert desk.repository.files(commit) == ["sub/z", "tasks/site/start.txt"]


def test_a_file_becomes_a_folder_and_a_folder_a_link(desk: Desk) -> None:
    script = [
        calls("shell", id="1", command="mkdir d && touch d/x"),
        calls(
            "shell", id="2", command="rm -r d start.txt && mkdir start.txt && touch start.txt/y && ln -s start.txt d"
        ),
        DONE,
    ]
    _, commit = desk.attempt(script)
    assert files(desk, commit) == ["d", "start.txt/y"]


def test_git_tools_see_what_was_changed(desk: Desk) -> None:
    script = [
        calls("edit", id="1", path="start.txt", old="one", new="two"),
        calls("git_diff", id="2"),
        calls("git_status", id="3"),
        calls("git_commit", id="4", message="Say two."),
        DONE,
    ]
    written, _ = desk.attempt(script)
    answers = [message.text for message in desk.models[0].asked[-1].messages if message.call_id]
    assert "+two" in answers[1]
    assert answers[2] == "A\ttasks/site/start.txt"
    assert written.summary == "Done.\nSay two."


@pytest.mark.parametrize(
    ("script", "reason"),
    [([calls("shell", command="true")] * 12, "stuck"), ([], "script_failed")],
)
def test_a_bad_end_has_its_reason(desk: Desk, script: Script, reason: str) -> None:
    with pytest.raises(EngineFailed) as caught:
        desk.attempt(script)
    assert caught.value.reason == reason


def test_a_repair_round_begins_with_the_work_and_not_with_the_inputs(desk: Desk) -> None:
    _, commit = desk.attempt([calls("edit", id="1", path="start.txt", old="one", new="two"), DONE])
    desk.trajectory = MemoryTrajectory()
    desk.attempt([calls("shell", id="1", command="cat start.txt"), DONE], base=commit, round=2)
    assert desk.models[1].asked[1].messages[-1].text.startswith("two\n")


def test_locked_files_are_not_changed_by_any_tool_that_writes(desk: Desk) -> None:
    def locked(path: str) -> str:
        return "it is locked." if path.endswith("start.txt") else ""

    script = [
        calls("write", id="1", path="start.txt", content="x"),
        calls("edit", id="2", path="start.txt", old="one", new="x"),
        calls("apply_patch", id="3", patch="*** Delete File: start.txt"),
        DONE,
    ]
    desk.attempt(script, locked=locked)
    answers = [message.text for message in desk.models[0].asked[-1].messages if message.call_id]
    assert all("it is locked" in answer for answer in answers)
