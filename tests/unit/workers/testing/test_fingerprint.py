"""The same failure is known again; another one is not taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from workers.testing.fingerprint import fingerprint, steady


def red(end: str = "", **failures: str) -> list[dict[str, Any]]:
    found = [{"name": name, "message": message} for name, message in failures.items()]
    counts = {"counts": {"failures": found}} if found else {}
    return [{"command": "./t", "reason": "tests_failed", "message": "`./t` ended with 1.", "end": end, **counts}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ran 3 tests in 0.012s", "Ran 3 tests in 1.4s"),
        ("at 2026-11-24T10:00:00.123Z", "at 2026-11-25 11:01:02"),
        ("<Thing object at 0x7f01ab>", "<Thing object at 0x9c22>"),
        ('File "/tmp/job-1-a/work/app.py", line 3', 'File "/tmp/job-2-b/work/app.py", line 3'),
        ("http://127.0.0.1:41234/hello", "http://127.0.0.1:51999/hello"),
        ("commit 1f2e3d4c5b6a7f8e9d0c", "commit aa11bb22cc33dd44ee55"),
    ],
)
def test_times_paths_addresses_and_ports_make_no_other_failure(first: str, second: str) -> None:
    assert fingerprint(red(first)) == fingerprint(red(second)), (steady(first), steady(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("expected 3, got 4", "expected 3, got 5"),
        ("NameError: greet", "NameError: wave"),
        ("app.py, line 3", "app.py, line 9"),
    ],
)
def test_another_message_is_another_failure(first: str, second: str) -> None:
    assert fingerprint(red(first)) != fingerprint(red(second))


def test_where_a_report_names_the_tests_their_order_and_the_output_do_not_count() -> None:
    assert fingerprint(red("noise 1", a="x", b="y")) == fingerprint(red("noise 2", b="y", a="x"))
    assert fingerprint(red(a="x")) != fingerprint(red(a="x", b="y"))
