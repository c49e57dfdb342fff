"""Who wants to know that a run has ended: called once its end is committed, in the process that ended it.

    ENDED["ci"] = tell    # from the ready() of an app

Nothing waits for them: one that fails is logged, and the run has ended all the same. A process that dies between the
commit and the call calls nobody; whoever must not miss an end looks at the runs, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db import transaction

from apps.runs.models import Run

ENDED: dict[str, Callable[[int], None]] = {}  # by workflow; it is given the run's number


def tell_ended(run: Run) -> None:
    if call := ENDED.get(run.workflow):
        transaction.on_commit(partial(call, run.pk), robust=True)
