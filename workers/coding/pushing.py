"""Push what was verified to the project's origin. The worker does it: no job's sandbox ever sees the way there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.events.models import EventType
from apps.projects.models import Project
from apps.runs.outcome import JobFailed, Outcome, done
from apps.runs.plan.workflows import PUSHING
from apps.runs.services.active import ActiveJob
from apps.runs.states import Reason
from workers.origins import origin_for
from workers.places import repository_of
from workers.repo.errors import PushRejected, RemoteAway, RemoteRefused
from workers.repo.git import GitError
from workers.repo.merge import MergeConflict, merge
from workers.repo.remote import Remote
from workers.repo.repository import Repository

TRIES = 5
PART_OF_A_RUN = re.compile(r"hive/run-(\d+)/(.+)")


def push(job: ActiveJob) -> Outcome:
    """The work of coding.push: of a build, what was verified; of a push alone, the branch that it names."""
    job.emit(EventType.PHASE, name="push")
    with origin_for(job) as remote:
        pushing = _Pushing(job, remote, repository_of(job.run.project), job.run.project)
        return pushing.one_branch() if job.run.workflow == PUSHING else pushing.work()


@dataclass(frozen=True)
class _Pushing:
    job: ActiveJob
    remote: Remote
    repository: Repository
    project: Project

    def work(self) -> Outcome:
        """A branch of the run's own; and the one on which it began, if the project wants that."""
        commit = self.job.run.commit
        branch = self._own_branch(commit)
        if self.project.origin_push == Project.Push.DEFAULT:
            self._to_default(commit)
        return done(f"Pushed to {branch}", branch=branch, commit=commit)

    def one_branch(self) -> Outcome:
        """A branch that a person names. It goes forward, or it is refused: nothing is ever overwritten."""
        named = self.job.run.branch
        try:
            commit = self.repository.resolve(f"refs/heads/{named}")
        except GitError:
            raise JobFailed(Reason.ORIGIN_REFUSED, f"The project has no branch {named} any more.") from None
        branch = PART_OF_A_RUN.sub(r"hive/run-\1-\2", named)
        own, heads = self.remote.heads(branch)
        protected = {own, self.project.default_branch, self.project.origin_branch}
        if branch in protected and self.project.origin_push != Project.Push.DEFAULT:
            raise JobFailed(
                Reason.ORIGIN_REFUSED, f"{branch} is the origin's default branch, to which this project does not push."
            )
        self._send(commit, branch, heads.get(branch, ""))
        return done(f"Pushed to {branch}", branch=branch, commit=commit)

    def _own_branch(self, commit: str) -> str:
        """hive/run-N; where something else has that name (another Hive's run), with the commit's number behind it.

        What another attempt has pushed is there already: nothing is pushed twice.
        """
        names = [f"hive/run-{self.job.run.pk}", f"hive/run-{self.job.run.pk}-{commit[:8]}"]
        for name in names:
            _, heads = self.remote.heads(name)
            if name not in heads:
                try:
                    self._send(commit, name, "")
                except PushRejected as rejected:
                    if not rejected.moved:
                        raise
                    _, heads = self.remote.heads(name)  # somebody made it a moment ago
                else:
                    return name
            if self._contains(heads.get(name, ""), commit):
                self.job.print(f"{name} is at the origin already.")
                return name
            self.job.print(f"The origin has another {name}.")
        raise RemoteRefused(f"It has other branches of the names {' and '.join(names)}.")

    def _to_default(self, commit: str) -> None:
        """Merge the work with where the run's branch is now, and push that; again where somebody was quicker."""
        branch = self.job.run.from_branch or self.project.origin_branch or self.project.default_branch
        for _ in range(TRIES):
            _, heads = self.remote.heads(branch)
            old = heads.get(branch, "")
            new = self._merged(old, commit, branch) if old else commit
            try:
                self._send(new, branch, old)
            except PushRejected as rejected:
                if not rejected.moved:
                    raise
                self.job.print(f"{branch} went on meanwhile; merging again.")
            else:
                self._note_pushed(branch, new)
                return
        raise RemoteAway(f"{branch} moves faster than the work can be merged with it.")

    def _note_pushed(self, branch: str, commit: str) -> None:
        """Hive's copy of the branch goes on with it; one on which somebody has written something else stays."""
        old = self.repository.branches().get(branch, "")
        if not self.job.run.from_branch or not old or self.repository.is_ancestor(old, commit):
            self.repository.set_branch(branch, commit)

    def _merged(self, old: str, commit: str, branch: str) -> str:
        self._fetched(old)
        try:
            return merge(self.repository, old, commit, f"run {self.job.run.pk}")
        except MergeConflict as conflict:
            message = f"Not pushed to {branch}: {conflict} The work is on a branch of its own."
            raise JobFailed(Reason.MERGE_CONFLICT, message, files=conflict.files) from conflict

    def _send(self, commit: str, branch: str, old: str) -> None:
        """Forward only. Raises PushRejected."""
        if old == commit:
            return
        if old and not self._contains(commit, old):
            raise PushRejected(f"The origin's {branch} has commits that this branch does not have.", moved=False)
        self.remote.push(self.repository, commit, branch, old)
        self.job.print(f"Pushed {commit[:12]} to {branch} of {self.remote.url}.")

    def _contains(self, tip: str, commit: str) -> bool:
        """Whether the commit is part of the history of `tip`; either of them may be the origin's."""
        if tip and tip != commit:
            self._fetched(tip, commit)
        return bool(tip) and (tip == commit or self.repository.is_ancestor(commit, tip))

    def _fetched(self, *commits: str) -> None:
        if not all(self.repository.has(commit) for commit in commits):
            self.remote.fetch(self.repository)
