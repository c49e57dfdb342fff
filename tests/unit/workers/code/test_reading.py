"""Files, folders, history and differences are read out of git's objects, bounded, and by safe names."""

from __future__ import annotations

import pytest

from apps.projects.code import BadName, NotThere, Person, Write
from tests.servers.git import git
from tests.unit.workers.repo.author import write
from workers.code import reading
from workers.code.repository import GitCode
from workers.repo.repository import Repository

PATHS = ["..", "../x", "app/../../x", "a//b", "/../x", ".git/config", "app/.GIT/x", "git~1/x", ".git .", "a\0b", "a\nb"]
MORE = ["./README", "app/.", "a\u200d/b", ".g\u200cit/config", "x" * 256, "a/" * 600 + "b", "a\\b", "\ud800"]


def test_a_folder_is_listed_folders_first(code: GitCode) -> None:
    main = code.resolve("main")
    assert [(one.path, one.kind, one.size_bytes) for one in code.entries(main, "", 10)] == [
        ("app", "folder", None),
        ("README", "file", 7),
    ]
    assert [one.path for one in code.entries(main, "app/", 10)] == ["app/main.py"]


def test_a_file_is_read_whole_or_in_part(code: GitCode) -> None:
    file = code.file(code.resolve("main"), "app/main.py")
    assert b"".join(file.read(0, file.size_bytes)) == b"print(2)\n"
    assert b"".join(file.read(6, 7)) == b"2"


@pytest.mark.parametrize("path", [*PATHS, *MORE])
def test_a_path_that_leads_out_or_is_gits_own_is_refused(code: GitCode, path: str) -> None:
    main = code.resolve("main")
    for ask in (lambda: code.file(main, path), lambda: code.entries(main, path, 1), lambda: code.log(main, path, 0, 1)):
        with pytest.raises(BadName):
            ask()


@pytest.mark.parametrize("path", ["nothing", "app/nothing", "README/x", "app/main.py/x", ":(top)README", "*"])
def test_a_path_that_is_not_there_is_not_there(code: GitCode, path: str) -> None:
    with pytest.raises(NotThere):
        code.file(code.resolve("main"), path)


@pytest.mark.parametrize("ref", ["--upload-pack=id", "-h", "main..", "main~1", "main^{tree}", "HEAD@{0}", "a b", "x\0"])
def test_what_is_no_ref_is_refused(code: GitCode, ref: str) -> None:
    with pytest.raises(BadName):
        code.resolve(ref)


def test_hives_own_refs_cannot_be_named(code: GitCode, repository: Repository) -> None:
    git("update-ref", "refs/hive/desks/1", "main", cwd=repository.path)
    for ref in ("hive/desks/1", "refs/hive/desks/1", "nothing", "0" * 40):
        with pytest.raises(NotThere):
            code.resolve(ref)
    assert [one.name for one in code.branches(10)] == ["main"]


def test_a_link_is_shown_and_not_followed(code: GitCode, repository: Repository) -> None:
    blob = git("hash-object", "-w", "--stdin", cwd=repository.path, stdin=b"/etc/passwd")
    tree = git("mktree", cwd=repository.path, stdin=f"120000 blob {blob}\tlink\n".encode())
    commit = repository.write_commit(tree, [], "Link")
    assert [(one.path, one.kind) for one in code.entries(commit, "", 10)] == [("link", "link")]
    with pytest.raises(BadName, match="is a link"):
        code.file(commit, "link")
    with pytest.raises(NotThere):
        code.file(commit, "link/passwd")


def test_history_is_told_in_pages_of_everything_or_of_one_file(code: GitCode) -> None:
    main = code.resolve("main")
    assert [one.message for one in code.log(main, "", 0, 10)] == ["Write", "Write", "Begin"]
    assert [one.commit for one in code.log(main, "", 1, 1)] == list(code.log(main, "", 0, 1)[0].parents)
    assert len(code.log(main, "README", 0, 10)) == 1


def test_a_difference_has_files_lines_and_text(code: GitCode, repository: Repository) -> None:
    main = code.resolve("main")
    head = write(repository, main, {"app/main.py": "print(3)\n", "new": "1\n2\n"})
    found = code.diff(main, head, "")
    assert [(one.path, one.change, one.added, one.removed) for one in found.changes] == [
        ("app/main.py", "M", 1, 1),
        ("new", "A", 2, 0),
    ]
    assert "+print(3)" in found.text
    assert [one.path for one in code.diff(main, head, "new").changes] == ["new"]


def test_a_huge_difference_is_cut_and_said_to_be(code: GitCode, repository: Repository) -> None:
    main = code.resolve("main")
    head = write(repository, main, {"big": "line\n" * 400_000, **{f"f{number}": "1" for number in range(1005)}})
    found = code.diff(main, head, "")
    assert found.cut
    assert len(found.text) <= reading.DIFF_BYTES
    assert len(found.changes) == reading.CHANGES


def test_a_folder_of_very_many_files_is_listed_up_to_a_bound(code: GitCode, repository: Repository) -> None:
    head = write(repository, "main", {f"many/{number}": "1" for number in range(50)})
    assert len(code.entries(head, "many", 20)) == 21


def test_no_difference_shows_a_secret_and_files_are_what_they_are(repository: Repository) -> None:
    code = GitCode(repository, lambda: ["hunter2-hunter2"])
    code.make_branch("work", "main")
    desk = code.desk("1", "work")
    desk.write(Write("config", b"TOKEN=hunter2-hunter2\n", ""))
    assert "+TOKEN=[masked]\n" in desk.changed().text
    desk.add([])
    assert "+TOKEN=[masked]\n" in desk.staged().text
    commit = desk.save("Config", Person("Ada"))
    assert "+TOKEN=[masked]\n" in code.diff("main", commit, "").text
    assert b"".join(code.file(commit, "config").read(0, 50)) == b"TOKEN=hunter2-hunter2\n"
