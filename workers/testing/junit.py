"""Read JUnit XML reports, which a job wrote: bounded, no entities, no surprises."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

SHOWN_FAILURES = 20
TEXT_LIMIT = 2000
SIZE_LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Failure:
    name: str
    message: str


@dataclass(frozen=True)
class Counts:
    """What a report says. `passed` does not include skipped ones: a skip is not a pass."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[Failure, ...] = field(default=())

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            (self.failures + other.failures)[:SHOWN_FAILURES],
        )


class UnreadableReport(ValueError):
    """The file is not a JUnit report that Hive reads; says why."""


def read(data: bytes) -> Counts:
    """The counts of one report. Raises UnreadableReport."""
    if len(data) > SIZE_LIMIT_BYTES:
        raise UnreadableReport(f"it has {len(data)} bytes; {SIZE_LIMIT_BYTES} are read at most")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise UnreadableReport("it declares entities, which are not read")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - no DOCTYPE, so there is nothing to expand
    except ElementTree.ParseError as error:
        raise UnreadableReport(f"it is not XML: {error}") from None
    if root.tag not in ("testsuites", "testsuite"):
        raise UnreadableReport(f"it begins with <{root.tag}>, not with <testsuites> or <testsuite>")
    return sum((_case(case) for case in root.iter("testcase")), Counts())


def _case(case: ElementTree.Element) -> Counts:
    for tag in ("failure", "error"):
        problem = case.find(tag)
        if problem is not None:
            name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
            text = problem.get("message") or problem.text or ""
            return Counts(failed=1, failures=(Failure(name, text.strip()[:TEXT_LIMIT]),))
    return Counts(skipped=1) if case.find("skipped") is not None else Counts(passed=1)
