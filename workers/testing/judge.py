"""Was that a pass? From what a test command did to a verdict. A skip is no pass, and nothing run is a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.runs.states import Reason
from apps.specs.schema import Test
from workers.junit import Counts
from workers.sandbox.port import Ended, Result

# Closing lines of test runners that found nothing to run and may still exit with 0.
RAN_NOTHING = re.compile(
    rb"^(Ran 0 tests in|=+ no tests ran|collected 0 items$|No tests found|no test files|0 passing|\# tests 0$|"
    rb"running 0 tests\n\ntest result: ok. 0 passed)",
    re.MULTILINE | re.IGNORECASE,
)
REASONS = {
    Ended.TIMED_OUT: Reason.TIMED_OUT,
    Ended.NO_OUTPUT: Reason.NO_OUTPUT,
    Ended.OUT_OF_MEMORY: Reason.OUT_OF_MEMORY,
    Ended.TOO_MANY_PROCESSES: Reason.TOO_MANY_PROCESSES,
    Ended.DISK_LIMIT: Reason.DISK_LIMIT,
    Ended.STOPPED: Reason.CANCELED_BY_USER,
}


@dataclass(frozen=True)
class Verdict:
    """`reason` is empty for a pass; `message` is a sentence either way."""

    reason: str
    message: str


def judge(test: Test, result: Result, tail: bytes, counts: Counts | None) -> Verdict:
    """`tail` is the end of what the command printed; `counts` what its reports say, None where it wrote none."""
    if result.ended is not Ended.EXITED:
        return Verdict(REASONS[result.ended], f"`{test.run}`: {result.message}")
    if result.exit_code != test.expect.exit_code:
        return Verdict(Reason.TESTS_FAILED, f"`{test.run}` ended with {result.exit_code}. {_failures(counts)}".strip())
    if counts is not None and counts.failed:
        return Verdict(
            Reason.TESTS_FAILED, f"`{test.run}` ended with 0, but its report has failures. {_failures(counts)}"
        )
    if test.expect.output and test.expect.output.encode() not in tail:
        return Verdict(Reason.TESTS_FAILED, f"`{test.run}` did not print {test.expect.output!r}.")
    return _anything_run(test, tail, counts)


def _anything_run(test: Test, tail: bytes, counts: Counts | None) -> Verdict:
    if counts is None:
        if test.expect.tests:
            return Verdict(
                Reason.NO_TESTS, f"`{test.run}` wrote no report to {test.junit}; {test.expect.tests} tests expected."
            )
        if RAN_NOTHING.search(tail):
            return Verdict(Reason.NO_TESTS, f"`{test.run}` ended with 0, but ran no test.")
        return Verdict("", f"`{test.run}` ended with 0.")
    if counts.passed < max(test.expect.tests, 1):
        skipped = f" ({counts.skipped} skipped: a skip is not a pass)" if counts.skipped else ""
        return Verdict(
            Reason.NO_TESTS,
            f"`{test.run}` passed {counts.passed} tests{skipped}; at least {max(test.expect.tests, 1)} must pass.",
        )
    return Verdict("", f"`{test.run}`: {counts.passed} passed, {counts.skipped} skipped.")


def _failures(counts: Counts | None) -> str:
    if counts is None or not counts.failures:
        return ""
    first = counts.failures[0]
    more = f" (and {counts.failed - 1} more)" if counts.failed > 1 else ""
    return f"{first.name}: {first.message}{more}"
