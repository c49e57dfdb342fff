"""Read JUnit XML reports, which a job wrote: bounded, no entities, no surprises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

SHOWN_FAILURES = 20
SHOWN_SLOWEST = 10
TEXT_LIMIT = 2000
NAME_LIMIT = 500
LONGEST_S = 1e8
SIZE_LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Failure:
    """`file` and `line` where the report says them, as the test runner wrote them: nothing was looked up."""

    name: str
    message: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Slow:
    name: str
    seconds: float


@dataclass(frozen=True)
class Counts:
    """What a report says. `passed` does not include skipped ones: a skip is not a pass."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[Failure, ...] = field(default=())
    seconds: float = 0.0  # of all cases together
    slowest: tuple[Slow, ...] = field(default=())

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.skipped

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            (self.failures + other.failures)[:SHOWN_FAILURES],
            self.seconds + other.seconds,
            _slowest(self.slowest, other.slowest),
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


def _slowest(some: tuple[Slow, ...], others: tuple[Slow, ...]) -> tuple[Slow, ...]:
    if not some or not others:
        return some or others
    return tuple(sorted(some + others, key=lambda one: -one.seconds)[:SHOWN_SLOWEST])


def _case(case: ElementTree.Element) -> Counts:
    name = ".".join(filter(None, [case.get("classname"), case.get("name")]))[:NAME_LIMIT]
    took_s = _seconds(case.get("time"))
    took: dict[str, Any] = {"seconds": took_s, "slowest": (Slow(name, took_s),)} if took_s else {}
    for tag in ("failure", "error"):
        problem = case.find(tag)
        if problem is not None:
            text = problem.get("message") or problem.text or ""
            line = case.get("line", "")
            failure = Failure(
                name,
                text.strip()[:TEXT_LIMIT],
                case.get("file", "")[:NAME_LIMIT],
                int(line) if line.isascii() and line.isdecimal() and len(line) < 8 else 0,
            )
            return Counts(failed=1, failures=(failure,), **took)
    return Counts(skipped=1, **took) if case.find("skipped") is not None else Counts(passed=1, **took)


def _seconds(text: str | None) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if 0 <= value < LONGEST_S else 0.0
