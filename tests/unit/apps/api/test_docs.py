"""docs/api.md names every address, and every code that an error may carry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rest_framework import exceptions

from apps.api import problems
from apps.api.urls import v1

GIVEN = ("store/<str:token>",)  # addresses that are given, never made


@pytest.fixture
def text(root: Path) -> str:
    return (root / "docs" / "api.md").read_text()


def codes_in_the_source(root: Path) -> set[str]:
    files = (root / "apps" / "api").rglob("*.py")  # agents have a page of their own
    source = "".join(path.read_text() for path in files if path.parent.name != "agents")
    raised = set(re.findall(r'(?:Problem|problem)\(\s*\d{3}, "([a-z_]+)"', source)) | {problems.INVALID}
    raised |= set(re.findall(r'code="([a-z]+_(?:key|missing|failed))"', source)) - {"unknown_key"}
    ours = {code for _, code in problems.KNOWN.values()}
    theirs = (exceptions.NotAuthenticated, exceptions.MethodNotAllowed, exceptions.NotAcceptable)
    return raised | ours | {kind.default_code for kind in (*theirs, exceptions.UnsupportedMediaType)} | {"malformed"}


def test_every_code_stands_in_the_table_and_no_other(root: Path, text: str) -> None:
    table = text.partition("| status | code |")[2].partition("##")[0]
    told = {code for row in table.splitlines() for code in re.findall(r"`([a-z_]+)`", "".join(row.split("|")[2:3]))}
    assert told == codes_in_the_source(root) | {"throttled", "bad_request"}


def test_every_address_is_named(root: Path, text: str) -> None:
    text += (root / "docs" / "agent-protocol.md").read_text()  # what agents alone ask for stands there
    for route in v1:
        pattern = str(route.pattern)
        if pattern not in GIVEN:
            last = re.sub(r"<\w+:(\w+)>", lambda match: "{name}" if match[1] == "name" else "{", pattern).split("/")[-1]
            assert f"/{last}" in text, pattern
