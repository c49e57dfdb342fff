"""Why a loop ended that did not submit."""

from __future__ import annotations

from workers.llm.budget import BudgetExhausted
from workers.llm.loop.stuck import Stuck
from workers.llm.port import ModelError


def reason_of(error: Exception) -> str:
    """One of runs.states.Reason."""
    if isinstance(error, BudgetExhausted):
        return "budget_exhausted"
    if isinstance(error, Stuck):
        return "stuck"
    return "script_failed" if isinstance(error, ModelError) and error.permanent else "infrastructure"
