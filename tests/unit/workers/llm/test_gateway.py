"""The gateway: OpenAI's interface on loopback, for whoever has this job's key, until the job ends."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests import busy
from tests.contract.models.conftest import QUICK, endpoint_of
from tests.providers import Cut, Refuse, Stall, calls, overloaded, says, scripted
from workers.llm import fake
from workers.llm.budget import BudgetExhausted, FakeBudget
from workers.llm.calling import CalledModel
from workers.llm.fake import FakeModel, Hang, Script
from workers.llm.gateway import Gateway
from workers.llm.port import Finish, ModelError, Reply, ToolCall

HELLO = {"model": "hive", "messages": [{"role": "user", "content": "Hello"}]}
TOOLS = [{"type": "function", "function": {"name": "shell", "description": "Run.", "parameters": {"type": "object"}}}]


@contextmanager
def serving(script: Script, **more: Any) -> Iterator[tuple[Gateway, FakeModel, httpx.Client]]:
    model = FakeModel(script, heartbeat_s=0.1)
    with Gateway(lambda: model, **more) as gateway, client_of(gateway) as client:
        yield gateway, model, client


def client_of(gateway: Gateway, key: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {key or gateway.key}"}
    return httpx.Client(base_url=gateway.address, headers=headers, trust_env=False, timeout=90)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def test_it_answers_as_a_whole() -> None:
    with serving([fake.says("Good day.")]) as (_, model, client):
        said = client.post("/chat/completions", json=HELLO).json()
    assert said["choices"][0]["message"]["content"] == "Good day."
    assert said["usage"] == {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    assert model.asked[0].messages[0].text == "Hello"


def test_it_answers_as_a_stream() -> None:
    text = "A sentence. " * 400
    with serving([fake.says(text)]) as (_, _, client):
        answer = client.post("/chat/completions", json={**HELLO, "stream": True})
    seen = events(answer.text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in seen if one["choices"]) == text
    assert seen[-1]["usage"]["total_tokens"] == 120
    assert answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_goes_through_and_its_answer_comes_back(stream: bool) -> None:
    call = ToolCall("call-7", "shell", {"command": "ls"}, '{"command": "ls"}')
    with serving([Reply("", (call,), Finish.TOOL_CALLS), fake.says("Done.")]) as (_, model, client):
        first = client.post("/chat/completions", json={**HELLO, "tools": TOOLS, "stream": stream})
        body = events(first.text)[1]["choices"][0]["delta"] if stream else first.json()["choices"][0]["message"]
        assert body["tool_calls"][0]["function"] == {"name": "shell", "arguments": '{"command": "ls"}'}
        turns = [
            {"role": "assistant", "content": None, "tool_calls": body["tool_calls"]},
            {"role": "tool", "tool_call_id": "call-7", "content": [{"type": "text", "text": "README.md"}]},
        ]
        client.post("/chat/completions", json={**HELLO, "messages": [*HELLO["messages"], *turns]})
    assert model.asked[0].tools[0].name == "shell"
    assert model.asked[1].messages[1].tool_calls[0].arguments == {"command": "ls"}
    assert (model.asked[1].messages[2].text, model.asked[1].messages[2].call_id) == ("README.md", "call-7")


def test_without_the_jobs_key_there_is_no_answer() -> None:
    with serving([fake.says("Never.")]) as (gateway, model, client):
        for key in ("wrong", "ä"):
            refused = httpx.post(
                f"{gateway.address}/chat/completions", json=HELLO, headers={b"Authorization": f"Bearer {key}".encode()}
            )
            assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
        assert httpx.get(f"{gateway.address}/models").status_code == 401
        assert client.get("/models").json()["data"][0]["id"] == "hive"
    assert model.asked == []


def test_it_listens_on_loopback_only_and_dies_with_the_job() -> None:
    with serving([]) as (gateway, _, client):
        assert gateway.address.startswith("http://127.0.0.1:")
        assert client.get("/models").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{gateway.address}/models")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_under_way_ends_with_the_job_within_a_second(stream: bool) -> None:
    with serving([Hang()]) as (gateway, _, client):
        began = time.monotonic()
        threading.Timer(0.3, gateway.close, ["Canceled by owner."]).start()
        answer = client.post("/chat/completions", json={**HELLO, "stream": stream})
        assert time.monotonic() - began < 0.3 + busy.allowed(1)
    assert "Canceled by owner" in answer.text
    assert "[DONE]" not in answer.text


def test_a_stream_is_kept_alive_while_the_model_thinks() -> None:
    with serving([Hang()]) as (gateway, _, client):
        threading.Timer(0.5, gateway.close, ["Enough."]).start()
        assert client.post("/chat/completions", json={**HELLO, "stream": True}).text.startswith(": waiting\n\n")


def test_text_is_sent_as_it_is_written() -> None:
    """The first words are there while the provider still holds back the last ones."""
    words, later = "The first words of an answer that", " goes on."
    with scripted([Stall(says(words + later), for_s=600)]) as provider:
        endpoint = endpoint_of("openai", provider)
        with (
            Gateway(lambda: CalledModel([endpoint], FakeBudget(), patience=QUICK)) as gateway,
            client_of(gateway) as client,
            client.stream("POST", "/chat/completions", json={**HELLO, "stream": True}) as answer,
        ):
            first = next(line for line in answer.iter_lines() if line.startswith("data: {"))
    assert json.loads(first[6:])["choices"][0]["delta"]["content"].startswith("The first words")


def test_it_answers_on_a_socket_that_it_was_given() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with serving([fake.says("Good day.")], listener=listener) as (gateway, _, client):
        assert gateway.address == f"http://127.0.0.1:{port}/v1"
        assert client.post("/chat/completions", json=HELLO).status_code == 200
    assert listener.fileno() == -1


def test_whoever_runs_the_client_hears_why_it_got_no_answer() -> None:
    heard: list[Exception] = []
    with serving([ModelError("No such model.", permanent=True)], on_failure=heard.append) as (gateway, _, client):
        assert client.post("/chat/completions", json=HELLO).status_code == 400
        assert not gateway.busy
    assert [str(error) for error in heard] == ["No such model."]


def test_a_budget_that_is_used_up_is_no_reason_to_ask_again() -> None:
    def refuse() -> None:
        raise BudgetExhausted("The run's budget is used up.", "steps")

    with serving([fake.says("Never.")], before=refuse) as (_, model, client):
        refused = client.post("/chat/completions", json={**HELLO, "stream": True})
    assert (refused.status_code, refused.json()["error"]["code"]) == (402, "budget_exhausted")
    assert model.asked == []


def test_what_is_secret_is_masked_before_a_provider_sees_it() -> None:
    sent = [
        {"role": "user", "content": "It is hunter2."},
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "function": {"name": "x", "arguments": '{"a": "hunter2"}'}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "hunter2"},
    ]
    with serving([fake.says("Yes.")], mask=lambda text: text.replace("hunter2", "[masked]")) as (_, model, client):
        client.post("/chat/completions", json={"model": "hive", "messages": sent})
    assert "hunter2" not in repr(model.asked)
    assert repr(model.asked).count("[masked]") >= 3


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"messages": 3}', b'{"messages": [{"role": "king"}]}', b"[" * 100_000]
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with serving([fake.says("Never.")]) as (_, _, client):
        refused = client.post("/chat/completions", content=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request_error")


def test_it_carries_retries_fallback_and_budget() -> None:
    """Client, gateway, two real providers: one that breaks off and is gone, one that answers."""
    budget = FakeBudget()
    with scripted([Cut(), Refuse(404)]) as gone, scripted([overloaded(0), calls("shell", command="id")]) as other:
        endpoints = [endpoint_of("openai", gone), endpoint_of("anthropic", other)]
        with Gateway(lambda: CalledModel(endpoints, budget, patience=QUICK)) as gateway, client_of(gateway) as client:
            answer = client.post("/chat/completions", json={**HELLO, "tools": TOOLS, "stream": True})
    assert answer.text.count('"name": "shell"') == 1
    assert answer.text.count("This is how it begins") == 1
    assert "It begins anew" in answer.text
    assert len(budget.settled) == 2  # what broke off was paid as far as it came
    assert len(budget.asked) == 4


def test_many_ask_at_once() -> None:
    with scripted(lambda seen: says(f"You said {seen.last}.")) as provider:
        endpoint = endpoint_of("openai", provider)
        answers: dict[int, str] = {}
        with Gateway(lambda: CalledModel([endpoint], FakeBudget(), patience=QUICK)) as gateway:

            def ask(number: int) -> None:
                asked = {"messages": [{"role": "user", "content": str(number)}]}
                with client_of(gateway) as client:
                    said = client.post("/chat/completions", json=asked).json()
                answers[number] = said["choices"][0]["message"]["content"]

            threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
    assert answers == {number: f"You said {number}." for number in range(8)}
