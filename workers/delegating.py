"""A job's colleague: a child run that does a part of the work, and whose files are brought to the job's desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, cast

from apps.runs.services.active import ActiveJob
from apps.runs.services.delegate import DelegationRefused, Part, delegate
from apps.runs.services.outage import outlast
from workers.llm.tools.delegate import Delegated
from workers.llm.tools.desk import Desk
from workers.llm.tools.port import ToolFailed
from workers.repo.repository import Repository
from workers.sandbox.port import WORKSPACE

MOST_FILES = 1_000


class JobColleague:
    """See tools.delegate.Colleague. `snapshot` keeps the files as they are now and names their commit; `call` tells
    one call of the tool from another, and is the same when an attempt that was put aside comes to it again.
    """

    def __init__(
        self,
        job: ActiveJob,
        desk: Desk,
        repository: Repository,
        snapshot: Callable[[], str],
        call: Callable[[], int],
    ) -> None:
        self._job, self._desk, self._repository = job, desk, repository
        self._snapshot, self._call = snapshot, call

    def __call__(self, title: str, task: str) -> Delegated:
        base = self._snapshot()
        part = Part(title, task, base)
        try:
            result = outlast(lambda: delegate(self._job, self._call(), part), "delegate")
        except DelegationRefused as error:
            raise ToolFailed(str(error)) from None
        changed = self._bring(base, result.commit) if result.ok and result.commit else []
        return Delegated(result.run_id, result.ok, result.said, changed)

    def _bring(self, base: str, commit: str) -> list[str]:
        """Nobody worked here while the colleague did: its files are this desk's, changed. Done twice, the same."""
        changes = self._repository.changes(base, commit)
        if len(changes) > MOST_FILES:
            raise ToolFailed(f"It changed {len(changes):,} files, more than the {MOST_FILES:,} that can be taken over.")
        for kind, path in changes:
            if why := self._desk.locked(f"{WORKSPACE}/{path}"):
                raise ToolFailed(f"It changed {path}, which may not be changed: {why}")
            if kind != "A":
                self._desk.remove(f"{WORKSPACE}/{path}")
        with self._repository.archive(commit) as tar:
            self._desk.sandbox.unpack(cast(BinaryIO, tar))
        return [path for _, path in changes]
