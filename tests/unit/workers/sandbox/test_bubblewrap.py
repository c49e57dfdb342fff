from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.sandbox import bubblewrap
from workers.sandbox.folders import Folders
from workers.sandbox.identity import User
from workers.sandbox.port import Limits, SandboxError

OLD, NEW = "--tmpfs DEST --perms OCTAL", "--size BYTES --disable-userns"
JOB = User(0x70000001, 0x70000001)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    made = Folders(tmp_path, "label")
    made.make(None)
    yield made
    made.remove()


@pytest.fixture(autouse=True)
def bwrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda _name: "/usr/bin/bwrap")
    monkeypatch.setattr(bubblewrap, "_options", lambda _bwrap: NEW)


def pairs(argv: list[str]) -> set[tuple[str, str]]:
    return set(itertools.pairwise(argv))


def test_a_tmpfs_is_never_without_a_size(folders: Folders) -> None:
    argv = bubblewrap.arrange(folders, Limits(tmp_bytes=4096), None).argv
    places = [index for index, word in enumerate(argv) if word == "--tmpfs"]
    assert [argv[index - 2] for index in places] == ["--size"] * 2
    assert [argv[index + 1] for index in places] == ["/dev/shm", "/tmp"]


def test_an_older_bwrap_that_knows_no_size_puts_them_on_disk(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_options", lambda _bwrap: OLD)
    setup = bubblewrap.arrange(folders, Limits(), None)
    assert not {"--tmpfs", "--size", "--disable-userns"} & set(setup.argv)
    assert setup.on_disk == ["/workspace", "/home/job", "/tmp", "/dev/shm"]
    assert setup.in_memory == []


def test_the_network_is_shared_only_when_it_is_asked_for(folders: Folders) -> None:
    closed = bubblewrap.arrange(folders, Limits(), None)
    shared = bubblewrap.arrange(folders, Limits(network=True), None)
    assert "--unshare-net" in closed.argv
    assert "/etc/resolv.conf" not in closed.argv
    assert closed.own_loopback
    assert "--unshare-net" not in shared.argv
    assert "/etc/resolv.conf" in shared.argv
    assert not shared.own_loopback


def test_all_capabilities_are_dropped_before_some_are_kept_for_root(folders: Folders) -> None:
    argv = bubblewrap.arrange(folders, Limits(), JOB).argv
    assert argv.index("--cap-drop") < (argv.index("--cap-add") if "--cap-add" in argv else len(argv))
    assert "--unshare-user" not in argv
    ordinary = bubblewrap.arrange(folders, Limits(), None).argv
    assert "--cap-add" not in ordinary
    assert {("--unshare-user", "--uid"), ("--uid", "1000")} <= pairs(ordinary)


def test_only_capabilities_that_hive_holds_are_asked_for() -> None:
    assert set(bubblewrap._held({"CAP_SETUID": 7, "NO_SUCH": 63})) <= {"CAP_SETUID"}


def test_the_way_to_every_mount_is_open(folders: Folders) -> None:
    """bwrap closes the folders that it makes by itself; the job, under another user, could not pass."""
    argv = bubblewrap.arrange(folders, Limits(), JOB).argv
    made = {argv[index + 1] for index, word in enumerate(argv) if word == "--dir"}
    assert {"/etc", "/etc/ssl", "/home", "/run", "/run/hive"} <= made


def test_the_root_is_closed_last(folders: Folders) -> None:
    argv = bubblewrap.arrange(folders, Limits(), None).argv
    end = argv[: argv.index("--")]
    assert end[-4:] == ["--remount-ro", "/", "--chdir", "/"]
    assert ("--remount-ro", "/dev") in pairs(end)


def test_nothing_of_a_home_but_python_itself_is_shown(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    home = "/home/somebody"
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(sys, "base_prefix", f"{home}/.pyenv/versions/3.11")
    argv = bubblewrap.arrange(folders, Limits(), None).argv
    shown = [word for index, word in enumerate(argv) if argv[index - 1].endswith("bind") and word.startswith(home)]
    assert shown == [f"{home}/.pyenv/versions/3.11"]


def test_a_python_that_is_the_home_is_refused(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr(sys, "base_prefix", "/home/somebody")
    with pytest.raises(SandboxError, match="must not show"):
        bubblewrap.arrange(folders, Limits(), None)


def test_no_file_of_etc_that_could_hold_a_secret() -> None:
    secrets = {"shadow", "passwd", "ssh", "ssl", "ssl/private", "gitconfig", "environment", "hosts", "sudoers", "pki"}
    assert not secrets & set(bubblewrap._ETC)


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "AppArmor"),
        ("bwrap: No permissions to create new namespace", "unprivileged_userns_clone=1"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "container"),
        ("something else", "something else"),
    ],
)
def test_a_complaint_comes_with_advice(complaint: str, advice: str) -> None:
    hint = bubblewrap._hint(complaint)
    assert complaint in hint
    assert advice in hint


def test_synthetic_files_name_the_jobs_user(folders: Folders) -> None:
    bubblewrap.arrange(folders, Limits(), JOB)
    assert f"job:x:{JOB.uid}:" in (folders.etc / "passwd").read_text()
    assert os.access(folders.etc / "passwd", os.R_OK)
