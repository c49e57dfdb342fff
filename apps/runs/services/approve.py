"""Decide a gate, answer what it asks: the run goes on, or ends as rejected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.events import clock
from apps.events.lifecycle import move
from apps.runs.models import Gate
from apps.runs.questions import checked_answers
from apps.runs.services import dispatch
from apps.runs.states import GateStatus, Reason


def approve_gate(gate: Gate, user: User | None, message: str = "", answers: Sequence[str] = ()) -> None:
    """With the answers to its questions, in their order; the job that asked goes on with them.

    Raises IllegalMove or MoveLost if the gate was decided before, AnswersRefused if they do not fit the questions.
    """
    given = checked_answers(gate.questions, answers)
    decided: dict[str, Any] = {"decided_by_id": _id(user), "decided_at": clock.now(), "answers": given}
    with transaction.atomic():
        move(gate, GateStatus.APPROVED, message=message, **decided)
        dispatch.advance(gate.run_id)


def reject_gate(gate: Gate, user: User | None, message: str = "") -> None:
    """Raises IllegalMove or MoveLost if the gate was decided before."""
    who = user.get_username() if user else "the operator"
    with transaction.atomic():
        move(
            gate,
            GateStatus.REJECTED,
            reason=Reason.REJECTED,
            message=message or f"Rejected by {who}.",
            decided_by_id=_id(user),
            decided_at=clock.now(),
        )
        dispatch.advance(gate.run_id)


def _id(user: User | None) -> int | None:
    return user.pk if user else None
