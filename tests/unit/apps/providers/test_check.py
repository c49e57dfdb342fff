"""A look at a provider that costs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.providers.check import check, check_all
from apps.providers.configured import Configured, Source
from tests.providers import KEY, scripted

MODELS = ["openai/scripted-1", "anthropic/scripted-1", "gemini/scripted-1", "ollama/scripted-1"]


def configured(model: str, origin: str) -> Configured:
    base = {"openai": "/v1", "gemini": "/v1beta"}.get(model.partition("/")[0], "")
    return Configured(model, Source.FILE, model, KEY, f"{origin}{base}")


@pytest.mark.parametrize("model", MODELS)
def test_a_provider_that_answers_takes_the_key_and_has_the_model_is_well(model: str) -> None:
    with scripted([]) as provider:
        seen = check(configured(model, provider.origin))
    assert (seen.ok, seen.message) == (True, "It answers, and has the model.")
    assert provider.seen == [], "it was asked for an answer, which costs"


@pytest.mark.parametrize("model", MODELS[:3])
def test_a_wrong_key_is_found_and_not_shown(model: str) -> None:
    with scripted([]) as provider:
        seen = check(replace(configured(model, provider.origin), api_key="wrong-key-1"))
    assert (seen.ok, seen.message) == (False, "It refuses the key (401).")


@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_is_not_there_is_found(model: str) -> None:
    with scripted([]) as provider:
        seen = check(configured(model.replace("-1", "-2"), provider.origin))
    assert (seen.ok, seen.message) == (False, "It answers, but has no model scripted-2.")


def test_a_provider_that_is_not_there_is_found() -> None:
    with scripted([]) as provider:
        gone = configured("openai/scripted-1", provider.origin)
    assert check(gone).ok is False
    assert "does not answer" in check(gone).message


def test_a_provider_that_hive_does_not_know_is_not_judged() -> None:
    assert check(Configured("m", Source.FILE, "mistral/large", KEY)).ok is None


def test_many_are_looked_at_side_by_side() -> None:
    with scripted([]) as provider:
        seen = check_all([configured(model, provider.origin) for model in MODELS])
    assert [one.ok for one in seen] == [True] * 4
    assert check_all([]) == []
