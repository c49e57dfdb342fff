"""What a model costs and how much it can write: as configured, else as litellm's table has it."""

from __future__ import annotations

from typing import Any

from workers.llm.apart.failed import Failed
from workers.llm.apart.line import line
from workers.llm.endpoint import FREE, KEYLESS, Endpoint, Price
from workers.llm.port import ModelError

MILLION = 1_000_000


def price_of(endpoint: Endpoint) -> Price | None:
    """As configured; else as litellm's table has it; None where neither knows."""
    if endpoint.price is not None:
        return endpoint.price
    if endpoint.provider in KEYLESS:
        return FREE
    known = _entry(endpoint.model)
    if known.input_cost_per_token is None or known.output_cost_per_token is None:
        return None
    cached = known.cache_read_input_token_cost
    return Price(
        known.input_cost_per_token * MILLION,
        known.output_cost_per_token * MILLION,
        None if cached is None else cached * MILLION,
    )


def max_output(endpoint: Endpoint) -> int:
    """The endpoint's limit, or the model's own where that is smaller."""
    most = _entry(endpoint.model).max_output_tokens
    return min(endpoint.max_output_tokens, most) if isinstance(most, int) and most > 0 else endpoint.max_output_tokens


def _entry(model: str) -> Any:
    try:
        return line().entry(model)
    except Failed as failed:
        raise ModelError(str(failed)) from failed
