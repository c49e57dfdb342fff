"""The template engine: a task's inputs in a worktree, where the spec says, and a reason where that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apps.specs.schema import Task
from tests.unit.workers.coding.template_makers import make_template
from workers.coding.engines.port import Assignment, Engine, EngineFailed
from workers.coding.engines.template import Catalogue, TemplateEngine, lay_out
from workers.coding.engines.template.sources import FolderSource


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    about = "deploy: {build: make, directory: public}\n"
    make_template(tmp_path / "catalogue" / "shop", about=about, src__a_dot_txt_dot_jinja="{{ title }}")
    return Catalogue([FolderSource(tmp_path / "catalogue")])


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    (tmp_path / "worktree").mkdir()
    return tmp_path / "worktree"


def task(*inputs: dict[str, Any]) -> Task:
    return Task.model_validate({"id": "a", "title": "A", "inputs": inputs, "tests": [{"run": "x"}]})


def file(path: str, content: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "file", "path": path, "content": content, **more}


TEMPLATE = {"type": "template", "name": "shop", "values": {"title": "Hi"}}


def write(catalogue: Catalogue, worktree: Path, of: Task, lines: list[str] | None = None) -> Any:
    engine: Engine = TemplateEngine(catalogue)
    put = (lines if lines is not None else []).append
    return engine.write_code(Assignment(of, 1, "", lambda type, **data: None, put), worktree)


def test_a_template_lands_in_the_task_s_home(catalogue: Catalogue, worktree: Path) -> None:
    (done,) = lay_out(task(TEMPLATE), worktree, catalogue)
    assert done.files == ("tasks/a/src/a.txt",)
    assert (worktree / "tasks" / "a" / "src" / "a.txt").read_text() == "Hi"


def test_a_file_lands_where_it_says_and_a_later_input_wins(catalogue: Catalogue, worktree: Path) -> None:
    inputs = task(TEMPLATE, file("/workspace/tasks/a/src/a.txt", "über"), file("/workspace/run", executable=True))
    lay_out(inputs, worktree, catalogue)
    assert (worktree / "tasks" / "a" / "src" / "a.txt").read_text(encoding="utf-8") == "über"
    assert (worktree / "run").stat().st_mode & 0o777 == 0o755


def test_twice_is_the_same(catalogue: Catalogue, worktree: Path) -> None:
    inputs = task(TEMPLATE, file("/workspace/b"))
    assert lay_out(inputs, worktree, catalogue) == lay_out(inputs, worktree, catalogue)


def test_it_says_what_it_wrote_and_how_that_is_deployed(catalogue: Catalogue, worktree: Path) -> None:
    lines: list[str] = []
    written = write(catalogue, worktree, task(TEMPLATE, file("/workspace/b")), lines)
    assert written.deploy == {"build": "make", "directory": "public"}
    assert "2 files" in written.summary
    assert len(lines) == 2


def test_a_task_without_inputs_writes_nothing(catalogue: Catalogue, worktree: Path) -> None:
    assert write(catalogue, worktree, task()).deploy == {}
    assert list(worktree.iterdir()) == []


def test_a_template_that_is_not_there_is_a_reason(catalogue: Catalogue, worktree: Path) -> None:
    with pytest.raises(EngineFailed, match="`shop`") as caught:
        write(catalogue, worktree, task(TEMPLATE | {"name": "shopp"}))
    assert caught.value.reason == "script_failed"


def test_values_that_do_not_fit_are_a_reason(catalogue: Catalogue, worktree: Path) -> None:
    with pytest.raises(EngineFailed, match="`titel`"):
        write(catalogue, worktree, task(TEMPLATE | {"values": {"titel": "x"}}))


def test_a_file_cannot_be_written_through_a_link(catalogue: Catalogue, worktree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (worktree / "tasks").symlink_to(tmp_path / "outside")
    for one in (TEMPLATE, file("/workspace/tasks/x")):
        with pytest.raises(EngineFailed, match="cannot"):
            write(catalogue, worktree, task(one))
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_a_reason(catalogue: Catalogue, worktree: Path) -> None:
    (worktree / "folder").mkdir()
    with pytest.raises(EngineFailed, match="/workspace/folder"):
        write(catalogue, worktree, task(file("/workspace/folder")))
