"""Reports that a command left, and those that were there before."""

from workers.junit import Counts
from workers.reports import count, reports_in
from workers.sandbox.fake import FakeSandbox

PASS = b"<testsuite><testcase name='a'/></testsuite>"


def test_reports_are_found_below_the_folder_where_the_command_started() -> None:
    with FakeSandbox() as sandbox:
        sandbox.write("/workspace/tasks/a/test-results/x.xml", PASS)
        sandbox.write("/workspace/test-results/y.xml", PASS)
        assert list(reports_in(sandbox, "/workspace/tasks/a", "test-results/*.xml")) == ["tasks/a/test-results/x.xml"]


def test_a_report_that_was_there_before_does_not_count() -> None:
    counts, notes = count({"old.xml": PASS}, {"old.xml": PASS})
    assert counts is None
    assert notes == ["The report old.xml was there before the tests ran; it does not count."]


def test_a_report_that_was_written_anew_counts() -> None:
    assert count({"a.xml": b"old"}, {"a.xml": PASS, "b.xml": PASS})[0] == Counts(passed=2)


def test_what_cannot_be_read_is_noted() -> None:
    counts, notes = count({}, {"a.xml": b"junk", "b.xml": PASS})
    assert counts == Counts(passed=1)
    assert "a.xml was not read" in notes[0]
