"""Uploads: archives and bundles, honest and hostile."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from apps.projects.code import CodeError, Person, TooMuch
from tests.servers.git import git
from workers.code.repository import GitCode
from workers.code.taking import take
from workers.repo.repository import Repository

ADA = Person("Ada", "ada@example.org")
LIMIT = 50 * 1024 * 1024
Files = Mapping[str, str]


def a_tar(files: Files, mode: str = "w:gz") -> io.BytesIO:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode=mode) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    found.seek(0)
    return found


def a_zip(files: Files, **kinds: int) -> io.BytesIO:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            entry.external_attr = kinds.get(name, stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    found.seek(0)
    return found


@pytest.fixture
def bring(repository: Repository, tmp_path: Path):
    (tmp_path / "scratch").mkdir()

    def bring(upload: io.BytesIO, limit: int = LIMIT, branch: str = "main") -> tuple[str, list[str]]:
        try:
            return take(repository, upload, branch, tmp_path / "scratch", limit).bring("Upload", ADA)
        finally:
            assert not list((tmp_path / "scratch").iterdir())

    return bring


@pytest.mark.parametrize("make", [a_tar, a_zip, lambda files: a_tar(files, "w"), lambda files: a_tar(files, "w:xz")])
def test_an_archives_files_become_a_commit(code: GitCode, bring, make) -> None:
    before = code.resolve("main")
    commit, notes = bring(make({"x/app.py": "1\n", "x/docs/a b.md": "2\n", "x/.gitignore": "*.md\n"}))
    assert [one.path for one in code.entries(commit, "", 9)] == ["docs", ".gitignore", "app.py"]
    assert code.log(commit, "", 0, 1)[0].parents == [before]
    assert (code.resolve("main"), notes) == (commit, [])
    assert bring(make({"x/app.py": "1\n", "x/docs/a b.md": "2\n", "x/.gitignore": "*.md\n"}))[0] == commit


def test_an_archives_own_git_folder_is_left_out(code: GitCode, bring) -> None:
    files = {"a": "1", ".git/config": "[core]\nfsmonitor=x", "sub/.GIT/hooks/x": "2", "sub/.git": "gitdir: /etc"}
    commit, notes = bring(a_tar(files))
    assert [one.path for one in code.entries(commit, "", 9)] == ["a"]
    assert notes == ["3 × .git was left out; history comes in a git bundle."]


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "a\0b"])
@pytest.mark.parametrize("make", [a_tar, a_zip])
def test_a_path_that_leads_out_is_refused(code: GitCode, bring, make, name: str) -> None:
    before = code.resolve("main")
    if name == "a\0b":
        name = "..\\..\\out/../../x"
    with pytest.raises(CodeError):
        bring(make({name: "1"}))
    assert code.resolve("main") == before


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_kept(code: GitCode, bring) -> None:
    link = stat.S_IFLNK | 0o777
    with pytest.raises(CodeError, match="leads outside"):
        bring(a_zip({"link": "../../etc/passwd"}, link=link))
    commit, _ = bring(a_zip({"link": "file", "file": "1"}, link=link))
    assert [(one.path, one.kind) for one in code.entries(commit, "", 9)] == [("file", "file"), ("link", "link")]


def test_a_device_is_refused(bring) -> None:
    with pytest.raises(CodeError, match="device"):
        bring(a_zip({"null": ""}, null=stat.S_IFCHR | 0o666))


@pytest.mark.parametrize("make", [a_tar, a_zip])
def test_a_bomb_is_refused(bring, make) -> None:
    with pytest.raises(TooMuch):
        bring(make({"zeros": "0" * 60_000_000}))


def test_a_zip_that_lies_about_its_sizes_is_refused(bring) -> None:
    data = bytearray(a_zip({"a": "x" * 5000}).getvalue())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(CodeError):
        bring(io.BytesIO(bytes(data)))


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"PK\x03\x04", b"\x1f\x8b\x08", bytes(range(1, 256)) * 9, b"# v2 git bundle\nx"]
)
def test_what_is_no_archive_is_refused(bring, data: bytes) -> None:
    with pytest.raises(CodeError):
        bring(io.BytesIO(data))


def a_bundle(tmp_path: Path, branch: str = "main", *more: str) -> io.BytesIO:
    work = tmp_path / "elsewhere"
    git("init", "--quiet", f"--initial-branch={branch}", work)
    for number in range(3):
        (work / "file").write_text(f"{number}\n")
        git("add", "--all", cwd=work)
        git("commit", "--quiet", "-m", f"Commit {number}", cwd=work)
    for name in more:
        git("branch", name, cwd=work)
    git("bundle", "create", "--quiet", tmp_path / "x.bundle", "--branches", "HEAD", cwd=work)
    return io.BytesIO((tmp_path / "x.bundle").read_bytes())


def test_a_bundle_brings_its_history_and_what_was_there_is_kept(code: GitCode, bring, tmp_path: Path) -> None:
    before = code.resolve("main")
    commit, notes = bring(a_bundle(tmp_path, "trunk", "fix/one", "hive/run-1"))
    assert [one.message for one in code.log(commit, "", 0, 9)] == ["Commit 2", "Commit 1", "Commit 0"]
    assert code.resolve("main") == commit == code.resolve("fix/one")
    assert code.resolve(f"hive/kept/{before[:12]}") == before
    assert [note for note in notes if "hive/run-1" in note]


def test_a_bundle_with_a_dangerous_tree_is_refused(code: GitCode, bring, tmp_path: Path) -> None:
    work = tmp_path / "evil.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", work)
    blob = git("hash-object", "-w", "--stdin", cwd=work, stdin=b"x")
    inner = git("mktree", cwd=work, stdin=f"100644 blob {blob}\tconfig\n".encode())
    raw = b"40000 .git\0" + bytes.fromhex(inner)
    tree = git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", cwd=work, stdin=raw)
    git("update-ref", "refs/heads/main", git("commit-tree", tree, "-m", "x", cwd=work), cwd=work)
    git("bundle", "create", "--quiet", tmp_path / "evil", "--branches", cwd=work)
    before = code.resolve("main")
    with pytest.raises(CodeError):
        bring(io.BytesIO((tmp_path / "evil").read_bytes()))
    assert code.resolve("main") == before
