"""The cards of a plan: one per task with its steps, one per step of the whole run, one per gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.dashboard.wording import LOOKS, span, step_label
from apps.runs.models import Job
from apps.runs.plan.graph import Node
from apps.runs.plan.workflows import (
    CODE,
    CODE_ON_AGENT,
    CODE_PACK,
    MERGED_ON_AGENT,
    ON_AGENT,
    PACK,
    PACK_MERGED,
    TEST,
    VERIFY,
    WRITE_TESTS,
)
from apps.runs.queries import RunState
from apps.runs.states import RUN_ENDED, GateStatus

OF_A_TASK = (WRITE_TESTS, CODE_PACK, CODE_ON_AGENT, CODE, PACK, ON_AGENT, TEST)
OF_THE_WHOLE = (PACK_MERGED, MERGED_ON_AGENT)  # though each is of one task
# What a card's own state is, by the states of its steps: the first that any of them is in.
LOUDEST = ("failed", "rejected", "running", "pending", "canceled", "queued", "waiting", "skipped")


@dataclass(frozen=True)
class Step:
    """One step on a card. `job` is the newest attempt, where there is one."""

    label: str
    status: str
    job: int | None = None
    took: str = ""
    round: int = 1

    @property
    def tone(self) -> str:
        return LOOKS.get(self.status, ("", "muted"))[1]

    @property
    def icon(self) -> str:
        return LOOKS.get(self.status, ("circle-dashed", "muted"))[0]

    @property
    def spoken(self) -> str:
        took = f", {self.took}" if self.took else ""
        again = f", round {self.round}" if self.round > 1 else ""
        return f"{self.label}: {self.status.replace('_', ' ')}{took}{again}"


@dataclass(frozen=True)
class Card:
    key: str
    title: str
    steps: tuple[Step, ...]
    after: tuple[str, ...] = ()  # keys of cards
    kind: str = "step"  # step, task or gate

    @property
    def status(self) -> str:
        found = {step.status for step in self.steps}
        return next((status for status in LOUDEST if status in found), "completed")

    @property
    def tone(self) -> str:
        return LOOKS.get(self.status, ("", "muted"))[1]

    @property
    def spoken(self) -> str:
        return f"{self.title}. {'; '.join(step.spoken for step in self.steps)}"


def cards_of(state: RunState, titles: Mapping[str, str], now: datetime) -> list[Card]:
    """The plan as cards, in topological order. `titles` holds the tasks' titles by key."""
    belongs = {node.key: _card_key(node) for node in state.snapshot.nodes}
    steps: dict[str, list[Step]] = {}
    after: dict[str, dict[str, None]] = {}
    firsts: dict[str, Node] = {}
    for node in state.snapshot.nodes:
        key = belongs[node.key]
        firsts.setdefault(key, node)
        steps.setdefault(key, []).append(_step(node, state, now))
        before = after.setdefault(key, {})
        before.update(dict.fromkeys(belongs[needed] for needed in node.after if belongs[needed] != key))
    return [
        Card(key, _title(node, titles), tuple(steps[key]), tuple(after[key]), _kind(node))
        for key, node in firsts.items()
    ]


def _card_key(node: Node) -> str:
    if node.step in OF_THE_WHOLE:
        return VERIFY
    return f"task:{node.task}" if node.step in OF_A_TASK else node.key


def _kind(node: Node) -> str:
    return "gate" if node.is_gate else "step" if node.step in OF_THE_WHOLE or not node.task else "task"


def _title(node: Node, titles: Mapping[str, str]) -> str:
    if node.step in OF_THE_WHOLE:
        return step_label(VERIFY)
    return titles.get(node.task) or node.task or step_label(node.step)


def _step(node: Node, state: RunState, now: datetime) -> Step:
    label = step_label(node.step)
    if node.is_gate:
        decided = state.snapshot.gates.get(node.gate)
        return Step(label, decided[0] if decided else _not_begun(state))
    job = state.newest.get(node.key)
    if job is None:
        return Step(label, _not_begun(state))
    seen = state.snapshot.jobs.get(node.key)
    asks = seen is not None and seen.gate == GateStatus.PENDING  # it has ended, and its work has not
    return Step(label, GateStatus.PENDING if asks else job.status, job.pk, _took(job, now), job.round)


def _not_begun(state: RunState) -> str:
    return "skipped" if state.snapshot.status in RUN_ENDED else "waiting"


def _took(job: Job, now: datetime) -> str:
    return span(((job.finished_at or now) - job.started_at).total_seconds()) if job.started_at else ""
