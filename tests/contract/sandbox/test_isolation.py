"""What a job can see and touch. Most of it is a promise of the kinds that isolate."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.contract.sandbox.conftest import OpenSandbox
from tests.contract.sandbox.shell import eventually, new_mark, on_host, py, run, sh
from workers.sandbox import Ended, Sandbox, kinds

MIB = 1024 * 1024


@pytest.fixture
def isolated(bubblewrap: str, open_kind: OpenSandbox) -> Sandbox:
    return open_kind(bubblewrap)


def test_a_kind_that_does_not_isolate_says_so(kind: str, sandbox: Sandbox) -> None:
    isolates = next(report.isolates for report in kinds() if report.kind == kind)
    assert ("does not isolate" in sandbox.warning) is not isolates


def test_a_job_has_no_privileges(sandbox: Sandbox) -> None:
    seen = sh(sandbox, "id -u; grep -E 'CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs' /proc/self/status")
    uid, *status = seen.text.splitlines()
    assert uid != "0"
    assert [line.split()[1].strip("0") for line in status] == ["", "", "", "", "1"]


def test_set_user_id_programs_gain_nothing(sandbox: Sandbox) -> None:
    assert not sh(sandbox, "su root -c 'echo gained' </dev/null || sudo -n echo gained").text.endswith("gained\n")


@pytest.mark.usefixtures("as_root")
def test_a_job_of_root_is_nobody_whom_the_host_knows(sandbox: Sandbox) -> None:
    uids = {line.split(":")[2] for line in Path("/etc/passwd").read_text().splitlines()}
    assert sh(sandbox, "id -u").text.strip() not in uids


def test_the_system_is_read_only(isolated: Sandbox) -> None:
    for place in ("/", "/usr", "/usr/bin", "/etc", "/dev", "/run", "/var", "/home", "/usr/lib"):
        assert not sh(isolated, f"touch {place}/intruder").result.ok, place


def test_a_tmpfs_that_nobody_bounds_is_nowhere(isolated: Sandbox) -> None:
    """Only the places that count can be written to: each other tmpfs would be memory without a limit."""
    seen = sh(isolated, "find / -xdev -type d -writable 2>/dev/null; find /dev /run -type d -writable 2>/dev/null")
    assert set(seen.text.split()) <= {"/dev/shm", "/tmp", "/workspace", "/home/job", "/dev/pts"}  # no files in pts


@pytest.mark.parametrize("secret", ["/etc/shadow", "/etc/passwd", "/root", "/home", "/var/lib", "/proc/1/environ"])
def test_the_hosts_secrets_are_not_there(isolated: Sandbox, secret: str) -> None:
    seen = sh(isolated, f"cat {secret} 2>&1; ls -A {secret} 2>/dev/null")
    host_names = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()} - {"root"}
    shown = set(seen.text.replace(":", " ").split())
    assert not shown & host_names
    assert not shown & {".ssh", ".bashrc", ".profile", ".gitconfig", ".cache", "dpkg", "postgresql"}


def test_the_users_home_shows_nothing_but_the_way_to_python(isolated: Sandbox) -> None:
    script = "import os, sys; print([n for n in os.listdir(os.environ['H'])] if os.path.isdir(os.environ['H']) else [])"
    seen = py(isolated, script, env={"H": os.fspath(Path.home())})
    assert seen.result.ok
    assert seen.text.strip() in ("[]", "['.pyenv']", "['.local']", "['.conda']") or len(eval(seen.text)) <= 1


def test_hives_own_files_are_not_there(isolated: Sandbox) -> None:
    here = Path(__file__).resolve()
    assert not sh(isolated, f"cat {here}").result.ok
    assert "Hive" not in sh(isolated, "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep HIVE_SECRET").text


def test_tmp_is_private_and_bounded(open_kind: OpenSandbox, bubblewrap: str, scratch: Path) -> None:
    outside = Path("/tmp") / scratch.name / "outside"
    sandbox = open_kind(bubblewrap, tmp_bytes=8 * MIB)
    seen = sh(sandbox, f"ls -A /tmp; echo mine > {scratch.name}; dd if=/dev/zero of=/tmp/big bs=1M count=100 2>&1")
    assert "No space left" in seen.text
    assert not (Path("/tmp") / "big").exists()
    assert not outside.exists()


def test_files_in_memory_are_counted_too(open_kind: OpenSandbox, bubblewrap: str) -> None:
    sandbox = open_kind(bubblewrap, files=1000)
    script = "number = 0\nwhile True:\n  open(f'/tmp/{number}', 'w').close()\n  number += 1"
    assert py(sandbox, script, timeout_s=60).result.ended is Ended.DISK_LIMIT


def test_there_is_no_network_unless_it_is_asked_for(open_kind: OpenSandbox, bubblewrap: str) -> None:
    """The host listens on its loopback; only the sandbox that shares the network reaches it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5); print('reached')"
        assert "ConnectionRefused" in py(open_kind(bubblewrap), script).text
        assert py(open_kind(bubblewrap, network=True), script).text == "reached\n"


