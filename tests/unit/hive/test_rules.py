"""What is masked in every job's output, whichever servers this installation uses."""

from __future__ import annotations

import pytest

from hive.settings import rules


def test_passwords_of_addresses_are_secrets_and_guessable_words_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVE_STORE_URL", "s3://key:long%2Fsecret@store/bucket")
    monkeypatch.setenv("HIVE_DATABASE_URL", "postgresql://hive:hive@db/hive")
    monkeypatch.setenv("HIVE_REDIS_URL", "redis://:another-secret@redis/0")
    monkeypatch.delenv("HIVE_BROKER_URL", raising=False)
    assert rules._passwords() == ["another-secret", "long/secret"]
