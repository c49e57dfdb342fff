"""When the machine itself is the trouble: which part, and what to do."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sandbox.archives import tar_of
from tests.contract.sandbox.shell import py, run, sh
from workers.sandbox import Ended, Limits, SandboxError, best_kind, kinds, open_sandbox
from workers.sandbox.kinds import _probe


@pytest.fixture
def small_disk(scratch: Path, as_root: None) -> Iterator[Path]:
    """A tmpfs of 2 MiB."""
    folder = scratch / "small"
    folder.mkdir(mode=0o711)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=711", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_named_when_files_go_in(kind: str, small_disk: Path) -> None:
    with open_sandbox(kind, scratch=small_disk, label="full") as sandbox:
        with pytest.raises(SandboxError, match=r"No space left.*Free some space") as caught:
            sandbox.unpack(tar_of({"big": bytes(4 * 2**20)}))
        assert not caught.value.permanent
        with pytest.raises(SandboxError, match="No space left"):
            sandbox.write("big", bytes(4 * 2**20))
        assert run(sandbox, "true").result.ok
    assert list(small_disk.iterdir()) == []


def test_a_command_that_fills_the_disk_is_red_and_the_sandbox_goes_on(local_kind: str, small_disk: Path) -> None:
    with open_sandbox(local_kind, scratch=small_disk, label="full") as sandbox:
        seen = sh(sandbox, "dd if=/dev/zero of=big bs=1M count=10")
        assert seen.result.exit_code == 1
        assert "No space left" in seen.text
        assert sh(sandbox, "rm big && echo room").text == "room\n"


def test_a_disk_without_room_for_a_sandbox_is_named(kind: str, small_disk: Path) -> None:
    with contextlib.suppress(OSError):  # full, as it should be
        (small_disk / "ballast").write_bytes(bytes(4 * 2**20))
    with pytest.raises(SandboxError, match="No space left"), open_sandbox(kind, scratch=small_disk, label="none"):
        pass
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_scratch_that_is_no_folder_is_named(kind: str, scratch: Path) -> None:
    (scratch / "file").write_text("")
    with pytest.raises(SandboxError, match="file"), open_sandbox(kind, scratch=scratch / "file", label="a"):
        pass


@pytest.mark.usefixtures("as_root")
def test_root_in_a_folder_of_its_own_still_works_and_is_warned(scratch: Path) -> None:
    """Nobody else could enter the workspace, so commands stay root; a fork bomb is then for the watcher alone."""
    (scratch / "closed").mkdir(mode=0o700)
    limits = Limits(processes=40)
    with open_sandbox("process", scratch=scratch / "closed", label="a", limits=limits) as sandbox:
        assert "root" in sandbox.warning
        assert sh(sandbox, "id -u; touch file; ls").text == "0\nfile\n"
        bomb = "import os, time\nfor _ in range(200):\n  if os.fork() == 0:\n    time.sleep(600)\ntime.sleep(600)"
        assert py(sandbox, bomb).result.ended is Ended.TOO_MANY_PROCESSES


@pytest.mark.parametrize("label", ["", ".", "..", "a/b", ".hidden", "x" * 65, "a b", "-x"])
def test_a_label_is_a_plain_name(kind: str, scratch: Path, label: str) -> None:
    with pytest.raises(SandboxError, match="label"):
        open_sandbox(kind, scratch=scratch, label=label)


def test_an_unknown_kind_is_told_with_those_there_are(scratch: Path) -> None:
    with pytest.raises(SandboxError, match=r"'vm'.*bubblewrap, docker, process"):
        open_sandbox("vm", scratch=scratch, label="a")


def test_without_bubblewrap_the_report_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    _probe.cache_clear()
    try:
        report = next(report for report in kinds() if report.kind == "bubblewrap")
        assert not report.usable
        assert "apt-get install bubblewrap" in report.why
    finally:
        _probe.cache_clear()


def test_a_bubblewrap_that_may_not_make_namespaces_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    _probe.cache_clear()
    try:
        report = next(report for report in kinds() if report.kind == "bubblewrap")
        assert not report.usable
        assert "sysctl" in report.why
        assert best_kind() == "process"
    finally:
        _probe.cache_clear()


def test_a_path_too_long_for_a_socket_says_what_to_give(scratch: Path, bubblewrap: str) -> None:
    deep = scratch / ("long" * 30)
    deep.mkdir()
    with (
        open_sandbox(bubblewrap, scratch=deep, label="a") as sandbox,
        pytest.raises(SandboxError, match="sockets"),
    ):
        sandbox.start(["true"], port=8080, log=scratch / "log")
    with open_sandbox(bubblewrap, scratch=deep, label="a", sockets=scratch) as sandbox:
        running = sandbox.start(["true"], port=8080, log=scratch / "log")
        assert running.address is not None
        assert Path(running.address[1]).parent == scratch


def test_a_broken_tar_stream_is_no_fault_of_the_disk(kind: str, scratch: Path) -> None:
    with open_sandbox(kind, scratch=scratch, label="a") as sandbox, pytest.raises(SandboxError, match="tar"):
        sandbox.unpack(io.BytesIO(b""))
