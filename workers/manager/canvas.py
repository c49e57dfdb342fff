"""Compose the canvas of a run: the only module that knows chain and group.

One flat canvas: waves of chains in a row, each wave with several chains a group that its successor waits for (Celery
makes a chord of it), and at the end a look at the run. A message carries ids only. Nothing depends on a canvas
arriving: every step claims its job from the database, and the sweep publishes what got lost.
"""

from __future__ import annotations

from celery import chain, group
from celery.canvas import Signature

from apps.runs.models import Priority
from apps.runs.services.dispatch import ADVANCE, RETRY
from apps.runs.services.publish import Message, Messages

JOIN = "manager.join"


def compose(run_id: int, waves: Messages, priority: int) -> Signature:
    """The canvas for these messages, ready to be published."""
    steps: list[Signature] = []
    for wave in waves:
        if len(wave) == 1:
            steps += [_step(message, priority) for message in wave[0]]
            continue
        if steps and isinstance(steps[-1], group):
            steps.append(_plain(JOIN, priority))
        steps.append(group([_branch(messages, priority) for messages in wave]))
    steps.append(_plain(ADVANCE, Priority.HIGH, run_id))
    return chain(*steps)


def publish(run_id: int, waves: Messages, priority: int) -> None:
    compose(run_id, waves, priority).apply_async(retry_policy=RETRY)


def _branch(messages: tuple[Message, ...], priority: int) -> Signature:
    """One chain of a group. Its last step keeps a result: the chord counts by it."""
    steps = [_step(message, priority) for message in messages]
    steps[-1].options["ignore_result"] = False
    return chain(*steps) if len(steps) > 1 else steps[0]


def _step(message: Message, priority: int) -> Signature:
    return _plain(message.step, priority, message.job_id, message.epoch)


def _plain(step: str, priority: int, *ids: int) -> Signature:
    return Signature(step, args=ids, immutable=True, options={"priority": priority})
