"""Worktrees: where engines write, and what is kept of it."""

from pathlib import Path

import pytest

from tests.unit.workers.repo.author import write
from workers.repo.repository import Repository
from workers.repo.worktree import checkout


def test_a_commit_holds_what_was_written_removed_and_made_executable(repository: Repository, tmp_path: Path) -> None:
    base = write(repository, "main", {"old": "1", "keep": "1"})
    with checkout(repository, base, tmp_path / "tree") as tree:
        (tree.path / "old").unlink()
        (tree.path / "run.sh").write_text("#!/bin/sh\n")
        (tree.path / "run.sh").chmod(0o755)
        commit = tree.commit("Change")
    assert repository.changes(base, commit) == [("D", "old"), ("A", "run.sh")]
    assert not (tmp_path / "tree").exists()


def test_ignored_files_are_not_committed(repository: Repository, tmp_path: Path) -> None:
    with checkout(repository, repository.resolve("main"), tmp_path / "tree") as tree:
        (tree.path / ".gitignore").write_text("public/\n")
        (tree.path / "public").mkdir()
        (tree.path / "public" / "x").write_text("x")
        commit = tree.commit("Change")
    assert repository.files(commit) == [".gitignore"]


def test_byte_code_is_not_committed_whatever_the_repository_ignores(repository: Repository, tmp_path: Path) -> None:
    with checkout(repository, repository.resolve("main"), tmp_path / "tree") as tree:
        (tree.path / "tests" / "__pycache__").mkdir(parents=True)
        (tree.path / "tests" / "__pycache__" / "test_it.cpython-311.pyc").write_text("x")
        (tree.path / "tests" / "test_it.py").write_text("x")
        commit = tree.commit("Change")
    assert repository.files(commit) == ["tests/test_it.py"]


def test_nothing_written_is_no_commit(repository: Repository, tmp_path: Path) -> None:
    base = repository.resolve("main")
    with checkout(repository, base, tmp_path / "tree") as tree:
        assert tree.commit("Nothing") == base


def test_what_a_killed_process_left_is_in_nobodys_way(repository: Repository, tmp_path: Path) -> None:
    base = repository.resolve("main")
    left = checkout(repository, base, tmp_path / "tree")
    (left.__enter__().path / "half").write_text("written")
    with checkout(repository, base, tmp_path / "tree") as tree:
        assert tree.commit("Nothing") == base


def test_a_worktree_that_names_another_repository_is_not_believed(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "evil").mkdir()
    with checkout(repository, repository.resolve("main"), tmp_path / "tree") as tree:
        (tree.path / ".git").write_text(f"gitdir: {tmp_path / 'evil'}\n")
        (tree.path / "a").write_text("a")
        commit = tree.commit("Change")
    assert repository.files(commit) == ["a"]


@pytest.mark.parametrize("name", ["a", "b"])
def test_two_worktrees_of_one_repository_do_not_meet(repository: Repository, tmp_path: Path, name: str) -> None:
    base = repository.resolve("main")
    with checkout(repository, base, tmp_path / "one") as one, checkout(repository, base, tmp_path / "two") as two:
        (one.path / name).write_text("1")
        assert two.commit("Nothing") == base
        assert repository.files(one.commit("One")) == [name]
