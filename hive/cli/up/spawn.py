"""Starts one process the way the supervisor needs it: own session, dying with the supervisor, output into a pipe."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hive.cli.up import linux
from hive.cli.up.child import Child


def spawn(child: Child, environment: Mapping[str, str], folder: Path, output: int) -> int:
    """The new process's id. Raises OSError where the program cannot be started."""
    supervisor = os.getpid()

    def before_the_program() -> None:
        linux.die_with_parent(signal.SIGKILL)
        if os.getppid() != supervisor:  # it died before the line above: nobody would tell this process
            os._exit(1)

    process = subprocess.Popen(
        child.argv,
        env={**environment, **child.environment},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=child.files,
        preexec_fn=before_the_program,  # safe: the supervisor has one thread only
    )
    process.returncode = 0  # the supervisor reaps by itself; else Popen would wait for an id that may be reused
    return process.pid
