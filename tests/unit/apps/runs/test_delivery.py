"""Whatever is lost, doubled or late, and whoever dies: every run ends right, and no step takes effect twice.

And each guard is needed: the machine finds a fault when one of them is taken out.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from apps.events.lifecycle import Guard, IllegalMove, MoveLost
from apps.projects.models import Project
from apps.runs.models import Job
from apps.runs.outcome import failed
from apps.runs.plan.workflows import ROLES
from apps.runs.services import claim as claiming
from apps.runs.services import dispatch, finish, start, stop
from apps.runs.services import sweep as sweeping
from apps.runs.services.pause import pause_queue, resume_queue
from apps.runs.states import JOB_ENDED, Reason, RunStatus
from apps.specs.models import Spec, SpecVersion
from tests.conftest import People
from tests.unit.apps.runs.delivery import Hive, committed

TASKS = [{"id": key, "title": key, "depends_on": needs} for key, needs in {"a": [], "b": [], "c": ["a", "b"]}.items()]
PICK = st.integers(0, 9)
WRONG = ["lost message", "dies handing on", "dies", "cut off", "time passes", "look"]


class Delivery(RuleBasedStateMachine):
    """Rules are what can happen; picks are taken modulo what there is."""

    project: Project
    version: SpecVersion
    send: Callable[..., None]

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.gave_up = False
        self.hive: Hive | None = None
        waiting: list[tuple[str, tuple[int, ...]]] = []
        Delivery.send = lambda step, *ids, priority=0: (
            self.hive.sent(step, *ids) if self.hive else waiting.append((step, ids))
        )
        with committed():
            run = start.start_run(self.project, self.version, None)
        self.hive = Hive(run)
        for step, ids in waiting:
            self.hive.sent(step, *ids)

    @rule(pick=PICK, comes_again=st.booleans())
    def a_message_arrives(self, pick: int, comes_again: bool) -> None:
        if self.hive.letters:
            letter = self.hive.letters[pick % len(self.hive.letters)]
            if not comes_again:
                self.hive.letters.remove(letter)
            with committed():
                self.hive.deliver(letter)

    @rule(pick=PICK)
    def a_job_is_done(self, pick: int) -> None:
        self._end(self.hive.working, pick)

    @rule(pick=PICK)
    def a_worker_comes_back_or_beats(self, pick: int) -> None:
        self._end(self.hive.zombies, pick)
        if self.hive.working:
            self.hive.beat(self.hive.working[pick % len(self.hive.working)][0])

    @rule(
        pick=PICK, what=st.sampled_from(["lost message", "dies handing on", "dies", "cut off", "time passes", "look"])
    )
    def something_goes_wrong(self, pick: int, what: str) -> None:
        """A worker that is cut off is silent past its lease but works on; it will come back and report."""
        hive = self.hive
        if what == "lost message" and hive.letters:
            del hive.letters[pick % len(hive.letters)]
        elif what == "dies handing on":
            self._end(hive.working, pick, hand_on=False)
        elif what == "dies" and hive.working:
            hive.working.pop(pick % len(hive.working))
        elif what == "cut off" and hive.working:
            hive.zombies.append(hive.working.pop(pick % len(hive.working)))
        elif what == "time passes":
            with committed():
                hive.expire()
                hive.sweep()
        elif what == "look":
            with committed():
                hive.look()

    @precondition(lambda self: not self.gave_up)
    @rule(pick=PICK, what=st.sampled_from([*[None] * 12, "fail", "cancel"]))
    def somebody_gives_up(self, pick: int, what: str | None) -> None:
        if what == "cancel":
            self.gave_up = True
            with committed():
                stop.stop_run(self.hive.run_id, Reason.CANCELED_BY_USER, "by the test")
        elif what == "fail" and self.hive.working:
            self.gave_up = True
            self._end(self.hive.working, pick, failed(Reason.SCRIPT_FAILED, "red"))

    def _end(self, jobs: list, pick: int, outcome: object = None, *, hand_on: bool = True) -> None:
        if jobs:
            active, letter = jobs.pop(pick % len(jobs))
            with committed():
                self.hive.end(active, letter, outcome, hand_on=hand_on)

    @invariant()
    def no_step_takes_effect_twice(self) -> None:
        if self.hive:
            self.hive.check_effects()

    def teardown(self) -> None:
        try:
            run = self.hive.settle()
            lost = run.jobs.filter(reason=Reason.LOST).exists()
            if not self.gave_up and not lost:
                assert run.status == RunStatus.COMPLETED, f"{run.status}: {run.reason} {run.message}"
            self.hive.check_events()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)


class Operated(Delivery):
    """And an operator who pauses and resumes queues meanwhile."""

    @rule(role=st.sampled_from(ROLES), pause=st.booleans())
    def an_operator_pauses_or_resumes(self, role: str, pause: bool) -> None:
        with committed():
            if pause:
                pause_queue(role, None)
            else:
                resume_queue(role, None)


@pytest.fixture
def machine(people: People, monkeypatch: pytest.MonkeyPatch) -> type[Delivery]:
    spec = Spec.objects.create(project=people.project, key="site", title="Site")
    deploy = {"target": "process"}
    data = {"title": "Site", "tasks": TASKS, "gates": ["before_deploy"], "deploy": deploy, "repair": {"rounds": 0}}
    version = SpecVersion.objects.create(spec=spec, number=1, text="", data=data, sha256="0" * 64)

    Delivery.project, Delivery.version = people.project, version
    monkeypatch.setattr(dispatch, "send", lambda step, *ids, priority=0: Delivery.send(step, *ids))
    monkeypatch.setattr(sweeping, "_queue_is_empty", lambda role: True)
    return Delivery


def explore(machine: type[Delivery], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


def test_every_run_ends_right_and_no_step_takes_effect_twice(machine: type[Delivery]) -> None:
    explore(machine, examples=30)


def test_pauses_change_nothing_of_that(machine: type[Delivery]) -> None:
    explore(Operated, examples=20)


def test_the_pause_needs_its_guard(machine: type[Delivery], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "WANTED", claiming.WANTED.replace("paused_at IS NOT NULL", "FALSE"))
    with pytest.raises(AssertionError, match="began in a paused queue"):
        explore(Operated, examples=100)


def _no_fence(patch: pytest.MonkeyPatch) -> None:
    """Whoever says that a job ended is believed, whatever became of it meanwhile."""
    real = finish.move

    def careless(row: object, to: str, **fields: object) -> None:
        if isinstance(row, Job):
            row.status = Job.objects.values_list("status", flat=True).get(pk=row.pk)
            if row.status in JOB_ENDED:
                return
        real(row, to, **{**fields, "guard": Guard("TRUE")})  # type: ignore[arg-type]

    patch.setattr(finish, "move", careless)


def _no_expiry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweeping, "reap_expired", lambda now: [])


def _no_republishing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sweeping, "_forgotten", lambda now, paused: [])


MUTANTS = [_no_fence, _no_expiry, _no_republishing]
# A row may come twice where the database refuses it; and what fails by the clock may not fail when it is played again.
FAULTS = (AssertionError, MoveLost, IllegalMove, IntegrityError, Flaky)


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__.strip("_"))
def test_each_guard_is_needed(
    machine: type[Delivery], mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    with pytest.raises(FAULTS):
        explore(machine, examples=300)
