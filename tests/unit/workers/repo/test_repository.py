"""Bare repositories: made once, read safely."""

import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.workers.repo.author import write
from workers.repo.git import GitError
from workers.repo.repository import Repository


def test_a_new_repository_begins_with_an_empty_commit_on_its_branch(repository: Repository) -> None:
    assert repository.files(repository.resolve("main")) == []


def test_ensuring_twice_keeps_what_is_there(repository: Repository) -> None:
    first = repository.resolve("main")
    repository.ensure()
    assert repository.resolve("main") == first


def test_many_at_once_make_one_repository_and_leave_nothing_aside(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "site.git")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: repository.ensure(), range(8)))
    assert repository.resolve("main")
    assert [path.name for path in tmp_path.iterdir()] == ["site.git"]


def test_it_tells_which_paths_a_commit_holds(repository: Repository) -> None:
    commit = write(repository, "main", {"src/a.txt": "a", "b*": "b"})
    assert repository.holds(commit, "/src/")
    assert repository.holds(commit, "src/a.txt")
    assert not repository.holds(commit, "src/missing")
    assert not repository.holds(commit, "*")


def test_it_tells_what_changed(repository: Repository) -> None:
    first = write(repository, "main", {"a": "1", "b": "1"})
    second = write(repository, first, {"a": "2", "c é": "1"})
    assert repository.changes(first, second) == [("M", "a"), ("A", "c é")]
    assert b"+2" in repository.diff(first, second)


def test_an_archive_holds_every_file_even_those_that_the_tree_asks_to_leave_out(repository: Repository) -> None:
    commit = write(repository, "main", {".gitattributes": "secret export-ignore\n", "secret": "x", "a": "$Format:%H$"})
    with repository.archive(commit) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        assert sorted(member.name for member in tar) == [".gitattributes", "a", "secret"]


def test_an_unknown_commit_is_an_error_that_says_what_git_said(repository: Repository) -> None:
    with pytest.raises(GitError, match="rev-parse failed"):
        repository.resolve("nothing")
    with pytest.raises(GitError, match="archive failed"), repository.archive("0" * 40) as stream:
        stream.read()


def test_a_name_that_looks_like_an_option_is_not_one(repository: Repository) -> None:
    with pytest.raises(GitError):
        repository.resolve("--git-dir")


def test_nothing_of_the_repository_is_executed(repository: Repository, tmp_path: Path) -> None:
    hook = repository.path / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    write(repository, "main", {"a": "1"})
    assert not (tmp_path / "hooked").exists()


def test_git_sees_none_of_the_users_configuration(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n name = Mallory\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Mallory")
    commit = write(repository, "main", {"a": "1"})
    shown = subprocess.run(["git", f"--git-dir={repository.path}", "log", "--format=%an", commit], capture_output=True)
    assert b"Mallory" not in shown.stdout


def test_it_finds_words_in_files_of_any_kind_by_their_bytes(repository: Repository) -> None:
    files = {"plain": "a [b.*] c\n", "bin": "\0\0[b.*]\0", "größe": "x\ny.z", "other": "b b c yxz\n"}
    commit = write(repository, "main", files)
    assert repository.holding(commit, [b"[b.*]", b"y.z"]) == ["bin", "größe", "plain"]
    assert repository.holding(commit, [b"nowhere"]) == []
    assert repository.holding(commit, []) == []


def test_looking_for_words_where_there_is_no_commit_is_an_error(repository: Repository) -> None:
    with pytest.raises(GitError, match="git grep failed"):
        repository.holding("0" * 40, [b"word"])
