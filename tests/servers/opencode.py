"""The real opencode, for tests that run it: where `.ci/run` puts it, as HIVE_OPENCODE, or on PATH."""

from __future__ import annotations

import os

import pytest

from tests.bench.conversation.peers import opencode_program
from workers.coding.engines.opencode.program import NoProgram, find

NEEDS = "needs opencode: install it with `python -m tests.bench.conversation.peers`"


def installed() -> str:
    """Its binary; empty where there is none."""
    try:
        return _find()
    except NoProgram:
        return ""


def program() -> str:
    """Its binary; skips the test where there is none."""
    try:
        return _find()
    except NoProgram as missing:
        pytest.skip(f"{NEEDS} ({missing})")


def _find() -> str:
    fetched = opencode_program()
    return str(find(str(fetched) if fetched.exists() else os.environ.get("HIVE_OPENCODE", "")))
