"""Was that a pass?"""

import pytest

from apps.specs.schema import Test
from workers.junit import Counts, Failure
from workers.sandbox.port import Ended, Result
from workers.testing.judge import judge


def verdict(exit_code: int | None = 0, ended: Ended = Ended.EXITED, tail: bytes = b"", **given: object) -> str:
    test = Test.model_validate({"run": "./t", **given.pop("test", {})})  # type: ignore[dict-item]
    result = Result(exit_code, ended, 0.1, 0, 0, "It was so.")
    return judge(test, result, tail, given.get("counts")).reason  # type: ignore[arg-type]


def test_exit_code_zero_is_a_pass() -> None:
    assert verdict() == ""


def test_any_other_exit_code_is_not() -> None:
    assert verdict(3) == "tests_failed"


def test_the_spec_may_expect_another_exit_code() -> None:
    assert verdict(3, test={"expect": {"exit_code": 3}}) == ""
    assert verdict(0, test={"expect": {"exit_code": 3}}) == "tests_failed"


def test_a_report_with_failures_outweighs_exit_code_zero() -> None:
    assert verdict(counts=Counts(passed=9, failed=1)) == "tests_failed"


def test_only_skipped_tests_are_no_pass() -> None:
    assert verdict(counts=Counts(skipped=4)) == "no_tests"


def test_an_empty_report_is_no_pass() -> None:
    assert verdict(counts=Counts()) == "no_tests"


def test_some_skipped_beside_passed_ones_are_fine() -> None:
    assert verdict(counts=Counts(passed=1, skipped=4)) == ""


def test_the_spec_may_ask_for_more_tests() -> None:
    assert verdict(counts=Counts(passed=4), test={"expect": {"tests": 5}}) == "no_tests"
    assert verdict(test={"expect": {"tests": 1}}) == "no_tests"


def test_the_spec_may_ask_for_output() -> None:
    assert verdict(tail=b"all good\n", test={"expect": {"output": "good"}}) == ""
    assert verdict(tail=b"all bad\n", test={"expect": {"output": "good"}}) == "tests_failed"


@pytest.mark.parametrize(
    "said",
    [
        b"Ran 0 tests in 0.000s\n\nOK\n",
        b"===== no tests ran in 0.01s =====\n",
        b"collected 0 items\n",
        b"?   example.com/x\t[no test files]\nno test files\n",
        b"  0 passing (2ms)\n".lstrip(),
        b"# tests 0\n# pass 0\n",
    ],
)
def test_a_runner_that_says_it_ran_nothing_is_believed(said: bytes) -> None:
    assert verdict(tail=said) == "no_tests"


def test_a_runner_that_ran_something_is_not_mistaken() -> None:
    assert verdict(tail=b"Ran 10 tests in 0.1s\n\nOK\n") == ""


@pytest.mark.parametrize("ended", [ended for ended in Ended if ended is not Ended.EXITED])
def test_a_command_that_was_ended_is_never_a_pass(ended: Ended) -> None:
    assert verdict(None, ended, counts=Counts(passed=5)) != ""


def test_the_first_failure_is_told() -> None:
    counts = Counts(failed=2, failures=(Failure("site.feed", "no entry"),))
    told = judge(Test(run="./t"), Result(1, Ended.EXITED, 0.1, 0, 0, ""), b"", counts).message
    assert told == "`./t` ended with 1. site.feed: no entry (and 1 more)"
