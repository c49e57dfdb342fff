from __future__ import annotations

from dataclasses import replace

import pytest

from workers.sandbox.command import Seen
from workers.sandbox.port import Ended, Limits, SandboxError
from workers.sandbox.result import Rules, Sampled, conclude

RULES = Rules(Limits(memory_bytes=100 * 2**20, disk_bytes=2**20), timeout_s=90, no_output_s=2.5)
NOTHING = Sampled()
OVER = Sampled(0, (Ended.OUT_OF_MEMORY, "It used too much."))
GREEN = Seen(exit_code=0, ended_at=1.0, started_at=0.5)


@pytest.mark.parametrize(
    ("seen", "sampled", "killed", "expected"),
    [
        (GREEN, NOTHING, None, (Ended.EXITED, 0, "")),
        (replace(GREEN, exit_code=2), NOTHING, None, (Ended.EXITED, 2, "It exited with 2.")),
        (replace(GREEN, exit_code=-9), NOTHING, None, (Ended.EXITED, 137, "It was ended by SIGKILL.")),
        (replace(GREEN, exit_code=-60), NOTHING, None, (Ended.EXITED, 188, "It was ended by signal 60.")),
        (
            replace(GREEN, exit_code=-25),
            NOTHING,
            None,
            (Ended.DISK_LIMIT, None, "It wrote a file of more than 1 MiB."),
        ),
        (replace(GREEN, cut=Ended.TIMED_OUT), NOTHING, None, (Ended.TIMED_OUT, None, "It ran for more than 90 s.")),
        (
            replace(GREEN, cut=Ended.NO_OUTPUT),
            NOTHING,
            None,
            (Ended.NO_OUTPUT, None, "It printed nothing for 2.5 s."),
        ),
        (replace(GREEN, cut=Ended.STOPPED), NOTHING, None, (Ended.STOPPED, 0, "It was stopped.")),
        (Seen(ended_at=1.0), NOTHING, None, (Ended.EXITED, 137, "It ended the process that watched over it.")),
        (GREEN, OVER, None, (Ended.OUT_OF_MEMORY, None, "It used too much.")),
        (replace(GREEN, cut=Ended.TIMED_OUT), OVER, None, (Ended.OUT_OF_MEMORY, None, "It used too much.")),
        (GREEN, OVER, "canceled", (Ended.STOPPED, None, "canceled")),
    ],
)
def test_the_first_cause_counts(
    seen: Seen, sampled: Sampled, killed: str | None, expected: tuple[Ended, int | None, str]
) -> None:
    result = conclude(seen, sampled, killed, RULES)
    assert (result.ended, result.exit_code, result.message) == expected


def test_a_red_command_that_nearly_filled_its_memory_is_told_so() -> None:
    result = conclude(replace(GREEN, exit_code=1), Sampled(95 * 2**20), None, RULES)
    assert result.message == "It exited with 1. Its memory came close to the limit of 100 MiB."


def test_a_command_that_the_sandbox_could_not_start_is_no_result() -> None:
    failed = {"stage": "setup", "what": "sandbox", "why": "Operation not permitted", "code": 126}
    with pytest.raises(SandboxError, match="Operation not permitted"):
        conclude(replace(GREEN, failed=failed), Sampled(), None, RULES)


def test_the_peak_is_the_larger_of_what_was_seen() -> None:
    seen = replace(GREEN, largest_process_bytes=7)
    assert [conclude(seen, Sampled(peak), None, RULES).peak_memory_bytes for peak in (3, 9)] == [7, 9]
