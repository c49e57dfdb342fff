"""What a job may do to its own files, to get at those of others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.sandbox.archives import listing, tar_of
from tests.contract.sandbox.shell import sh
from workers.sandbox import Sandbox, SandboxError, UnsafePath


def test_links_of_a_job_lead_nowhere(sandbox: Sandbox, scratch: Path) -> None:
    (scratch / "secret").write_text("secret")
    script = f"ln -s /etc/passwd a; ln -s ../.. b; ln -s {scratch}/secret c; ln -s b d; mkdir e; ln -s ../../.. e/f"
    sh(sandbox, script)
    for path in ("a", "b/etc/passwd", "c", "d/lock", "e/f/secret"):
        with pytest.raises((UnsafePath, FileNotFoundError)):
            sandbox.read(path, 100)
    export = sandbox.export(["**"])
    assert listing(export) == {"e": "/"}
    assert sorted(line.split(":")[0] for line in export.refused) == ["a", "b", "c", "d", "e/f"]


def test_writing_does_not_follow_a_jobs_links(sandbox: Sandbox, scratch: Path) -> None:
    outside = scratch / "outside"
    outside.mkdir(mode=0o777)
    sh(sandbox, f"ln -s {outside} folder; ln -s {outside}/file link")
    with pytest.raises(UnsafePath):
        sandbox.write("folder/file", b"x")
    with pytest.raises(UnsafePath):
        sandbox.unpack(tar_of({"folder/file": b"x"}))
    sandbox.write("link", b"replaced")
    assert sandbox.read("link", 100) == b"replaced"
    assert list(outside.iterdir()) == []


def test_pipes_and_sockets_of_a_job_are_not_read(sandbox: Sandbox) -> None:
    sh(
        sandbox,
        "mkfifo pipe; python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('socket')\"; echo fine > file",
    )
    with pytest.raises(UnsafePath):
        sandbox.read("pipe", 10)
    export = sandbox.export(["**"])
    assert listing(export) == {"file": b"fine\n"}
    assert {line.split(":")[0] for line in export.refused} in ({"pipe", "socket"}, {"pipe"})  # Docker drops sockets


def test_a_folder_swapped_for_a_link_while_it_is_exported(sandbox: Sandbox, scratch: Path, tmp_path: Path) -> None:
    """The job swaps the folder all the time; whatever comes out came from inside."""
    secret = scratch / "target"
    secret.mkdir(mode=0o755)
    (secret / "file").write_bytes(b"secret")
    swap = (
        "import os\nos.makedirs('real/sub')\nopen('real/file', 'w').write('inside')\n"
        f"os.symlink({os.fspath(secret)!r}, 'link')\nopen('ready', 'w').close()\n"
        "while True:\n  for old, new in ('real', 'x'), ('link', 'real'), ('real', 'link'), ('x', 'real'):\n"
        "    os.rename(old, new)\n"
    )
    running = sandbox.start(["python3", "-c", swap], log=tmp_path / "log")
    while not listing(sandbox.export(["ready"])):
        assert running.poll() is None, (tmp_path / "log").read_text()
    seen = set()
    for _ in range(30 if sandbox.kind == "docker" else 300):  # there each round is several requests
        try:
            seen.add(listing(sandbox.export(["real/**"])).get("real/file", b"inside"))
        except SandboxError:
            assert sandbox.kind == "docker"  # the engine looks twice itself, and says that it changed in between
        try:
            sandbox.write("real/sub/mine", b"mine")
            seen.add(sandbox.read("real/file", 100))
        except (UnsafePath, OSError, SandboxError):
            pass
    running.stop(0.1)
    assert seen == {b"inside"}
    assert sorted(path.name for path in secret.iterdir()) == ["file"]


def test_what_hive_puts_there_belongs_to_the_job(sandbox: Sandbox) -> None:
    sandbox.unpack(tar_of({"a/file": b"one"}))
    sandbox.write("b/file", b"two")
    assert (
        sh(sandbox, "echo more >> a/file && echo more >> b/file && touch a/new b/new && rm -r a b && echo fine").text
        == "fine\n"
    )
