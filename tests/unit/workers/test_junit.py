"""JUnit reports, as they come from jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.junit import Counts, UnreadableReport, read

REPORT = b"""<testsuites><testsuite>
<testcase classname="site" name="index"/>
<testcase classname="site" name="feed"><failure message="no entry">long text</failure></testcase>
<testcase classname="site" name="crash"><error>boom</error></testcase>
<testcase name="later"><skipped/></testcase>
</testsuite></testsuites>"""


def test_it_counts_passed_failed_and_skipped() -> None:
    counts = read(REPORT)
    assert (counts.passed, counts.failed, counts.skipped, counts.total) == (1, 2, 1, 4)


def test_it_names_the_failures() -> None:
    assert [(one.name, one.message) for one in read(REPORT).failures] == [
        ("site.feed", "no entry"),
        ("site.crash", "boom"),
    ]


def test_it_says_where_a_failure_is_and_which_tests_took_longest() -> None:
    cases = "".join(f"<testcase classname='t' name='n{number}' time='{number}.5'/>" for number in range(30))
    bad = "<testcase name='bad' time='nan' file='tests/test_a.py' line='12'><failure message='no'/></testcase>"
    counts = read(f"<testsuite>{cases}{bad}</testsuite>".encode())
    assert (counts.failures[0].file, counts.failures[0].line) == ("tests/test_a.py", 12)
    assert [one.name for one in counts.slowest] == [f"t.n{number}" for number in range(29, 19, -1)]
    assert counts.seconds == sum(number + 0.5 for number in range(30))


@pytest.mark.parametrize("time", ["-1", "1e300", "inf", "soon", ""])
def test_a_time_that_is_none_counts_as_nothing(time: str) -> None:
    assert read(f"<testsuite><testcase name='a' time='{time}'/></testsuite>".encode()).seconds == 0


def test_a_single_suite_is_a_report_too() -> None:
    assert read(b"<testsuite><testcase name='a'/></testsuite>").passed == 1


def test_reports_add_up_and_keep_few_failures() -> None:
    many = sum((read(REPORT) for _ in range(30)), Counts())
    assert many.failed == 60
    assert len(many.failures) == 20


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<html/>", "begins with <html>"),
        (b"not xml", "not XML"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "entities"),
        (b"x" * (16 * 1024 * 1024 + 1), "are read at most"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableReport, match=why):
        read(data)


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    try:
        read(data)
    except UnreadableReport:
        return
