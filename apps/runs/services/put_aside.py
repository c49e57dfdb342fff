"""PutAside: an attempt ends so that its worker is free; the next one goes on where it ended, when it may."""

from __future__ import annotations

from apps.runs.outcome import JobFailed, Outcome
from apps.runs.states import JobStatus, Reason


class PutAside(JobFailed):
    """Let it pass through to perform(), once what was done is kept. `reason` is one of states.PUT_ASIDE."""

    def __init__(self, reason: Reason, message: str) -> None:
        Exception.__init__(self, message)
        self.outcome = Outcome(JobStatus.CANCELED, reason, message)
