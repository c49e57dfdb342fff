"""The files of a workspace can be read until the sandbox is left, however its commands ended."""

from __future__ import annotations

from workers.sandbox.chunks import as_file
from workers.sandbox.port import Sandbox


def exported(sandbox: Sandbox) -> bytes:
    return as_file(sandbox.export(["**"])).read()


def test_after_a_command_that_ran_out_of_time(sandbox: Sandbox) -> None:
    script = ["sh", "-c", "echo half > half.txt; sleep 600"]
    assert not sandbox.run(script, timeout_s=1.5, on_output=lambda _data: None).ok
    assert b"half.txt" in exported(sandbox)


def test_after_everything_inside_was_killed(sandbox: Sandbox) -> None:
    sandbox.run(["sh", "-c", "echo half > half.txt"], timeout_s=20, on_output=lambda _data: None)
    sandbox.kill("Enough.")
    assert b"half.txt" in exported(sandbox)
