"""A folder as a package: what git would leave out is left out, and the same files are the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from hive.ci.ignore import is_ignored, parse
from hive.ci.pack import CannotPack, files_of, pack

TREE = [
    *(
        "a.py",
        "b.pyc",
        "build/x",
        "build/keep/y",
        "docs/build/z",
        "node_modules/m/i.js",
    ),
    *(
        "src/a.py",
        "src/gen/b.py",
        "src/gen/keep.me",
        "log.txt",
        "logs/1.txt",
        "logs/2.log",
    ),
    *(
        "x/logs/3.log",
        ".env",
        ".hidden/a",
        "deep/a/b/c/d.tmp",
        "deep/d.tmp",
        "[a].txt",
    ),
    *(
        "a.txt",
        "#hash",
        "!bang",
        "foo/bar/baz.o",
        "foo/baz.o",
        "tail/**",
    ),
    *(
        "UPPER.LOG",
        "ä.txt",
    ),
]
RULES = {
    ".gitignore": "\n".join(
        [
            *(
                "*.pyc",
                "/build",
                "!build/keep",
                "node_modules/",
                "# comment",
                "",
                "*.log",
                "!2.log",
                "src/gen/*",
                "!src/gen/keep.me",
            ),
            *(
                "deep/**/d.tmp",
                "\\#hash",
                "\\!bang",
                "[[]a].txt",
                "foo/**/baz.o",
                "tail/**",
                ".env",
                "log?/",
                "trailing   ",
            ),
            *("[!a-z].none", "a[", "**/nothing", "/**/ä.tx?"),
        ]
    ),
    "docs/.gitignore": "build/\n!/build\n",
    "x/.gitignore": "!3.log\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name, text in RULES.items():
        (root / name).write_text(text)
    return root


def test_what_is_packed_is_what_git_would_take(tree: Path) -> None:
    git = ["git", "-C", str(tree), "-c", "core.quotepath=off", "-c", "core.excludesfile=/dev/null"]
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    said = subprocess.run([*git, "ls-files", "-coz", "--exclude-standard"], check=True, capture_output=True)
    expected = sorted(said.stdout.decode().rstrip("\0").split("\0"))
    assert sorted(one.path for one in files_of(tree)) == expected
    assert ".git/HEAD" not in expected


def test_hiveignore_has_the_last_word(tree: Path) -> None:
    (tree / ".hiveignore").write_text("*.py\n!node_modules/\n")
    found = {one.path for one in files_of(tree)}
    assert "a.py" not in found
    assert "node_modules/m/i.js" in found


@pytest.mark.parametrize("line", ["", "#", "!", "/", "//", "[z-a]", "\\", "   "])
def test_a_line_that_says_nothing_ignores_nothing(line: str) -> None:
    rule = parse(line)
    assert rule is None or not is_ignored("a", [rule], is_folder=False)


def test_the_same_files_are_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    def packed(root: Path) -> bytes:
        out = io.BytesIO()
        pack(root, out)
        return out.getvalue()

    first = packed(tree)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(tree), str(copy)], check=True)
    for place in copy.rglob("*"):
        os.utime(place, (1, 1))
        place.chmod(place.stat().st_mode & ~0o077)
    assert packed(copy) == first
    assert b"copy" not in gzip.decompress(first)[:512]


def test_a_package_says_what_it_is_and_keeps_what_can_be_run(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o700)
    (tmp_path / "link").symlink_to("run.sh")
    out = io.BytesIO()
    said = pack(tmp_path, out)
    assert (said.entries, said.size_bytes) == (2, len(out.getvalue()))
    assert said.sha256 == hashlib.sha256(out.getvalue()).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        (link, run) = tar.getmembers()
        assert (link.linkname, run.mode, run.uid, run.uname) == ("run.sh", 0o755, 0, "")


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside"])
def test_a_link_that_leads_out_is_refused_by_name(tmp_path: Path, target: str) -> None:
    (tmp_path / "bad").symlink_to(target)
    with pytest.raises(CannotPack, match=r"bad is a link .*\.hiveignore"):
        pack(tmp_path, io.BytesIO())


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a").write_text("a")
    assert [one.path for one in files_of(tmp_path)] == ["a"]
