"""Which address a sign-in link begins with, where none is named."""

from __future__ import annotations

import pytest

from hive.cli import sign_in


def test_it_is_where_the_hive_of_this_home_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in.state, "running", lambda home: {"url": "http://127.0.0.1:8123"})
    assert sign_in._here() == "http://127.0.0.1:8123"


def test_it_is_the_port_that_is_set_where_others_started_the_web_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in.state, "running", lambda home: None)
    monkeypatch.setenv("HIVE_PORT", "8200")
    assert sign_in._here() == "http://localhost:8200"
