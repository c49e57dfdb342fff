"""Stop a run: its jobs are asked to end, and the run ends when the last of them has."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.events import wake
from apps.runs.models import Run
from apps.runs.services import dispatch
from apps.runs.states import RUN_ENDED, Reason


def stop_run(run_id: int, reason: Reason, message: str) -> bool:
    """Ask the run to stop. False if it has ended, or somebody asked before: the first reason stands.

    Workers see it within a second at their next look at the lease; nothing new is claimed from now on.
    """
    with transaction.atomic():
        asked = (
            Run.objects.filter(pk=run_id, stop_reason="")
            .exclude(status__in=RUN_ENDED)
            .update(stop_reason=reason, stop_message=message)
        )
        if asked:
            stop_children(run_id, reason, message)
            dispatch.advance(run_id)
            transaction.on_commit(lambda: wake.run(run_id))
            transaction.on_commit(wake.stops)
    return bool(asked)


def stop_children(run_id: int, reason: Reason, message: str) -> None:
    """What a run has delegated ends with it, and what that has delegated. Call in the transaction that ends the run."""
    delegated = Run.objects.filter(parent_id=run_id, cause=Run.Cause.DELEGATED).exclude(status__in=RUN_ENDED)
    for child_id in delegated.values_list("pk", flat=True):
        stop_run(child_id, reason, message)


def cancel_run(run: Run, user: User | None) -> bool:
    """A person cancels. False if the run was ending already."""
    who = user.get_username() if user else "the operator"
    return stop_run(run.pk, Reason.CANCELED_BY_USER, f"Canceled by {who}.")
