from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.contract.targets.place import checkout
from workers.deployment.containers.commit import NotAFile, kept
from workers.sandbox.port import SandboxError, UnsafePath
from workers.sandbox.unpack import TooMuch

MIB = 1024 * 1024


def never() -> bool:
    return False


def linked(name: str, target: str) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        tar.addfile(entry)
    stream.seek(0)
    return stream


def test_a_context_is_what_lies_below_a_folder_and_what_is_added(tmp_path: Path) -> None:
    files = {"site/Dockerfile": "FROM x", "site/a/b": "b", "other": "o", "sitemap": "s"}
    made = io.BytesIO()
    with kept(checkout(files), tmp_path / "tmp", MIB, never) as commit:
        assert commit.text("site/Dockerfile") == "FROM x"
        commit.context("site", made, {"Dockerfile": b"FROM y"}, prefix="")
    made.seek(0)
    with tarfile.open(fileobj=made) as tar:
        assert sorted(tar.getnames()) == ["Dockerfile", "a/b"]
        entry = tar.extractfile("Dockerfile")
        assert entry
        assert entry.read() == b"FROM y"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafePath), kept(checkout({name: "x"}), tmp_path / "tmp", MIB, never):
        pass
    assert list(tmp_path.iterdir()) == []


def test_too_many_bytes_and_what_is_no_tar_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooMuch), kept(checkout({"a": "x" * MIB}), tmp_path / "tmp", MIB // 2, never):
        pass
    with pytest.raises(SandboxError), kept(io.BytesIO(b"not a tar" * 1000), tmp_path / "tmp", MIB, never):
        pass


def test_a_link_is_no_text_to_be_read(tmp_path: Path) -> None:
    with kept(linked("Dockerfile", "/etc/passwd"), tmp_path / "tmp", MIB, never) as commit:
        with pytest.raises(NotAFile, match="no plain file"):
            commit.text("Dockerfile")
        with pytest.raises(NotAFile, match="There is no file 'x'"):
            commit.text("x")
