"""What a model costs: as configured, else as litellm's table has it."""

from __future__ import annotations

import pytest

from workers.llm.calling.prices import max_output, price_of
from workers.llm.endpoint import FREE, Endpoint, Price


def test_a_configured_price_counts_before_the_table() -> None:
    assert price_of(Endpoint("anthropic/claude-sonnet-4-5", price=Price(1, 2))) == Price(1, 2)


def test_a_local_model_is_free_and_an_unknown_one_has_no_price() -> None:
    assert price_of(Endpoint("ollama/qwen3")) == FREE
    assert price_of(Endpoint("openai/our-own-model", api_base="http://localhost:1/v1")) is None


def test_the_table_knows_the_prices_of_usual_models() -> None:
    price = price_of(Endpoint("anthropic/claude-sonnet-4-5"))
    assert price is not None
    assert (price.input, price.output) == (pytest.approx(3), pytest.approx(15))


@pytest.mark.parametrize(
    ("tokens", "cached", "micros"), [((1000, 100), 0, 4500), ((1000, 100), 1000, 1800), ((1, 0), 0, 3)]
)
def test_a_price_is_millionths_per_token(tokens: tuple[int, int], cached: int, micros: int) -> None:
    assert Price(3, 15, 0.3).micros(*tokens, cached) == micros


def test_the_models_own_limit_of_output_is_kept() -> None:
    assert max_output(Endpoint("openai/gpt-4", max_output_tokens=1_000_000)) < 1_000_000
    assert max_output(Endpoint("openai/unheard-of", max_output_tokens=500)) == 500
