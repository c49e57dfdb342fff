"""Run all tests and write test-results/junit.xml. A run without a single test is a failure."""

from __future__ import annotations

import re
import sys
import time
import traceback
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
REPORT = HOME / "test-results" / "junit.xml"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Recorder(unittest.TextTestResult):
    """Notes every test with its time and how it ended."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.cases: list[ET.Element] = []
        self.began = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        self.began = time.perf_counter()
        super().startTest(test)

    def note(self, test: unittest.TestCase, outcome: str = "", message: str = "", details: str = "") -> None:
        module, _, name = test.id().rpartition(".")
        seconds = f"{time.perf_counter() - self.began:.3f}"
        case = ET.Element("testcase", classname=module, name=name, time=seconds)
        if outcome:
            ET.SubElement(case, outcome, message=clean(message)).text = clean(details)
        self.cases.append(case)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.note(test)

    def addFailure(self, test: unittest.TestCase, err: tuple) -> None:
        super().addFailure(test, err)
        self.note(test, "failure", str(err[1]), "".join(traceback.format_exception(*err)))

    def addError(self, test: unittest.TestCase, err: tuple) -> None:
        super().addError(test, err)
        self.note(test, "error", str(err[1]), "".join(traceback.format_exception(*err)))

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: tuple | None) -> None:
        super().addSubTest(test, subtest, err)
        if err:
            self.note(subtest, "failure", str(err[1]), "".join(traceback.format_exception(*err)))


def clean(text: str) -> str:
    return NOT_XML.sub("?", text)


def write_report(result: Recorder, seconds: float) -> None:
    count = {
        name: sum(case.find(name) is not None for case in result.cases) for name in ("failure", "error", "skipped")
    }
    suite = ET.Element(
        "testsuite",
        name=HOME.name,
        tests=str(len(result.cases)),
        failures=str(count["failure"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
        time=f"{seconds:.3f}",
    )
    suite.extend(result.cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    REPORT.parent.mkdir(exist_ok=True)
    ET.ElementTree(root).write(REPORT, encoding="utf-8", xml_declaration=True)


def main() -> int:
    sys.path[:0] = [str(HOME), str(HOME / "tests")]
    REPORT.unlink(missing_ok=True)
    began = time.perf_counter()
    suite = unittest.defaultTestLoader.discover(str(HOME / "tests"), top_level_dir=str(HOME / "tests"))
    result = unittest.TextTestRunner(resultclass=Recorder, verbosity=2, stream=sys.stdout).run(suite)
    assert isinstance(result, Recorder)
    write_report(result, time.perf_counter() - began)
    if not result.testsRun:
        print("No test was found.")
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
