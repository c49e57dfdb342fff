"""A model of delivery: messages that get lost, come twice or late, workers that die or come back from the dead.

Only the transport and the workers are modelled here; every step goes through the real services and real rows. The
transport does what Celery's does: it hands a chain on after each step that may go on, and counts the chains of a wave.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from apps.events.models import Event
from apps.runs.models import Gate, Job, Queue, Run, Sweep, Task
from apps.runs.outcome import Outcome, done
from apps.runs.plan.graph import Node
from apps.runs.plan.workflows import ACCEPT, CODE, MERGE, PLAN, TEST
from apps.runs.services import dispatch
from apps.runs.services import sweep as sweeping
from apps.runs.services.active import ActiveJob
from apps.runs.services.advance import decide_and_prepare
from apps.runs.services.approve import approve_gate
from apps.runs.services.claim import claim, may_go_on
from apps.runs.services.finish import finish
from apps.runs.services.heartbeat import renew
from apps.runs.services.output import LeaseLost
from apps.runs.services.pause import RESUME, publish_waiting, resume_queue
from apps.runs.services.publish import Message, Messages
from apps.runs.states import GateStatus, JobStatus

LONG_AGO = timedelta(hours=1)
EVIDENCE = {
    PLAN: {"base_commit": "b" * 40},
    CODE: {"commit": "c" * 40, "outputs": ["src"]},
    TEST: {"tests": [{"command": "true", "exit_code": 0}]},
    MERGE: {"commit": "d" * 40},
    ACCEPT: {"checks": []},
}


class Join:
    """The counter behind a wave of several chains."""

    def __init__(self, count: int, after: Messages) -> None:
        self.count = count
        self.after = after


@dataclass(frozen=True)
class Letter:
    """A message on its way, and what its canvas does after it."""

    message: Message
    rest: tuple[Message, ...] = ()
    join: Join | None = None
    after: Messages = ()


@dataclass(frozen=True)
class Look:
    """An advance(run) on its way."""


@dataclass(frozen=True)
class Resumed:
    """A manager.resume on its way."""

    queue_id: int


class Hive:
    """One run, the messages under way, and the workers that hold a job."""

    def __init__(self, run: Run) -> None:
        self.run_id = run.pk
        self.letters: list[Letter | Look | Resumed] = []
        self.working: list[tuple[ActiveJob, Letter]] = []
        self.zombies: list[tuple[ActiveJob, Letter]] = []
        self.effects: list[tuple[str, int]] = []

    def sent(self, step: str, *ids: int, priority: int = 0) -> None:
        """Stands in for dispatch.send."""
        if step == RESUME:
            self.letters.append(Resumed(*ids))
        else:
            self.letters.append(Look() if step == dispatch.ADVANCE else Letter(Message(step, *ids)))

    def deliver(self, letter: Letter | Look | Resumed) -> None:
        if isinstance(letter, Look):
            self.look()
            return
        if isinstance(letter, Resumed):
            publish_waiting(letter.queue_id)
            return
        row = claim(letter.message.job_id, letter.message.epoch, "worker")
        if row is not None:
            self._check_order(row)
            assert not Queue.objects.filter(role=row.role).exclude(paused_at=None), f"{row} began in a paused queue"
            self.working.append((ActiveJob(row), letter))
        elif may_go_on(letter.message.job_id, letter.message.epoch):
            self.hand_on(letter)

    def look(self) -> None:
        waves = decide_and_prepare(self.run_id)
        if waves:
            self._send_wave(waves)

    def end(self, active: ActiveJob, letter: Letter, outcome: Outcome | None = None, *, hand_on: bool = True) -> None:
        """The worker records how its job ended; it may die right after."""
        outcome = outcome or done(**EVIDENCE.get(active.row.step, {}))
        try:
            go_on = finish(active, outcome, letter.message.epoch)
        except LeaseLost:
            return
        if outcome.status == JobStatus.COMPLETED:
            key = Node(active.row.step, active.row.task.key if active.row.task else "").key
            self.effects.append((key, active.row.round))
        if go_on and hand_on:
            self.hand_on(letter)

    def hand_on(self, letter: Letter) -> None:
        if letter.rest:
            self.letters.append(replace(letter, message=letter.rest[0], rest=letter.rest[1:]))
        elif letter.join is not None:
            letter.join.count -= 1
            if letter.join.count == 0:
                self._send_wave(letter.join.after)
        else:
            self._send_wave(letter.after)

    def _send_wave(self, waves: Messages) -> None:
        if not waves:
            self.letters.append(Look())
            return
        chains, after = waves[0], waves[1:]
        join = Join(len(chains), after) if len(chains) > 1 else None
        self.letters += [Letter(chain[0], chain[1:], join, after) for chain in chains]

    def beat(self, active: ActiveJob) -> bool:
        return renew(active.row.pk, active.row.lease_token)

    def expire(self) -> None:
        Job.objects.filter(run_id=self.run_id, status=JobStatus.RUNNING).update(
            lease_expires_at=timezone.now() - LONG_AGO
        )

    def sweep(self) -> None:
        """Some time later: the sweep looks, and nothing was published or ended just now."""
        now = timezone.now()
        Run.objects.filter(pk=self.run_id).update(published_at=now - LONG_AGO, created_at=now - LONG_AGO)
        Job.objects.filter(run_id=self.run_id, finished_at__isnull=False).update(finished_at=now - LONG_AGO)
        Queue.objects.exclude(resumed_at=None).update(resumed_at=now - LONG_AGO / 2)
        Sweep.objects.filter(pk=1).update(at=now - timedelta(seconds=10))
        for _ in sweeping.sweep():
            self.look()

    def _check_order(self, row: Job) -> None:
        unfinished = Job.objects.filter(pk__in=row.needs).exclude(status=JobStatus.COMPLETED)
        assert not unfinished.exists(), f"{row} began before {list(unfinished)}"
        rivals = Job.objects.filter(
            run_id=row.run_id, step=row.step, task=row.task_id, round=row.round, status=JobStatus.RUNNING
        ).exclude(pk=row.pk)
        assert not rivals.exists(), f"{row} is done by two at once"

    def check_effects(self) -> None:
        assert len(self.effects) == len(set(self.effects)), f"a step took effect twice: {self.effects}"

    def check_events(self) -> None:
        """The events tell exactly what the rows say, numbered without a gap."""
        events = list(Event.objects.filter(run_id=self.run_id).order_by("number"))
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        for model in (Run, Task, Job, Gate):
            told = {event.data["id"]: event.data["to"] for event in events if event.type == model.EVENT}
            real = dict(model.objects.filter(pk__in=told).values_list("pk", "status"))
            assert told == real, f"events and rows of {model.EVENT}s differ"

    def settle(self) -> Run:
        """Let time pass with nobody dying any more: the run has to end."""
        for _ in range(60):
            run = Run.objects.get(pk=self.run_id)
            if run.ended and not self.working and not self.letters:
                return run
            with committed():
                self._settle_once()
            self.resume_all()
        raise AssertionError(f"the run does not end: {run.status}, {list(run.jobs.values_list('step', 'status'))}")

    def resume_all(self) -> None:
        for role in Queue.objects.exclude(paused_at=None).values_list("role", flat=True):
            resume_queue(role, None)

    def _settle_once(self) -> None:
        for gate in Gate.objects.filter(run_id=self.run_id, status=GateStatus.PENDING):
            approve_gate(gate, None)
        letters, self.letters = self.letters, []
        for letter in letters:
            self.deliver(letter)
        working, self.working = self.working, []
        for active, letter in working:
            self.end(active, letter)
        if not letters and not working:
            self.expire()
            self.sweep()


@contextmanager
def committed() -> Iterator[None]:
    """Run what waits for the commit, although the test's own transaction never commits."""
    start = len(connection.run_on_commit)
    yield
    while len(connection.run_on_commit) > start:
        calls = connection.run_on_commit[start:]
        del connection.run_on_commit[start:]
        for _, call, _ in calls:
            call()
