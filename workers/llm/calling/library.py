"""litellm, imported at the first call and told to keep to itself.

Importing it takes seconds and 140 MB, and would fetch a table of prices; only processes that call a model pay for it.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workers.llm.endpoint import FREE, KEYLESS, Endpoint, Price

# Read by litellm while it is imported. Each would otherwise be a request to somebody else's server.
AT_HOME = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "LITELLM_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_MODE": "PRODUCTION",  # it would read a .env file of whatever folder it is started in
}


@functools.cache
def litellm() -> Any:
    """The library. The first call imports it."""
    os.environ.update(AT_HOME)
    with _without_collecting():
        import litellm as library

    library.telemetry = False
    library.suppress_debug_info = True
    library.drop_params = True  # what a provider does not know is left out, not refused
    library.modify_params = True  # what a provider insists on (a first user turn …) is put in
    library.disable_streaming_logging = True  # it would put each answer together again, and price it, for its own log
    library.disable_token_counter = True  # it would load a tokenizer, 40 MB, to price what has not been answered yet
    library.num_retries = 0  # Hive's own: they respect the budget, the provider's wish to wait, and cancel
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return library


def begin() -> None:
    """Import it in the background: whoever is about to call a model has other things to prepare meanwhile."""
    threading.Thread(target=litellm, name="hive-litellm", daemon=True).start()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """A third of a million objects that stay: looking for garbage among them takes a quarter of the time of the import,
    and 0.25 s now and then afterwards."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def price_of(endpoint: Endpoint) -> Price | None:
    """As configured; else as litellm's table has it; None where neither knows."""
    if endpoint.price is not None:
        return endpoint.price
    if endpoint.provider in KEYLESS:
        return FREE
    known = _entry(endpoint.model)
    if known.get("input_cost_per_token") is None or known.get("output_cost_per_token") is None:
        return None
    cached = known.get("cache_read_input_token_cost")
    million = 1_000_000
    return Price(
        known["input_cost_per_token"] * million,
        known["output_cost_per_token"] * million,
        None if cached is None else cached * million,
    )


def max_output(endpoint: Endpoint) -> int:
    """The endpoint's limit, or the model's own where that is smaller."""
    most = _entry(endpoint.model).get("max_output_tokens")
    return min(endpoint.max_output_tokens, most) if isinstance(most, int) and most > 0 else endpoint.max_output_tokens


def _entry(model: str) -> dict[str, Any]:
    table = litellm().model_cost
    provider, _, name = model.partition("/")
    found = table.get(model)
    if found is None and (bare := table.get(name)) and bare.get("litellm_provider") == provider:
        found = bare
    return found or {}
