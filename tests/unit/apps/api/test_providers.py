"""The models that are configured, over the API: never a key, and a look at each on request."""

from __future__ import annotations

from pathlib import Path

from django.test import override_settings

from tests.providers import KEY, scripted
from tests.unit.apps.api.conftest import Api


def test_providers_tell_of_a_key_and_not_the_key(owner: Api) -> None:
    base = "https://me:secret@host:8443/v1?key=s"
    with override_settings(MODELS={"": ["openai/gpt"]}, MODEL_API_KEY="sk-secret", MODEL_API_BASE=base):
        shown = owner.get("/providers")
    assert shown.json()["results"] == [
        {
            "name": "openai/gpt",
            "model": "openai/gpt",
            "origin": "environment",
            "roles": ["manager", "coding", "testing"],
            "has_key": True,
            "api_base": "https://host:8443",
            "check": None,
        }
    ]
    assert "secret" not in shown.content.decode()


def test_without_a_model_there_is_no_provider(owner: Api) -> None:
    assert owner.get("/providers").json()["results"] == []


def test_a_look_is_taken_on_request(owner: Api) -> None:
    with scripted([]) as provider:
        base = provider.address("openai")
        with override_settings(MODELS={"": ["openai/scripted-1"]}, MODEL_API_KEY=KEY, MODEL_API_BASE=base):
            [row] = owner.get("/providers?check=true").json()["results"]
    assert (row["check"]["ok"], row["check"]["message"]) == (True, "It answers, and has the model.")


def test_a_file_that_cannot_be_read_is_a_problem_that_says_so(owner: Api, tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("providers: [")
    with override_settings(MODELS_FILE=tmp_path / "models.yaml"):
        answer = owner.get("/providers")
    assert (answer.status_code, answer.json()["code"]) == (409, "models_unreadable")
    assert "models.yaml, line 1" in answer.json()["detail"]
