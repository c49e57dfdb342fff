"""Which models are asked, and what a run may spend on them."""

from __future__ import annotations

from pathlib import Path

from hive import env
from hive.settings.base import HOME

# By role; "" is what counts for a role that has none of its own. The first of a list is asked, the others if it fails.
MODELS: dict[str, list[str]] = {
    "": env.get("HIVE_MODEL"),
    "manager": env.get("HIVE_MODEL_MANAGER"),
    "coding": env.get("HIVE_MODEL_CODING"),
    "testing": env.get("HIVE_MODEL_TESTING"),
}
MODEL_API_KEY: str = env.get("HIVE_MODEL_API_KEY")
MODEL_API_BASE: str = env.get("HIVE_MODEL_API_BASE")
MODELS_FILE: Path = env.path(env.get("HIVE_MODELS")) if env.get("HIVE_MODELS") else HOME.models
MODELS_FILE_NAMED = bool(env.get("HIVE_MODELS"))

OPENCODE: str = env.get("HIVE_OPENCODE")

# Millionths of a US dollar, counts, seconds; None: any amount.
RUN_BUDGET: dict[str, int | None] = {
    "max_micros": env.get("HIVE_BUDGET_USD"),
    "max_calls": env.get("HIVE_BUDGET_CALLS"),
    "max_tokens": env.get("HIVE_BUDGET_TOKENS"),
    "max_steps": env.get("HIVE_BUDGET_STEPS"),
    "max_seconds": env.get("HIVE_BUDGET_S"),
}
PROJECT_BUDGET: dict[str, int | None] = {
    "max_micros": env.get("HIVE_BUDGET_PROJECT_DAY_USD"),
    "max_tokens": env.get("HIVE_BUDGET_PROJECT_DAY_TOKENS"),
}
USER_BUDGET: dict[str, int | None] = {
    "max_micros": env.get("HIVE_BUDGET_USER_DAY_USD"),
    "max_tokens": env.get("HIVE_BUDGET_USER_DAY_TOKENS"),
}
