"""Writing: one file becomes one commit, on a branch that only moves from where it was seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.projects.code import BadName, NotThere, Occupied, Person, Write
from tests.servers.git import git
from workers.code.repository import GitCode
from workers.repo.git import GitError
from workers.repo.repository import Repository

ADA = Person("Ada <x>\n", "ada@example.org")


def test_a_new_file_is_a_commit_by_who_wrote_it(code: GitCode, repository: Repository) -> None:
    main = code.resolve("main")
    commit, etag = code.write("fix", main, Write("docs/a.md", b"Hello\n", ""), "Add", ADA)
    assert (code.resolve("fix"), code.file(commit, "docs/a.md").etag) == (commit, etag)
    said = git("show", "-s", "--format=%an %ae %cn %P", commit, cwd=repository.path)
    assert said == f"Ada x ada@example.org Hive {main}"
    assert code.resolve("main") == main


def test_what_was_changed_meanwhile_is_not_overwritten(code: GitCode) -> None:
    seen = code.file(code.resolve("main"), "README").etag
    code.write("main", "", Write("README", b"1\n", seen), "One", ADA)
    with pytest.raises(Occupied) as caught:
        code.write("main", "", Write("README", b"2\n", seen), "Two", ADA)
    assert caught.value.now == code.file(code.resolve("main"), "README").etag
    with pytest.raises(Occupied):
        code.write("main", "", Write("README", b"2\n", ""), "New", ADA)


def test_of_two_who_write_at_once_no_ones_work_is_lost(code: GitCode) -> None:
    def write(number: int) -> bool:
        try:
            code.write("main", "", Write(f"file{number}", b"1\n", ""), f"File {number}", ADA)
        except Occupied:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, range(8)))
    names = [one.path for one in code.entries(code.resolve("main"), "", 20)]
    assert [f"file{number}" in names for number in range(8)] == written
    assert any(written)


def test_a_file_is_taken_away_and_stays_executable_when_it_is_changed(code: GitCode, repository: Repository) -> None:
    main = code.resolve("main")
    blob = code.file(main, "README").etag
    tree = git("mktree", cwd=repository.path, stdin=f"100755 blob {blob}\trun.sh\n100644 blob {blob}\ta\n".encode())
    repository.set_branch("main", repository.write_commit(tree, [main], "Script"))
    commit, _ = code.write("main", "", Write("run.sh", b"#!/bin/sh\n", blob), "Change", ADA)
    assert code.file(commit, "run.sh").executable
    commit, etag = code.write("main", "", Write("a", None, blob), "Remove", ADA)
    assert etag == ""
    with pytest.raises(NotThere):
        code.file(commit, "a")


@pytest.mark.parametrize("path", ["../x", ".git/hooks/x", "app", "README/x", "", "a\0"])
def test_what_cannot_be_written_is_refused_and_changes_nothing(code: GitCode, path: str) -> None:
    main = code.resolve("main")
    with pytest.raises((BadName, NotThere)):
        code.write("main", "", Write(path, b"x", ""), "Bad", ADA)
    assert code.resolve("main") == main


def test_a_branch_is_made_once(code: GitCode) -> None:
    assert code.make_branch("fix/one", "main").commit == code.resolve("main")
    with pytest.raises(Occupied):
        code.make_branch("fix/one", "main")
    with pytest.raises(Occupied):
        code.make_branch("fix", "main")
    for name in ("-x", "--force", "a..b"):
        with pytest.raises(BadName):
            code.make_branch(name, "main")


def test_a_desk_keeps_what_is_written_apart_from_what_was_added(code: GitCode) -> None:
    desk = code.desk("1", "main")
    desk.write(Write("a", b"1\n", ""))
    desk.write(Write("b", b"1\n", ""))
    desk.add(["a"])
    assert [one.path for one in desk.staged().changes] == ["a"]
    assert [one.path for one in desk.changed().changes] == ["b"]
    commit = desk.save("Add a", ADA)
    assert code.resolve("main") == commit == desk.base
    assert [one.path for one in code.desk("1", "main").changed().changes] == ["b"]
    with pytest.raises(Occupied, match="Nothing was added"):
        desk.save("Again", ADA)


def test_a_desk_takes_everything_also_what_was_taken_away(code: GitCode) -> None:
    desk = code.desk("1", "main")
    desk.write(Write("README", None, code.file(desk.commit, "README").etag))
    desk.write(Write("c", b"1\n", ""))
    desk.add(["README"])
    assert [(one.path, one.change) for one in desk.staged().changes] == [("README", "D")]
    desk.add([])
    assert len(desk.staged().changes) == 2
    with pytest.raises(NotThere):
        desk.add(["never"])


def test_a_branch_that_went_on_is_not_overwritten_by_a_desk(code: GitCode) -> None:
    desk = code.desk("1", "main")
    desk.write(Write("a", b"1\n", ""))
    desk.add([])
    other, _ = code.write("main", "", Write("b", b"1\n", ""), "Quicker", ADA)
    with pytest.raises(Occupied):
        desk.save("Slower", ADA)
    assert code.resolve("main") == other


def test_a_commit_whose_maker_died_before_it_was_noted_is_made_once(
    code: GitCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = code.desk("1", "main")
    desk.write(Write("a", b"1\n", ""))
    desk.add([])
    monkeypatch.setattr(desk, "_set", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        desk.save("Add", ADA)
    first = code.resolve("main")
    assert code.desk("1", "main").save("Add", ADA) == first == code.resolve("main")


def test_a_closed_desk_is_gone(code: GitCode, repository: Repository) -> None:
    desk = code.desk("1", "main")
    desk.drop()
    with pytest.raises(NotThere):
        desk.add([])
    with pytest.raises(GitError):
        repository.resolve("refs/hive/desks/1")
