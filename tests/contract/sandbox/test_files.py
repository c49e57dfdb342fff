"""Files go in and come out, and no path leads out of the workspace. The fake keeps the same promises."""

from __future__ import annotations

import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.sandbox.archives import listing, tar_of, tar_with
from tests.contract.sandbox.conftest import KINDS, OpenSandbox, need
from workers.sandbox import Limits, Sandbox, SandboxError, UnsafePath, open_sandbox
from workers.sandbox.chunks import as_file
from workers.sandbox.fake import FakeSandbox
from workers.sandbox.unpack import TooMuch

ESCAPES = [
    "../outside",
    "/etc/passwd",
    "a/../../outside",
    "/workspace/../etc/passwd",
    "a\0b",
    "/workspaces/x",
    "../" * 9,
]


@pytest.fixture(params=[*KINDS, "fake"])
def box(request: pytest.FixtureRequest, scratch: Path) -> Iterator[Sandbox]:
    with ExitStack() as stack:
        if request.param == "fake":
            yield stack.enter_context(FakeSandbox())
        elif request.param == "docker":
            yield request.getfixturevalue("docker_box")
        else:
            need(request.param)
            yield stack.enter_context(open_sandbox(request.param, scratch=scratch, label="files"))


@pytest.fixture(scope="module")
def one_docker_box() -> Iterator[Sandbox]:
    need("docker")
    with tempfile.TemporaryDirectory() as scratch, open_sandbox("docker", scratch=Path(scratch), label="files") as box:
        yield box


@pytest.fixture
def docker_box(one_docker_box: Sandbox) -> Sandbox:
    """The same container for all tests here, with nothing in its workspace."""
    wipe = "find . -mindepth 1 -delete"
    assert one_docker_box.run(["sh", "-c", wipe], timeout_s=60, on_output=lambda _data: None).ok
    return one_docker_box


def test_what_is_written_is_read(box: Sandbox) -> None:
    box.write("a/b/file", b"one")
    box.write("/workspace/a/b/file", b"two")
    assert box.read("a/b/file", 100) == box.read("/workspace/./a//b/file", 100) == b"two"


def test_reading_is_bounded(box: Sandbox) -> None:
    box.write("file", b"x" * 1000)
    assert box.read("file", 10) == b"x" * 10


def test_reading_what_is_no_file_says_so(box: Sandbox) -> None:
    box.write("folder/file", b"")
    with pytest.raises(FileNotFoundError):
        box.read("missing", 10)
    with pytest.raises(IsADirectoryError):
        box.read("folder", 10)


@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out(box: Sandbox, path: str) -> None:
    with pytest.raises(UnsafePath):
        box.read(path, 10)
    with pytest.raises(UnsafePath):
        box.write(path, b"intruder")
    with pytest.raises(UnsafePath):
        box.unpack(tar_of({path: b"intruder"}) if "\0" not in path else tar_of({"../x": b""}))
    with pytest.raises(UnsafePath):
        listing(box.export([path]))


def test_a_tar_goes_in_and_comes_out(box: Sandbox) -> None:
    box.unpack(tar_of({"src/index.html": b"<p>", "src/posts/one.md": b"# One", "run-tests.sh": b"#!/bin/sh"}, 0o755))
    assert listing(box.export(["src", "*.sh"])) == {
        "src": "/",
        "src/index.html": b"<p>",
        "src/posts": "/",
        "src/posts/one.md": b"# One",
        "run-tests.sh": b"#!/bin/sh",
    }


def test_unpacking_replaces_files(box: Sandbox) -> None:
    box.unpack(tar_of({"file": b"old", "other": b"kept"}))
    box.unpack(tar_of({"file": b"new"}))
    assert (box.read("file", 10), box.read("other", 10)) == (b"new", b"kept")


def test_a_stream_can_be_passed_on(box: Sandbox, tmp_path: Path) -> None:
    box.unpack(tar_of({f"file{number}": b"x" * 70_000 for number in range(20)}))
    with FakeSandbox() as other:
        other.unpack(as_file(box.export(["**"])))
        assert other.read("file19", 100_000) == b"x" * 70_000


