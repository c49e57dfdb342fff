"""Repositories that want more than to be read: whatever is in them, nothing of it runs and nothing leads out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.git import git
from workers.repo.errors import RemoteRefused, TooLarge
from workers.repo.remote import TRACKED, Remote
from workers.repo.repository import Repository
from workers.repo.way import Rules
from workers.repo.weigh import weigh
from workers.repo.worktree import checkout


def raw(path: Path, kind: str, content: bytes) -> str:
    return git(f"--git-dir={path}", "hash-object", "-t", kind, "-w", "--stdin", "--literally", stdin=content)


def tree(path: Path, *entries: tuple[str, str, str]) -> str:
    return raw(path, "tree", b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in entries))


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = tmp_path / "origin" / "site.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", path)
    return path


def serve(origin: Path, root: str) -> Remote:
    """The origin, whose main is a commit of this tree."""
    commit = git(f"--git-dir={origin}", "commit-tree", root, "-m", "Hostile")
    git(f"--git-dir={origin}", "update-ref", "refs/heads/main", commit)
    return Remote(f"file://{origin}", rules=Rules(folders=(origin.parent,)))


@pytest.mark.parametrize("name", [".git", ".GIT", "..", ".", "git~1"])
def test_a_tree_with_a_name_that_git_itself_would_read_is_refused(
    origin: Path, repository: Repository, name: str
) -> None:
    blob = raw(origin, "blob", b"[core]\n\tfsmonitor = touch /tmp/owned\n")
    remote = serve(origin, tree(origin, ("40000", name, tree(origin, ("100644", "config", blob)))))
    with pytest.raises(RemoteRefused, match="broken or dangerous"):
        remote.fetch(repository)
    assert not repository.branches(TRACKED)


def test_a_submodule_with_an_address_that_is_a_command_is_refused(origin: Path, repository: Repository) -> None:
    blob = raw(origin, "blob", b'[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch /tmp/owned\n')
    with pytest.raises(RemoteRefused, match="broken or dangerous"):
        serve(origin, tree(origin, ("100644", ".gitmodules", blob))).fetch(repository)


def test_filters_hooks_watchers_and_submodules_of_a_repository_do_nothing(
    origin: Path, repository: Repository, tmp_path: Path
) -> None:
    """They are named in it as in any that uses them; none is run when it is checked out, committed or compared."""
    owned = tmp_path / "owned"
    script = raw(origin, "blob", f"#!/bin/sh\ntouch {owned}\n".encode())
    attributes = raw(origin, "blob", b"* filter=evil diff=evil merge=evil export-subst\n*.x export-ignore\n")
    modules = raw(origin, "blob", b'[submodule "x"]\n\tpath = x\n\turl = https://example.org/x.git\n')
    config = raw(origin, "blob", f'[filter "evil"]\n\tsmudge = touch {owned}\n\tclean = touch {owned}\n'.encode())
    root = tree(
        origin,
        ("100644", ".gitattributes", attributes),
        ("100644", ".gitconfig", config),
        ("100644", ".gitmodules", modules),
        ("100755", "post-checkout", script),
        ("160000", "x", "1" * 40),
    )
    remote = serve(origin, root)
    remote.fetch(repository)
    commit = repository.branches(TRACKED)["main"]
    with checkout(repository, commit, tmp_path / "work" / "tree") as worktree:
        (worktree.path / "new.x").write_text("1")
        new = worktree.commit("New")
        worktree.diff()
    repository.diff(commit, new)
    with repository.archive(new) as tar:
        tar.read()
    assert not owned.exists()
    assert "new.x" in repository.files(new)


def test_a_link_that_leads_out_is_kept_as_a_link_and_not_followed(
    origin: Path, repository: Repository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = raw(origin, "blob", str(outside).encode())
    remote = serve(origin, tree(origin, ("120000", "docs", link)))
    remote.fetch(repository)
    with checkout(repository, repository.branches(TRACKED)["main"], tmp_path / "work" / "tree") as worktree:
        assert (worktree.path / "docs").readlink() == outside
        other = tree(
            repository.path,
            ("40000", "docs", tree(repository.path, ("100644", "a", raw(repository.path, "blob", b"1")))),
        )
        worktree.restore(repository.write_commit(other, [], "A folder of the same name"))
    assert not list(outside.iterdir())


def test_a_few_objects_that_stand_for_more_files_than_any_disk_holds(origin: Path, repository: Repository) -> None:
    root = raw(origin, "blob", b"x" * 1000)
    mode = "100644"
    for _ in range(9):
        root = tree(origin, *((mode, f"f{number}", root) for number in range(10)))
        mode = "40000"
    serve(origin, root).fetch(repository)
    with pytest.raises(RemoteRefused, match="more than 200,000 files"):
        weigh(repository, repository.branches(TRACKED)["main"], 10**15)
    with pytest.raises(TooLarge):
        weigh(repository, repository.branches(TRACKED)["main"], 10**6)
