"""litellm, imported once and told to keep to itself.

Importing it takes seconds and 140 MB, and would fetch a table of prices.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


def entry_of(model: str) -> dict[str, Any]:
    """What litellm's table knows of a model: prices per token, limits. Empty where it does not know it."""
    table = litellm().model_cost
    provider, _, name = model.partition("/")
    found = table.get(model)
    if found is None and (bare := table.get(name)) and bare.get("litellm_provider") == provider:
        found = bare
    return found or {}
