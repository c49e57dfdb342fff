"""`hive up` starts, says where it is, and refuses to start where it cannot, before it has started anything."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.up.running import Installed, eventually, stopped

pytestmark = pytest.mark.flow


def answer(hive: Installed, path: str = "/") -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", hive.state["port"], timeout=10)
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


def test_when_ready_it_says_where_it_is_how_to_sign_in_and_how_to_stop(hive: Installed) -> None:
    _, output, _ = stopped(hive.ready("usual"))
    url = next(line for line in output.splitlines() if "Dashboard" in line).split()[-1]
    assert f"{url}sign-in/?token=t0k" in output
    assert "Stop       Ctrl-C" in output
    assert "\033" not in output
    assert "prepare: done" in output


def test_the_sign_in_link_is_not_kept_in_the_log(hive: Installed) -> None:
    stopped(hive.ready("usual"))
    assert "Dashboard" in hive.log()
    assert "t0k" not in hive.log()


def test_as_json_standard_output_holds_one_object_and_nothing_else(hive: Installed) -> None:
    _, output, progress = stopped(hive.ready("usual", "--json"))
    said = json.loads(output)
    assert said["url"] == f"http://127.0.0.1:{said['port']}/"
    assert said["sign_in"] == f"{said['url']}sign-in/?token=t0k"
    assert said["pid"] == hive.started[0].pid
    assert "prepare: done" in progress


def test_children_agree_on_home_port_and_settings(hive: Installed) -> None:
    process = hive.ready("usual")
    told = answer(hive)
    assert told["HIVE_HOME"] == str(hive.home)
    assert told["HIVE_PORT"] == str(hive.state["port"])
    assert told["DJANGO_SETTINGS_MODULE"] == "hive.settings"
    stopped(process)


def test_a_relative_home_is_absolute_for_the_children(hive: Installed, tmp_path: Path) -> None:
    hive.extra["HIVE_HOME"] = os.path.relpath(hive.home)
    process = hive.ready("usual")
    assert answer(hive)["HIVE_HOME"] == str(hive.home)
    stopped(process)


def test_a_second_one_on_the_same_home_is_refused_and_told_where_the_first_is(hive: Installed) -> None:
    first = hive.ready("usual")
    complaint = hive.refused()
    assert hive.state["url"] in complaint
    assert "hive down" in complaint
    assert first.poll() is None


def test_a_busy_port_names_its_owner_and_a_free_one(hive: Installed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        complaint = hive.refused("usual", "--port", str(port))
    assert f"Port {port} is taken by process {os.getpid()}" in complaint
    assert "hive up --port" in complaint


def test_a_file_in_place_of_the_home_is_refused(hive: Installed) -> None:
    hive.home.write_text("I was here first")
    assert f"HIVE_HOME={hive.home} cannot be used" in hive.refused()
    assert hive.home.read_text() == "I was here first"


@pytest.fixture
def mounts() -> None:
    """Small and read-only file systems need a mount namespace of one's own."""
    if subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        pytest.skip("needs mount namespaces: run as root")


def on_tmpfs(hive: Installed, options: str, fill: str = "true") -> tuple[str, ...]:
    hive.home.mkdir()
    script = f'mount -t tmpfs -o {options} none "$0" && {fill} && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, str(hive.home))


def test_a_read_only_home_is_refused(hive: Installed, mounts: None) -> None:
    assert "read-only" in hive.refused(before=on_tmpfs(hive, "ro"))


def test_a_full_disk_is_refused(hive: Installed, mounts: None) -> None:
    assert "the disk is full" in hive.refused(before=on_tmpfs(hive, "size=1m", 'head -c 1m /dev/zero > "$0/big"'))


def test_a_nearly_full_disk_is_refused_with_the_room_that_is_needed(hive: Installed, mounts: None) -> None:
    complaint = hive.refused(before=on_tmpfs(hive, "size=8m"))
    assert "8 MB are free" in complaint
    assert "needs 16 MB" in complaint


def test_a_home_of_somebody_else_is_refused(hive: Installed) -> None:
    if os.getuid() != 0:
        hive.home.mkdir(mode=0o500)
        assert "no permission" in hive.refused()
        return
    # All users may read Python and the sources here, or this machine cannot show what an ordinary user sees.
    as_nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if subprocess.run([*as_nobody, "true"], capture_output=True).returncode:
        pytest.skip("needs setpriv: apt-get install util-linux")
    if subprocess.run([*as_nobody, sys.executable, "-c", "pass"], capture_output=True).returncode:
        pytest.skip("needs a Python that every user may run")
    hive.home.mkdir(mode=0o755)
    assert "no permission" in hive.refused(before=as_nobody)


def test_without_git_it_is_refused(hive: Installed, tmp_path: Path) -> None:
    hive.extra["PATH"] = str(tmp_path)
    assert "apt-get install git" in hive.refused()


def test_a_setting_that_cannot_be_read_is_refused(hive: Installed) -> None:
    hive.extra["HIVE_WORKERS"] = "many"
    assert "HIVE_WORKERS='many': use a whole number" in hive.refused()


def test_a_refused_start_leaves_the_home_free(hive: Installed) -> None:
    hive.extra["HIVE_WORKERS"] = "many"
    hive.refused()
    del hive.extra["HIVE_WORKERS"]
    stopped(hive.ready("usual"))


def test_a_failing_preparation_ends_with_its_last_words_and_1(hive: Installed) -> None:
    process = hive.up("failing_preparation")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "no such column: colour" in output
    assert "prepare: failed (exit code 3)" in output
    assert hive.left() == []


def test_an_alarm_of_a_child_is_shown(hive: Installed) -> None:
    process = hive.ready("alarming")
    eventually(lambda: "the disk is gone" in hive.log("worker"), "the line is logged")
    _, output, _ = stopped(process)
    assert "worker: 2026-01-01 00:00:00,000 ERROR apps.runs the disk is gone" in output
    assert "fine" not in output
