"""shell: run a command line in the sandbox."""

from __future__ import annotations

from pydantic import Field

from workers.llm.tools.desk import Desk
from workers.llm.tools.port import Arguments, Instrument
from workers.sandbox.port import Result

KEPT_BYTES = 4 * 1024 * 1024


class Shell(Arguments):
    command: str = Field(description="Shell line, run with `sh -c` in the task's folder.", min_length=1)
    timeout_s: float | None = Field(None, gt=0, description="Seconds after which it is ended.")


def shell(desk: Desk) -> Instrument:
    def run(asked: Shell) -> str:
        kept = bytearray()

        def take(data: bytes) -> None:
            desk.put(data)
            if len(kept) < KEPT_BYTES:
                kept.extend(data[: KEPT_BYTES - len(kept)])

        desk.put(f"$ {asked.command}\n".encode())
        result = desk.sandbox.run(
            ["sh", "-c", asked.command],
            timeout_s=min(asked.timeout_s or desk.command_timeout_s, desk.longest_timeout_s),
            no_output_s=desk.no_output_s,
            on_output=take,
            env=desk.env,
            cwd=desk.home,
        )
        return _told(result, kept.decode(errors="replace"))

    description = "Run a shell command in the sandbox and get its output and exit code. A red command is no error."
    return Instrument("shell", description, Shell, run, changes=True)


def _told(result: Result, output: str) -> str:
    said = output if output.endswith("\n") or not output else f"{output}\n"
    if result.exit_code is None:
        return f"{said}[{result.message}]"
    return f"{said}[exit code {result.exit_code}]"
