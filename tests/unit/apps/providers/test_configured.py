"""Which models a role asks: environment, file, admin, in this order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.providers.configured import all_configured, choose, is_configured, keys
from apps.providers.models import Provider
from apps.providers.reading import BadModels
from apps.providers.services import put_provider

pytestmark = pytest.mark.django_db

FILE = """\
providers:
  best: {model: anthropic/claude-sonnet-4-5, api_key: key-of-best, price: {input: 3, output: 15}}
  local: {model: ollama/qwen3, api_base: "http://localhost:11434"}
  own: {model: openai/our-model, api_base: "https://models.example/v1", api_key_env: OUR_KEY, max_output_tokens: 100}
roles:
  default: [best, local]
  coding: [own, best]
"""
Write = Callable[[str], None]


@pytest.fixture
def write(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """write(text): the file of models."""
    settings.MODELS_FILE = tmp_path / "models.yaml"
    monkeypatch.setenv("OUR_KEY", "key-of-own")
    return lambda text: settings.MODELS_FILE.write_text(text) and None


def models(role: str) -> list[str]:
    return [one.model for one in choose(role)]


def test_without_any_configuration_there_is_no_model(write: Write) -> None:
    assert choose("coding") == []
    assert not is_configured()


def test_three_variables_are_enough(settings: Any) -> None:
    settings.MODELS = {"": ["openai/gpt-5"]}
    settings.MODEL_API_KEY, settings.MODEL_API_BASE = "sk-1", "https://proxy.example/v1"
    [one] = choose("manager")
    assert (one.model, one.api_key, one.api_base) == ("openai/gpt-5", "sk-1", "https://proxy.example/v1")


def test_a_role_may_have_models_of_its_own_and_the_key_goes_to_its_own_provider_only(settings: Any) -> None:
    settings.MODELS = {"": ["openai/gpt-5"], "coding": ["anthropic/claude-sonnet-4-5", "openai/gpt-5-mini"]}
    settings.MODEL_API_KEY = "sk-1"
    assert models("manager") == ["openai/gpt-5"]
    assert [(one.model, one.api_key) for one in choose("coding")] == [
        ("anthropic/claude-sonnet-4-5", ""),
        ("openai/gpt-5-mini", "sk-1"),
    ]


def test_a_key_that_is_set_for_the_providers_own_programs_counts(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    settings.MODELS = {"": ["anthropic/claude-sonnet-4-5"]}
    assert choose("coding")[0].api_key == "sk-ant"


def test_the_file_names_models_and_who_asks_them(write: Write) -> None:
    write(FILE)
    assert models("testing") == ["anthropic/claude-sonnet-4-5", "ollama/qwen3"]
    own, best = choose("coding")
    assert (own.api_key, own.api_base, own.max_output_tokens) == ("key-of-own", "https://models.example/v1", 100)
    assert best.price == (3, 15, None)


def test_the_environment_counts_before_the_file_and_may_use_its_names(write: Write, settings: Any) -> None:
    write(FILE)
    settings.MODELS = {"": [], "coding": ["local", "openai/gpt-5"]}
    assert models("coding") == ["ollama/qwen3", "openai/gpt-5"]
    assert models("manager") == ["anthropic/claude-sonnet-4-5", "ollama/qwen3"]


def test_admin_counts_where_nothing_else_is_said(write: Write) -> None:
    put_provider(Provider(name="second", model="ollama/qwen3", position=2))
    put_provider(Provider(name="first", model="openai/gpt-5"), "key-of-first")
    put_provider(Provider(name="coder", model="openai/gpt-5-codex", roles="coding, testing"))
    assert models("manager") == ["openai/gpt-5", "ollama/qwen3"]
    assert models("coding") == ["openai/gpt-5-codex"]
    assert choose("manager")[0].api_key == "key-of-first"


def test_the_file_is_read_again_when_it_changes(write: Write) -> None:
    write(FILE)
    assert models("testing")[0] == "anthropic/claude-sonnet-4-5"
    write(FILE.replace("[best, local]", "[local]"))
    assert models("testing") == ["ollama/qwen3"]


def test_every_key_is_masked(write: Write, settings: Any) -> None:
    write(FILE)
    settings.MODEL_API_KEY = "key-of-environment"
    put_provider(Provider(name="first", model="openai/gpt-5"), "key-of-admin")
    assert {"key-of-best", "key-of-own", "key-of-environment", "key-of-admin"} <= set(keys())


def test_a_key_is_sealed_and_an_address_is_shown_without_what_it_may_hold(write: Write) -> None:
    put_provider(
        Provider(name="first", model="openai/m", api_base="https://me:pw@host.example:8443/v1?key=s"), "sk-first"
    )
    row = Provider.objects.get()
    assert b"sk-first" not in bytes(row.sealed_key)
    assert all_configured()[0].shown_base == "https://host.example:8443"
    assert "sk-first" not in repr(choose("coding"))


def test_every_model_is_listed_with_the_roles_that_ask_it(write: Write) -> None:
    write(FILE)
    assert {one.name: one.roles for one in all_configured()} == {
        "best": ("manager", "coding", "testing"),
        "local": ("manager", "testing"),
        "own": ("coding",),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: [", "line 1"),
        ("providers: {a: {model: no-slash}}", "providers.a.model"),
        ("providers: {a: {model: x/y, api_keys: oops}}", "providers.a.api_keys"),
        ("roles: {default: [gone]}", "'gone' is not among the providers"),
        ("providers: {a: {model: x/y}}\nroles: {cooking: [a]}", "no role 'cooking'"),
        ("providers: {a: {model: x/y, api_base: 'file:///etc'}}", "api_base"),
        ("- 1", "models.yaml"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(write: Write, text: str, said: str) -> None:
    write(text)
    with pytest.raises(BadModels, match=said):
        choose("coding")


def test_what_is_wrong_with_a_file_is_told_without_its_keys(write: Write) -> None:
    write("providers: {a: {model: x, api_key: sk-very-secret}}")
    with pytest.raises(BadModels) as caught:
        choose("coding")
    assert "secret" not in str(caught.value)
