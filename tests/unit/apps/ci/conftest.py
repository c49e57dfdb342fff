"""Submissions, and a worker that does what they say without a sandbox of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.artifacts.store import installed
from apps.artifacts.store.memory import MemoryStore
from apps.ci.definition.check import check_data
from apps.ci.services.submit import keep_package, submit, wanted
from apps.runs.models import Run
from apps.runs.services import dispatch
from tests.conftest import People

Submit = Callable[..., Run]


@pytest.fixture
def memory() -> Iterator[MemoryStore]:
    with installed(found := MemoryStore()):
        yield found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The messages that were sent: the step and its ids."""
    messages: list[tuple[Any, ...]] = []
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: messages.append((step, *ids)))
    return messages


@pytest.fixture
def submitted(people: People, memory: MemoryStore, sent: list[Any], django_capture_on_commit_callbacks: Any) -> Submit:
    def make(package: bytes = b"", more: dict[str, Any] | None = None, **definition: Any) -> Run:
        checked = check_data({"commands": ["make"], **definition})
        assert checked.ok, checked.problems
        kept = keep_package([package], "package.tar.gz") if package else None
        with django_capture_on_commit_callbacks(execute=True):
            return submit(people.project, wanted(checked, package=kept, **(more or {})), people.owner)

    return make
