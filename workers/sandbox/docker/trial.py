"""Shows whether the engine keeps its word: a container that does what it may not, and what came of it."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workers.sandbox.docker.engine import Engine, connect, telling
from workers.sandbox.docker.sandbox import DockerSandbox
from workers.sandbox.port import MIB, Ended, Limits, SandboxError

_ANSWERS_S = 2.0
_TRIAL_S = 60.0  # what takes a second on a machine with nothing else to do
_LIMITS = Limits(cpus=1, memory_bytes=64 * MIB, processes=16, disk_bytes=16 * MIB, files=1000, tmp_bytes=8 * MIB)

# What a command must not find: a line for each.
_LOOK_AROUND = r"""
for card in /sys/class/net/*; do [ "${card##*/}" = lo ] || echo "there is a network without being asked for"; done
touch /intruder 2>/dev/null && echo "the root file system can be written to"
[ "$(id -u)" = 0 ] && echo "commands run as root"
while read -r key value; do
    case $key in CapEff: | CapBnd:) [ "$value" = 0000000000000000 ] || echo "commands have privileges ($key $value)" ;;
    NoNewPrivs:) [ "$value" = 1 ] || echo "commands may gain privileges" ;;
    esac
done </proc/self/status
true
"""
_TAKE_MEMORY = "head -c 300000000 /dev/zero | tail >/dev/null"
_TAKE_PROCESSES = "for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5 6 7 8; do sleep 9 >/dev/null 2>&1 & done; done"
_TAKE_DISK = "head -c 100000000 /dev/zero >big; code=$?; rm big; exit $code"
_TRIALS = {  # the last one leaves something behind
    Ended.DISK_LIMIT: (_TAKE_DISK, "the size of a file"),
    Ended.OUT_OF_MEMORY: (_TAKE_MEMORY, "memory"),
    Ended.TOO_MANY_PROCESSES: (_TAKE_PROCESSES, "the number of processes"),
}


@dataclass(frozen=True)
class Trial:
    """What was found out: what does not hold, and how the sum of what lies on disk is held."""

    complaints: tuple[str, ...]
    disk_quota: bool
    warning: str

    @property
    def held(self) -> bool:
        return not self.complaints


def version() -> str:
    """The engine's. Raises EngineAway."""
    client = connect(_ANSWERS_S)
    try:
        with telling("The engine's version"):
            return str(client.version()["Version"])
    finally:
        client.close()


def attempt(engine: Engine) -> Trial:
    """Raises ImageMissing (nothing is pulled for a trial), SandboxError."""
    with tempfile.TemporaryDirectory(prefix="hive-trial-") as scratch:
        never = dataclasses.replace(engine, pull="never")
        with DockerSandbox(never, "", Path(scratch), _LIMITS, "trial", None, {}) as sandbox:
            complaints = _say(sandbox, _LOOK_AROUND)[1].splitlines()
            for expected, (script, what) in _TRIALS.items():
                ended = _say(sandbox, script)[0]
                if ended is Ended.TIMED_OUT:
                    complaints.append(f"what limits {what} was not seen within {_TRIAL_S:g} s; the machine is too busy")
                elif ended is not expected:
                    complaints.append(f"nothing limits {what}")
            return Trial(tuple(complaints), sandbox.has_quota, sandbox.warning)


def _say(sandbox: DockerSandbox, script: str) -> tuple[Ended, str]:
    printed = bytearray()
    result = sandbox.run(["sh", "-c", script], timeout_s=_TRIAL_S, on_output=printed.extend)
    if result.ended is Ended.EXITED and result.exit_code == 127:
        raise SandboxError(f"The image has no usual shell: {result.message}")
    return result.ended, printed.decode(errors="replace")
