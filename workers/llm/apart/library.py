"""litellm, imported once and told to keep to itself.

Importing it takes seconds and 140 MB, and would fetch a table of prices.
"""

from __future__ import annotations

import functools
import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workers.llm.apart.late import late
from workers.llm.apart.spared import building_models_late, reading_no_tokenizer, spare_what_nobody_reads

logger = logging.getLogger(__name__)

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

# Half of the time and of the memory of the import. What a conversation or a provider does need is executed then.
LATE = (
    "openai.types",
    "litellm.anthropic_interface",
    "litellm.assistants",
    "litellm.batch_completion",
    "litellm.batches",
    "litellm.budget_manager",
    "litellm.caching",
    "litellm.chat_completions",
    "litellm.completion_extras",
    "litellm.compression",
    "litellm.containers",
    "litellm.decisions",
    "litellm.embeddings",
    "litellm.evals",
    "litellm.extraction",
    "litellm.files",
    "litellm.fine_tuning",
    "litellm.google_genai",
    "litellm.images",
    "litellm.integrations",
    "litellm.interactions",
    "litellm.llms",
    "litellm.messages",
    "litellm.models",
    "litellm.ocr",
    "litellm.passthrough",
    "litellm.proxy",
    "litellm.rag",
    "litellm.realtime_api",
    "litellm.redis",
    "litellm.repositories",
    "litellm.rerank_api",
    "litellm.responses",
    "litellm.router",
    "litellm.router_rust",
    "litellm.router_strategy",
    "litellm.rust_bridge",
    "litellm.sandbox",
    "litellm.scheduler",
    "litellm.search",
    "litellm.secret_managers",
    "litellm.skills",
    "litellm.systemone",
    "litellm.text_completions",
    "litellm.tool_loop",
    "litellm.tracing",
    "litellm.types",
    "litellm.vector_store_files",
    "litellm.vector_stores",
    "litellm.videos",
)
# openai looks into the annotations of these to tell what an answer is made of: they must be the real ones.
NOT_LATE = (
    "openai.types.chat",
    "openai.types.completion",
    "openai.types.completion_choice",
    "openai.types.completion_create_params",
    "openai.types.completion_usage",
    "openai.types.shared",
    "openai.types.shared_params",
)


@functools.cache
def litellm() -> Any:
    """The library. The first call imports it."""
    os.environ.update(AT_HOME)
    with _without_collecting():
        library = _imported()
    spare_what_nobody_reads(library)
    library.telemetry = False
    library.suppress_debug_info = True
    library.drop_params = True  # what a provider does not know is left out, not refused
    library.modify_params = True  # what a provider insists on (a first user turn …) is put in
    library.disable_streaming_logging = True  # it would put each answer together again, and price it, for its own log
    library.disable_token_counter = True  # it would load a tokenizer, 40 MB, to price what has not been answered yet
    library.num_retries = 0  # Hive's own: they respect the budget, the provider's wish to wait, and cancel
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return library


def _imported() -> Any:
    """Without what no conversation uses; wholly, where a version of litellm does not bear that."""
    try:
        with late(LATE, NOT_LATE), building_models_late(), reading_no_tokenizer():
            return importlib.import_module("litellm")
    except Exception:
        logger.warning("action=import litellm is imported wholly: it could not be without parts", exc_info=True)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("litellm", "openai")]:
            del sys.modules[name]
        return importlib.import_module("litellm")


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
