"""In which order pytest's workers get the files: those that wait for servers and processes among those that compute.

A worker that waits leaves its core to the others, so both kinds should be under way all the time, the longest first,
and short ones at the end, when somebody would wait for the last.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
WAITING = ("flows", "contract")
LAST_WAITS = 0.75  # the last of them begins when so much of the rest is done
# A minute and more each, longest first; the others by their number of tests.
LONGEST = (
    "flows/compose/test_compose.py",
    "flows/browser/test_pages_live.py",
    "flows/servers/test_pipeline_on_servers.py",
    "flows/agents/test_under_strain.py",
    "flows/data/test_move.py",
    "flows/test_api_live.py",
    "flows/faults",
    "flows/real",
    "flows/browser",
    "flows/agents",
    "contract/targets",
    "flows/up/test_the_real_hive.py",
    "contract/broker/test_broker.py",
)


def put_in_order(items: list[pytest.Item]) -> None:
    """By file; the tests of a file stay as they are."""
    files: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.path.relative_to(ROOT).as_posix()].append(item)
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for name in sorted(files, key=lambda name: (_rank(name), -len(files[name]))):
        kinds[name.startswith(WAITING)].append(name)
    due = {name: at * LAST_WAITS / len(kinds[True]) for at, name in enumerate(kinds[True])}
    due |= {name: at / len(kinds[False]) for at, name in enumerate(kinds[False])}
    items[:] = [item for name in sorted(files, key=lambda name: (due[name], name)) for item in files[name]]


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))
