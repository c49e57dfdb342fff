"""From what was seen of a command to the Result that says it."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from workers.sandbox.command import Seen
from workers.sandbox.inside import wire
from workers.sandbox.port import MIB, Ended, Limits, Result, SandboxError

_CLOSE_TO_LIMIT = 0.9


@dataclass(frozen=True)
class Rules:
    """What the command was held to."""

    limits: Limits
    timeout_s: float | None = None
    no_output_s: float | None = None


@dataclass(frozen=True)
class Sampled:
    """What the sandbox as a whole was seen to use, and which limit it passed (Ended, sentence)."""

    peak_memory_bytes: int = 0
    over: tuple[Ended, str] | None = None


def conclude(seen: Seen, sampled: Sampled, killed: str | None, rules: Rules) -> Result:
    """`killed`: why somebody ended the sandbox. Raises SandboxError where there was no way to start the command."""
    ended, exit_code, message = _judge(seen, sampled, killed, rules)
    peak = max(sampled.peak_memory_bytes, seen.largest_process_bytes)
    if ended is Ended.EXITED and exit_code and peak > _CLOSE_TO_LIMIT * rules.limits.memory_bytes:
        message += f" Its memory came close to the limit of {rules.limits.memory_bytes // MIB} MiB."
    return Result(exit_code, ended, round(seen.duration_s, 3), seen.output_bytes, peak, message)


def _judge(seen: Seen, sampled: Sampled, killed: str | None, rules: Rules) -> tuple[Ended, int | None, str]:
    if killed is not None:
        return Ended.STOPPED, None, killed
    if sampled.over:
        return sampled.over[0], None, sampled.over[1]
    if seen.cut:
        code = None if seen.exit_code is None or seen.cut is not Ended.STOPPED else exit_status(seen.exit_code)
        return seen.cut, code, _cut_message(seen.cut, rules)
    if seen.failed:
        return Ended.EXITED, *_not_run(seen.failed)
    if seen.exit_code is None:
        return Ended.EXITED, exit_status(-signal.SIGKILL), "It ended the process that watched over it."
    if seen.exit_code == -signal.SIGXFSZ:
        return Ended.DISK_LIMIT, None, f"It wrote a file of more than {rules.limits.disk_bytes // MIB} MiB."
    return Ended.EXITED, exit_status(seen.exit_code), _exit_message(seen.exit_code)


def _cut_message(cut: Ended, rules: Rules) -> str:
    if cut is Ended.TIMED_OUT:
        return f"It ran for more than {rules.timeout_s:g} s."
    if cut is Ended.NO_OUTPUT:
        return f"It printed nothing for {rules.no_output_s:g} s."
    return "It was stopped."


def _not_run(failed: wire.Message) -> tuple[int, str]:
    if failed["stage"] == "setup":
        raise SandboxError(f"The sandbox could not start a command: {failed['why']}.")
    if failed["stage"] == "cwd":
        return failed["code"], f"The folder {failed['what']} cannot be entered: {failed['why']}."
    return failed["code"], f"{failed['what']} cannot be executed: {failed['why']}."


def exit_status(code: int) -> int:
    """As a shell tells it: 128 + the signal's number where a signal ended the command."""
    return code if code >= 0 else 128 - code


def _exit_message(code: int) -> str:
    if code >= 0:
        return f"It exited with {code}." if code else ""
    try:
        return f"It was ended by {signal.Signals(-code).name}."
    except ValueError:
        return f"It was ended by signal {-code}."