def test_only_the_loopback_is_there(isolated: Sandbox) -> None:
    assert py(isolated, "import socket; print(socket.if_nameindex())").text == "[(1, 'lo')]\n"


def test_names_cannot_be_resolved_without_a_network(isolated: Sandbox) -> None:
    assert not py(isolated, "import socket; socket.getaddrinfo('example.org', 80)").result.ok
    assert not sh(isolated, "cat /etc/resolv.conf").result.ok


def test_a_job_sees_only_its_own_processes(isolated: Sandbox) -> None:
    seen = sh(isolated, "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done")
    lines = [line for line in seen.text.splitlines() if line.strip()]
    assert all("inside.keeper" in line or line.startswith(("sh -c", "tr ")) for line in lines), lines


def test_a_job_cannot_signal_or_trace_its_keeper(isolated: Sandbox) -> None:
    sh(isolated, "kill -9 1; kill -STOP 1; kill -TERM 1")
    assert not sh(isolated, "cat /proc/1/mem > /dev/null").result.ok
    assert not sh(isolated, "ls /proc/1/fd/").result.ok
    assert sh(isolated, "echo still answering").text == "still answering\n"


def test_a_job_that_kills_all_it_can_harms_itself_only(open_kind: OpenSandbox, bubblewrap: str) -> None:
    sandbox = open_kind(bubblewrap)
    seen = py(sandbox, "import os\nos.kill(-1, 9)\nprint('alone')")
    assert seen.result.ended is Ended.EXITED
    assert sh(sandbox, "echo next").text == "next\n"


def test_no_further_user_namespace_can_be_made(isolated: Sandbox) -> None:
    """In one of its own a job could mount a tmpfs, whose memory nobody counts."""
    for flags in ("-U", "-Ur", "-Urm"):
        seen = run(isolated, "unshare", flags, "true")
        assert not seen.result.ok
        assert "unshare failed" in seen.text
    assert py(isolated, "import threading; threading.Thread(target=print, args=('threads work',)).start()").result.ok


def test_two_sandboxes_do_not_see_each_other(open_kind: OpenSandbox, bubblewrap: str) -> None:
    first, second = open_kind(bubblewrap), open_kind(bubblewrap)
    mark = new_mark()
    sh(first, f"echo secret > /tmp/{mark}; echo secret > /workspace/{mark}; sleep {mark} >/dev/null 2>&1 &")
    assert eventually(lambda: on_host(mark))
    seen = sh(second, f"ls -A /tmp /workspace /home/job; grep -al {mark} /proc/[0-9]*/cmdline")
    assert mark not in seen.text.replace(f"grep -al {mark}", "")


def test_host_and_user_have_names_of_their_own(isolated: Sandbox) -> None:
    assert sh(isolated, "uname -n; id -un; cd && pwd").text.split() == ["sandbox", "job", "/home/job"]


def test_usual_tools_work(isolated: Sandbox) -> None:
    commit = "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first"
    assert sh(isolated, f"git init -q repo && cd repo && {commit} && git log --format=%s").text == "first\n"
    assert run(isolated, "awk", "BEGIN { print 1 + 1 }").text == "2\n"
