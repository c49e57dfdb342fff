"""Tables of small real processes, for the flows of `hive up`: each function is one Hive to start."""

from __future__ import annotations

import sys

from hive.cli.up.child import Answer, Child, http_get
from hive.cli.up.installation import Installation

PYTHON = (sys.executable, "-P", "-m")
SERVER = "tests.flows.up.server"


def usual(installation: Installation) -> tuple[Child, ...]:
    """A one-time preparation, a web server, and a worker that has a job: a process cut loose that ignores SIGTERM."""
    prepare = Child("prepare", ("sh", "-c", 'echo preparing; echo \'{"sign_in": "/sign-in/?token=t0k"}\''), once=True)
    job = "trap '' TERM; (env -i setsid sh -c \"trap '' TERM; sleep 1234.5\" &) ; exec sleep 1234.25"
    return (prepare, web(installation), Child("worker", ("sh", "-c", job), needs=("prepare",), grace_s=0.5))


def web(installation: Installation, **more: object) -> Child:
    listener = installation.listener
    ready = http_get(installation.reachable, installation.port, "/readyz", installation.host_header)
    argv = (*PYTHON, SERVER, str(listener))
    return Child("web", argv, ready=ready, gate=True, files=(listener,), **more)  # type: ignore[arg-type]


def failing_preparation(installation: Installation) -> tuple[Child, ...]:
    script = "echo migrating; echo 'no such column: colour' >&2; exit 3"
    return (Child("prepare", ("sh", "-c", script), once=True), web(installation))


def dying(installation: Installation) -> tuple[Child, ...]:
    """One child that can never start."""
    return (web(installation), Child("beat", ("sh", "-c", "echo 'no clock'; exit 4")))


def missing_program(installation: Installation) -> tuple[Child, ...]:
    return (web(installation), Child("worker", ("/nowhere/worker",)))


def pool(installation: Installation) -> tuple[Child, ...]:
    """A worker with a process of its own, as Celery has them."""
    return (web(installation), Child("worker", ("sh", "-c", "sleep 2345.5 & wait")))


def talkative(installation: Installation) -> tuple[Child, ...]:
    script = """
import os, time
for number in range(400):
    os.write(1, b"%06d " % number + b"x" * 100_000 + b"\\n")
time.sleep(1e4)
"""
    return (web(installation), Child("worker", (sys.executable, "-c", script)))


def alarming(installation: Installation) -> tuple[Child, ...]:
    line = "2026-01-01 00:00:00,000 ERROR apps.runs the disk is gone"
    return (web(installation), Child("worker", ("sh", "-c", f"echo fine; echo '{line}'; sleep 1e4")))


def ordered(installation: Installation) -> tuple[Child, ...]:
    """valkey is needed by worker; host ends after worker, which takes its time to end."""
    waits = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (time.sleep({s}), print('bye', flush=True), sys.exit()))
print('here', flush=True)
time.sleep(1e4)
"""

    def child(name: str, takes_s: float, **more: object) -> Child:
        return Child(name, (sys.executable, "-c", waits.replace("{s}", str(takes_s))), **more)  # type: ignore[arg-type]

    return (
        web(installation),
        child("valkey", 0),
        child("host", 0),
        child("worker", 0.4, needs=("valkey",), ends_before=("host",)),
    )


def stubborn(installation: Installation) -> tuple[Child, ...]:
    """One child that is deaf to SIGTERM and has all the time of the world."""
    return (web(installation), Child("worker", ("sh", "-c", "trap '' TERM; echo deaf; exec sleep 4567.5"), grace_s=600))


def fleeing(installation: Installation, each_time: str = "") -> tuple[Child, ...]:
    """A job that forks and exits, over and over: whoever looks for it finds a process that is gone already."""
    script = f"""
import fcntl, os, time
held = os.open(os.environ["HIVE_HOME"] + "/fleeing", os.O_CREAT | os.O_RDWR)
fcntl.flock(held, fcntl.LOCK_EX)  # every fork holds it too: it is free when none is left
end = time.monotonic() + 60
if os.fork() == 0:
    os.setsid()
    print("fleeing", flush=True)
    while time.monotonic() < end:  # so that a failing test does not leave it behind for good
        if os.fork():
            os._exit(0)
        {each_time}
    os._exit(0)
time.sleep(1e4)
"""
    return (web(installation), Child("worker", (sys.executable, "-c", script)))


def fleeing_with_a_new_session_each_time(installation: Installation) -> tuple[Child, ...]:
    return fleeing(installation, "os.setsid()")


def warm(installation: Installation) -> tuple[Child, ...]:
    """The web server as a fork of a warm process."""
    socket = str(installation.home.socket("warm"))
    argv = (*PYTHON, "hive.cli.up.warm", socket, "http.server", "-" * 200)
    return (Child("warm", argv, ready=Answer(socket)), web(installation, warm=True))


def warm_that_dies(installation: Installation) -> tuple[Child, ...]:
    socket = str(installation.home.socket("warm"))
    argv = (*PYTHON, "hive.cli.up.warm", socket, "no_such_module")
    return (Child("warm", argv, ready=Answer(socket)), web(installation, warm=True))


def slow(installation: Installation) -> tuple[Child, ...]:
    """Never ready: its preparation goes on and on."""
    return (Child("prepare", ("sleep", "3456.5"), once=True), web(installation))