def test_what_did_not_change_since_is_listed_and_not_sent(box: Sandbox) -> None:
    box.unpack(tar_of({"a/old": b"old", "a/new": b"old", "gone": b""}))
    time.sleep(0.05)
    since = time.time_ns()
    time.sleep(0.05)
    box.write("a/new", b"new")
    export = box.export(["**"], since_ns=since)
    sent = {name: data for name, data in listing(export).items() if data != "/"}
    assert sent["a/new"] == b"new"
    assert sent == {"a/new": b"new"} or box.kind == "docker"  # its engine cannot tell, and sends all
    assert export.names == {"a": "folder", "a/old": "file", "a/new": "file", "gone": "file"}


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["**/*.xml"], {"report.xml", "a/report.xml", "a/b/deep.xml"}),
        (["*.xml"], {"report.xml"}),
        (["a/*.xml"], {"a/report.xml"}),
        (["a/**/*.xml"], {"a/report.xml", "a/b/deep.xml"}),
        (["a/b"], {"a/b", "a/b/deep.xml", "a/b/notes.txt"}),
        (["/workspace/a/b/*.txt", "none*"], {"a/b/notes.txt"}),
        (["nothing"], set()),
        ([], set()),
    ],
)
def test_globs_choose_what_comes_out(box: Sandbox, globs: list[str], expected: set[str]) -> None:
    box.unpack(tar_of(dict.fromkeys(["report.xml", "a/report.xml", "a/b/deep.xml", "a/b/notes.txt"], b"")))
    assert set(listing(box.export(globs))) == expected


def test_long_and_odd_names_survive(box: Sandbox) -> None:
    names = ["ü/🐝.txt", "-rf", "with space", "new\nline", "x" * 200, "/".join(["deep" * 20] * 10)]
    box.unpack(tar_of({name: name.encode() for name in names}))
    out = listing(box.export(["**"]))
    assert {name: out[name] for name in names} == {name: name.encode() for name in names}


DEVICE, PIPE, LINK, HARD = tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("device", DEVICE, "")],
        [("block", tarfile.BLKTYPE, "")],
        [("pipe", PIPE, "")],
        [("link", LINK, "/etc/passwd")],
        [("link", LINK, "../outside")],
        [("a/link", LINK, "b/../../../outside")],
        [("hard", HARD, "/etc/passwd")],
        [("hard", HARD, "../../etc/passwd")],
        [("link", LINK, "target"), ("link/file", tarfile.REGTYPE, "")],
        [("folder", LINK, "."), ("folder/x", LINK, "../..")],
        [("a/b/c/up", LINK, "../../.."), ("out", LINK, "a/b/c/up/../x")],
        [("link", LINK, "elsewhere"), ("hard", HARD, "link")],
        [("loop", LINK, "loop")],
        [(".", LINK, "x")],
    ],
)
def test_what_is_no_file_or_leads_out_is_refused(box: Sandbox, members: list[tuple[str, bytes, str]]) -> None:
    with pytest.raises((UnsafePath, FileNotFoundError)):
        box.unpack(tar_with(*members))


def test_links_that_stay_inside_are_kept(box: Sandbox) -> None:
    box.unpack(tar_of({"build-3/index.html": b"<p>"}))
    box.unpack(
        tar_with(("latest", LINK, "build-3"), ("build-3/self", LINK, "../latest/index.html"), ("nowhere", LINK, "x"))
    )
    assert box.read("latest/index.html", 10) == box.read("build-3/self", 10) == b"<p>"
    assert listing(box.export(["latest", "nowhere"])) == {"latest": "→ build-3", "nowhere": "→ x"}


def test_hard_links_inside_are_kept(box: Sandbox) -> None:
    box.unpack(tar_of({"one": b"1"}))
    box.unpack(tar_with(("two", HARD, "one")))
    assert box.read("two", 10) == b"1"


def test_what_is_no_tar_is_said_so(box: Sandbox) -> None:
    whole = tar_of({"file": b"x" * 10_000}).read()
    for broken in (b"binary junk" * 100, whole[:5000]):
        with tempfile.TemporaryFile() as file:
            file.write(broken)
            file.seek(0)
            with pytest.raises(SandboxError, match="tar"):
                box.unpack(file)


def test_a_bomb_is_stopped(kind: str, scratch: Path) -> None:
    bomb = tempfile.TemporaryFile()  # noqa: SIM115
    with tarfile.open(fileobj=bomb, mode="w:gz") as archive:
        member = tarfile.TarInfo("zeros")
        member.size = 100 * 2**20
        with Path("/dev/zero").open("rb") as zeros:
            archive.addfile(member, zeros)
    bomb.seek(0)
    with (
        open_sandbox(kind, scratch=scratch, label="bomb", limits=Limits(disk_bytes=2**30)) as sandbox,
        pytest.raises(TooMuch, match="times"),
    ):
        sandbox.unpack(bomb)


def test_more_than_the_disk_limit_is_not_unpacked(open_here: OpenSandbox) -> None:
    sandbox = open_here(disk_bytes=2**20)
    with pytest.raises(TooMuch):
        sandbox.unpack(tar_of({"big": bytes(2 * 2**20)}))


def test_set_user_id_bits_do_not_get_in(box: Sandbox) -> None:
    box.unpack(tar_of({"program": b"#!/bin/sh"}, mode=0o6755))
    with tarfile.open(fileobj=as_file(box.export(["program"])), mode="r|") as archive:
        assert [member.mode for member in archive] == [0o755]
