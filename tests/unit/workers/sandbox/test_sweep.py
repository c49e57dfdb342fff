from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from workers.sandbox.folders import Folders
from workers.sandbox.sweep import sweep_stale


def dead(scratch: Path, label: str) -> Folders:
    """A sandbox's folder whose owner is gone."""
    folders = Folders(scratch, label)
    folders.make(None)
    folders._let_go()
    return folders


def test_what_nobody_holds_is_removed_and_told(tmp_path: Path) -> None:
    dead(tmp_path, "one")
    dead(tmp_path, "two")
    held = Folders(tmp_path, "held")
    held.make(None)
    assert sweep_stale(tmp_path, live_labels=["two"]) == ["one"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["held", "two"]


def test_only_processes_with_the_very_cookie_are_killed(tmp_path: Path) -> None:
    """Another Hive on the machine may use the same label."""
    folders = dead(tmp_path, "job-1")
    ours, theirs = (
        subprocess.Popen(["sleep", "600"], env={"HIVE_SANDBOX": cookie}) for cookie in (folders.cookie, "job-1")
    )
    try:
        assert sweep_stale(tmp_path) == ["job-1"]
        assert ours.wait(30) == -9
        assert theirs.poll() is None
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()


def test_a_folder_whose_maker_died_halfway_goes_after_a_while(tmp_path: Path) -> None:
    for name in (".new-old", ".new-fresh"):
        (tmp_path / name).mkdir()
    old = time.time() - 3600
    os.utime(tmp_path / ".new-old", (old, old))
    assert sweep_stale(tmp_path) == [".new-old"]
    assert [path.name for path in tmp_path.iterdir()] == [".new-fresh"]


def test_two_sweeps_at_once_do_not_quarrel(tmp_path: Path) -> None:
    for number in range(10):
        dead(tmp_path, f"job-{number}")
    script = (
        "import sys; from pathlib import Path; from workers.sandbox import sweep_stale; sweep_stale(Path(sys.argv[1]))"
    )
    root = Path(__file__).parents[4]
    sweeps = [subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=root) for _ in range(2)]
    assert [sweep.wait(60) for sweep in sweeps] == [0, 0]
    assert list(tmp_path.iterdir()) == []
